// Command kv is the lab's chaincode for Fabric 1.4: the same functions, with the
// shim that is inside Fabric's own module.
package main

import (
	"log"

	"github.com/hyperledger/fabric/core/chaincode/shim"
	"github.com/hyperledger/fabric/protos/peer"
)

type stub struct{ shim.ChaincodeStubInterface }

func (stub stub) Values(from, to string) (map[string]string, error) {
	found, err := stub.GetStateByRange(from, to)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	values := map[string]string{}
	for found.HasNext() {
		pair, err := found.Next()
		if err != nil {
			return nil, err
		}
		values[pair.Key] = string(pair.Value)
	}
	return values, nil
}

type contract struct{}

func (contract) Init(shim.ChaincodeStubInterface) peer.Response {
	return shim.Success(nil)
}

func (contract) Invoke(shims shim.ChaincodeStubInterface) peer.Response {
	name, arguments := shims.GetFunctionAndParameters()
	answer, err := call(stub{shims}, name, arguments)
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
