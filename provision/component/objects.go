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
var awaited = []string{"Deployment", "DaemonSet", "StatefulSet", "APIService"}

// rollouts are the waits for the objects that have to become ready.
func rollouts(objects []resource.Resource) []resource.Resource {
	return ofAwaited(objects, func(o awaitedObject) resource.Resource {
		return api.Rollout{
			APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name,
			Kubeconfig: o.kubeconfig,
		}
	})
}

// readinesses tell of the same objects, and no run waits for them.
func readinesses(objects []resource.Resource) []resource.Resource {
	return ofAwaited(objects, func(o awaitedObject) resource.Resource {
		return api.Readiness{
			APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Metadata.Namespace, Name: o.Metadata.Name,
			Kubeconfig: o.kubeconfig,
		}
	})
}

// awaitedObject is what is read of a manifest.
type awaitedObject struct {
	APIVersion, Kind string
	Metadata         struct{ Name, Namespace string }
	kubeconfig       string
}

// ofAwaited makes a resource of each object that has to become ready.
func ofAwaited(objects []resource.Resource, to func(awaitedObject) resource.Resource) []resource.Resource {
	var rs []resource.Resource
	for _, r := range objects {
		object, _ := r.(api.Object)
		o := awaitedObject{kubeconfig: object.Kubeconfig}
		if err := json.Unmarshal(object.Manifest, &o); err != nil {
			panic("component: manifest of " + r.ID() + ": " + err.Error())
		}
		if slices.Contains(awaited, o.Kind) {
			rs = append(rs, to(o))
		}
	}
	return rs
}
