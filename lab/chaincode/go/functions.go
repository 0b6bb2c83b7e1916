package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// A ledger is what functions need of a shim's stub; each Fabric has a shim of its own.
type ledger interface {
	PutState(key string, value []byte) error
	GetState(key string) ([]byte, error)
	// Values of the keys from one up to, not with, another.
	Values(from, to string) (map[string]string, error)
}

// A function takes its arguments and says what the client reads.
type function struct {
	arguments int
	run       func(ledger ledger, arguments []string) (string, error)
}

var functions = map[string]function{
	"put":     {2, put},
	"get":     {1, get},
	"range":   {2, getRange},
	"host":    {0, host},
	"env":     {1, env},
	"resolve": {1, resolve},
	"sleep":   {1, sleep},
	"alloc":   {1, alloc},
	"crash":   {1, crash},
	"log":     {1, logText},
}

// Memory that alloc has taken: kept, so that it is not given back.
var allocated [][]byte

func put(ledger ledger, arguments []string) (string, error) {
	return "", ledger.PutState(arguments[0], []byte(arguments[1]))
}

func get(ledger ledger, arguments []string) (string, error) {
	value, err := ledger.GetState(arguments[0])
	if err == nil && value == nil {
		err = fmt.Errorf("there is no %s", arguments[0])
	}
	return string(value), err
}

// getRange lists the keys from the first argument up to, not with, the second, as a JSON object.
func getRange(ledger ledger, arguments []string) (string, error) {
	values, err := ledger.Values(arguments[0], arguments[1])
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(values)
	return string(text), err
}

func host(ledger, []string) (string, error) {
	return os.Hostname()
}

func env(_ ledger, arguments []string) (string, error) {
	return os.Getenv(arguments[0]), nil
}

func resolve(_ ledger, arguments []string) (string, error) {
	addresses, err := net.LookupHost(arguments[0])
	return strings.Join(addresses, " "), err
}

func sleep(_ ledger, arguments []string) (string, error) {
	seconds, err := strconv.ParseFloat(arguments[0], 64)
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	return "", err
}

// alloc takes memory and touches each page of it.
func alloc(_ ledger, arguments []string) (string, error) {
	mib, err := strconv.Atoi(arguments[0])
	if err != nil {
		return "", err
	}
	block := make([]byte, mib<<20)
	for i := 0; i < len(block); i += os.Getpagesize() {
		block[i] = 1
	}
	allocated = append(allocated, block)
	return "", nil
}

func crash(_ ledger, arguments []string) (string, error) {
	code, err := strconv.Atoi(arguments[0])
	if err == nil {
		os.Exit(code)
	}
	return "", err
}

func logText(_ ledger, arguments []string) (string, error) {
	log.Print(arguments[0])
	return arguments[0], nil
}

// call runs the function of that name.
func call(ledger ledger, name string, arguments []string) (string, error) {
	function, known := functions[name]
	if !known || len(arguments) != function.arguments {
		return "", fmt.Errorf("there is no function %s of %d arguments", name, len(arguments))
	}
	return function.run(ledger, arguments)
}
