package component

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// objects turns a YAML stream into one Object a document, in its order.
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
		rs = append(rs, api.Object{Manifest: manifest, Kubeconfig: kubeconfig})
	}
	return rs
}

// awaited are the kinds of objects that are not done when the API has accepted them: they have
// pods, or a program behind them that has to answer.
var awaited = []string{"Deployment", "DaemonSet", "APIService"}

// rollouts are the readiness of the objects that have one, while so many hosts are away.
func rollouts(objects []resource.Resource, away int) []resource.Resource {
	var rs []resource.Resource
	for _, r := range objects {
		var m struct {
			APIVersion, Kind string
			Metadata         struct{ Name, Namespace string }
		}
		object, _ := r.(api.Object)
		if err := json.Unmarshal(object.Manifest, &m); err != nil {
			panic("component: manifest of " + r.ID() + ": " + err.Error())
		}
		if slices.Contains(awaited, m.Kind) {
			r := api.Rollout{
				APIVersion: m.APIVersion, Kind: m.Kind, Namespace: m.Metadata.Namespace, Name: m.Metadata.Name,
				Kubeconfig: object.Kubeconfig,
			}
			if m.Kind == "DaemonSet" {
				r.Away = away
			}
			rs = append(rs, r)
		}
	}
	return rs
}
