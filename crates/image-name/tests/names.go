// Prints docker.json: what github.com/distribution/reference, which Docker, containerd and the kubelet use, makes of
// the names in it. In an empty directory:
//
//	go mod init names && go get github.com/distribution/reference@v0.6.0
//	go run names.go <docker.json >new.json
package main

import (
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/json"
	"fmt"
	"os"

	"github.com/distribution/reference"
)

type row struct {
	Name       string `json:"name"`
	Docker     string `json:"docker,omitempty"`
	Containerd string `json:"containerd,omitempty"`
	Familiar   string `json:"familiar,omitempty"`
	Refused    string `json:"refused,omitempty"`
	ID         string `json:"id,omitempty"`
}

func main() {
	var rows []row
	if err := json.NewDecoder(os.Stdin).Decode(&rows); err != nil {
		panic(err)
	}
	for i, old := range rows {
		line, err := json.Marshal(answers(old.Name))
		if err != nil {
			panic(err)
		}
		begin, end := "", ","
		if i == 0 {
			begin = "[\n"
		}
		if i == len(rows)-1 {
			end = "\n]"
		}
		fmt.Printf("%s%s%s\n", begin, line, end)
	}
}

func answers(name string) row {
	row := row{Name: name}
	if any, err := reference.ParseAnyReference(name); err == nil {
		if _, isName := any.(reference.Named); !isName {
			row.ID = any.String()
		}
	}
	named, err := reference.ParseNormalizedNamed(name)
	if err != nil {
		row.Refused = err.Error()
		return row
	}
	pulled, err := reference.ParseDockerRef(name)
	if err != nil {
		panic(err)
	}
	row.Docker = reference.TagNameOnly(named).String()
	if pulled.String() != row.Docker {
		row.Containerd = pulled.String()
	}
	row.Familiar = reference.FamiliarString(pulled)
	return row
}
