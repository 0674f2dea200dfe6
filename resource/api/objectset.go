package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// ObjectSet is the list of the objects that an add-on has, as the cluster itself notes it in a
// ConfigMap. It comes before the objects: what is made is noted first, and what is noted and not
// wanted any more is deleted first, so no run that is cut off leaves an object that the next one
// does not know of. An add-on that is off has none.
type ObjectSet struct {
	Name       string // of the add-on
	Objects    []ObjectRef
	Kubeconfig string // path on the host, below System.Root
}

// ObjectRef names an object of the API.
type ObjectRef struct{ APIVersion, Kind, Namespace, Name string }

// String is "apps/v1 Deployment kube-system/metrics-server".
func (o ObjectRef) String() string { return o.APIVersion + " " + o.Kind + " " + o.Where() }

// Where is NAMESPACE/NAME, or NAME.
func (o ObjectRef) Where() string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// IsSame reports whether both name the same object: the version of its kind does not matter, nor
// whether the default namespace is written.
func (o ObjectRef) IsSame(other ObjectRef) bool { return o.key() == other.key() }

func (o ObjectRef) key() ObjectRef {
	group, _, ok := strings.Cut(o.APIVersion, "/")
	if !ok {
		group = ""
	}
	return ObjectRef{group, o.Kind, cmp.Or(o.Namespace, "default"), o.Name}
}

// parseRef reads what String writes.
func parseRef(text string) (ObjectRef, error) {
	words := strings.Fields(text)
	if len(words) != 3 {
		return ObjectRef{}, fmt.Errorf("%q names no object", text)
	}
	o := ObjectRef{APIVersion: words[0], Kind: words[1], Name: words[2]}
	if namespace, name, ok := strings.Cut(words[2], "/"); ok {
		o.Namespace, o.Name = namespace, name
	}
	return o, nil
}

// RefOf is the name of an object.
func RefOf(o Object) (ObjectRef, error) {
	var m struct {
		APIVersion, Kind string
		Metadata         struct{ Namespace, Name string }
	}
	err := json.Unmarshal(o.Manifest, &m)
	return ObjectRef{m.APIVersion, m.Kind, m.Metadata.Namespace, m.Metadata.Name}, err
}

// The ConfigMap of a set, and its key.
const (
	setNamespace = "kube-system"
	setPrefix    = "kbootstrap-addon-"
	setKey       = "objects"
)

// ID is "objects of add-on NAME".
func (s ObjectSet) ID() string { return "objects of add-on " + s.Name }

// State has an object a line, sorted.
func (s ObjectSet) State() string {
	var lines []string
	for _, o := range s.Objects {
		lines = append(lines, o.String())
	}
	slices.Sort(lines)
	return resource.States(lines...)
}

// Answers returns the API server.
func (s ObjectSet) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a set without objects.
func (s ObjectSet) Absence() resource.Resource {
	s.Objects = nil
	return s
}

// Observe reads the note.
func (s ObjectSet) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	path, err := kube.Path("v1", "ConfigMap", setNamespace, setPrefix+s.Name)
	if err != nil {
		return nil, err
	}
	data, err := kube.Look(ctx, sys, s.Kubeconfig, path)
	if err != nil || data == nil {
		return s.Absence(), err
	}
	var note struct{ Data map[string]string }
	if err := json.Unmarshal(data, &note); err != nil {
		return nil, err
	}
	s.Objects = nil
	for line := range strings.Lines(note.Data[setKey]) {
		o, err := parseRef(line)
		if err != nil {
			return nil, fmt.Errorf("ConfigMap %s/%s%s: %w", setNamespace, setPrefix, s.Name, err)
		}
		s.Objects = append(s.Objects, o)
	}
	return s, nil
}

// Apply deletes the objects that are noted and not wanted, the last of them first, and waits until
// they are gone. Then it notes those that are wanted.
func (s ObjectSet) Apply(ctx context.Context, sys *host.System) error {
	seen, err := s.Observe(ctx, sys)
	if err != nil {
		return err
	}
	found, _ := seen.(ObjectSet)
	for _, o := range slices.Backward(found.Objects) {
		if slices.ContainsFunc(s.Objects, o.IsSame) {
			continue
		}
		if err := s.object(o, nil, true).Apply(ctx, sys); err != nil {
			return fmt.Errorf("delete %s: %w", o, err)
		}
	}
	var lines []string
	for _, o := range s.Objects {
		lines = append(lines, o.String())
	}
	note := ObjectRef{"v1", "ConfigMap", setNamespace, setPrefix + s.Name}
	return s.object(note, map[string]string{setKey: strings.Join(lines, "\n")}, len(lines) == 0).Apply(ctx, sys)
}

// object is the object of a name, with data if it is a ConfigMap.
func (s ObjectSet) object(o ObjectRef, data map[string]string, isAbsent bool) Object {
	manifest := map[string]any{
		"apiVersion": o.APIVersion, "kind": o.Kind,
		"metadata": map[string]any{"name": o.Name, "namespace": o.Namespace},
	}
	if data != nil {
		manifest["data"] = data
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		panic("api: " + err.Error()) // texts are always valid
	}
	return Object{Manifest: text, Kubeconfig: s.Kubeconfig, Absent: isAbsent}
}
