// Command kv is the lab's chaincode: a key-value store, and functions that show
// where and how it runs.
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

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

// A function takes its arguments and says what the client reads.
type function struct {
	arguments int
	run       func(stub shim.ChaincodeStubInterface, arguments []string) (string, error)
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

func put(stub shim.ChaincodeStubInterface, arguments []string) (string, error) {
	return "", stub.PutState(arguments[0], []byte(arguments[1]))
}

func get(stub shim.ChaincodeStubInterface, arguments []string) (string, error) {
	value, err := stub.GetState(arguments[0])
	if err == nil && value == nil {
		err = fmt.Errorf("there is no %s", arguments[0])
	}
	return string(value), err
}

// getRange lists the keys from the first argument up to, not with, the second, as a JSON object.
func getRange(stub shim.ChaincodeStubInterface, arguments []string) (string, error) {
	found, err := stub.GetStateByRange(arguments[0], arguments[1])
	if err != nil {
		return "", err
	}
	defer found.Close()
	values := map[string]string{}
	for found.HasNext() {
		pair, err := found.Next()
		if err != nil {
			return "", err
		}
		values[pair.Key] = string(pair.Value)
	}
	text, err := json.Marshal(values)
	return string(text), err
}

func host(shim.ChaincodeStubInterface, []string) (string, error) {
	return os.Hostname()
}

func env(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
	return os.Getenv(arguments[0]), nil
}

func resolve(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
	addresses, err := net.LookupHost(arguments[0])
	return strings.Join(addresses, " "), err
}

func sleep(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
	seconds, err := strconv.ParseFloat(arguments[0], 64)
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	return "", err
}

// alloc takes memory and touches each page of it.
func alloc(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
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

func crash(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
	code, err := strconv.Atoi(arguments[0])
	if err == nil {
		os.Exit(code)
	}
	return "", err
}

func logText(_ shim.ChaincodeStubInterface, arguments []string) (string, error) {
	log.Print(arguments[0])
	return arguments[0], nil
}

type contract struct{}

func (contract) Init(shim.ChaincodeStubInterface) *peer.Response {
	return shim.Success(nil)
}

func (contract) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	name, arguments := stub.GetFunctionAndParameters()
	function, known := functions[name]
	if !known || len(arguments) != function.arguments {
		return shim.Error(fmt.Sprintf("there is no function %s of %d arguments", name, len(arguments)))
	}
	answer, err := function.run(stub, arguments)
	if err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success([]byte(answer))
}

func main() {
	if err := shim.Start(contract{}); err != nil {
		log.Fatal(err)
	}
}
