package resource

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// tagged is a resource on the wire: its kind, and its value as JSON.
type tagged struct {
	Kind  string
	Value json.RawMessage
}

// Marshal encodes resources as JSON, each with its kind.
func Marshal(resources []Resource) ([]byte, error) {
	list := make([]tagged, len(resources))
	for i, r := range resources {
		kind, err := kindOf(r)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID(), err)
		}
		list[i] = tagged{kind, value}
	}
	return json.Marshal(list)
}

// Unmarshal decodes what Marshal has encoded. A kind or a field that this version does not know is an error: two
// versions that talk to each other would lose it.
func Unmarshal(data []byte) ([]Resource, error) {
	var list []tagged
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	resources := make([]Resource, len(list))
	for i, t := range list {
		r, err := decode(t)
		if err != nil {
			return nil, fmt.Errorf("resource %d: %w", i, err)
		}
		resources[i] = r
	}
	return resources, nil
}

// kindOf is the tag of a kind on the wire. Its cases and those of decode are the list of all kinds.
func kindOf(r Resource) (string, error) {
	switch r.(type) {
	case File:
		return "file", nil
	case Dir:
		return "dir", nil
	case Tree:
		return "tree", nil
	case Link:
		return "link", nil
	case User:
		return "user", nil
	case Service:
		return "service", nil
	case Package:
		return "package", nil
	case Sysctl:
		return "sysctl", nil
	case Module:
		return "module", nil
	case Swap:
		return "swap", nil
	case SELinux:
		return "selinux", nil
	case Image:
		return "image", nil
	case Ready:
		return "ready", nil
	case Member:
		return "member", nil
	case Bootstrapped:
		return "bootstrapped", nil
	case Object:
		return "object", nil
	case Node:
		return "node", nil
	case NodeStatus:
		return "nodestatus", nil
	case Interface:
		return "interface", nil
	case Chains:
		return "chains", nil
	case Mounts:
		return "mounts", nil
	case Shims:
		return "shims", nil
	}
	return "", fmt.Errorf("%T is not a kind of resource", r)
}

func decode(t tagged) (Resource, error) {
	switch t.Kind {
	case "file":
		return as[File](t.Value)
	case "dir":
		return as[Dir](t.Value)
	case "tree":
		return as[Tree](t.Value)
	case "link":
		return as[Link](t.Value)
	case "user":
		return as[User](t.Value)
	case "service":
		return as[Service](t.Value)
	case "package":
		return as[Package](t.Value)
	case "sysctl":
		return as[Sysctl](t.Value)
	case "module":
		return as[Module](t.Value)
	case "swap":
		return as[Swap](t.Value)
	case "selinux":
		return as[SELinux](t.Value)
	case "image":
		return as[Image](t.Value)
	case "ready":
		return as[Ready](t.Value)
	case "member":
		return as[Member](t.Value)
	case "bootstrapped":
		return as[Bootstrapped](t.Value)
	case "object":
		return as[Object](t.Value)
	case "node":
		return as[Node](t.Value)
	case "nodestatus":
		return as[NodeStatus](t.Value)
	case "interface":
		return as[Interface](t.Value)
	case "chains":
		return as[Chains](t.Value)
	case "mounts":
		return as[Mounts](t.Value)
	case "shims":
		return as[Shims](t.Value)
	}
	return nil, fmt.Errorf("unknown kind %q", t.Kind)
}

func as[T Resource](data []byte) (Resource, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%T: %w", v, err)
	}
	return v, nil
}
