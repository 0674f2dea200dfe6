package component

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/resource"
)

// objects turns a YAML stream into one Object a document.
func objects(kubeconfig string, manifests []byte) []resource.Resource {
	var rs []resource.Resource
	for i, document := range strings.Split(string(manifests), "\n---\n") {
		var object map[string]any
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			panic("component: manifest " + strconv.Itoa(i) + ": " + err.Error())
		}
		manifest, err := json.Marshal(object)
		if err != nil {
			panic("component: manifest " + strconv.Itoa(i) + ": " + err.Error())
		}
		rs = append(rs, resource.Object{Manifest: manifest, Kubeconfig: kubeconfig})
	}
	return rs
}
