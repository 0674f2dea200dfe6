package kinds

import (
	"encoding/json"
	"fmt"

	"kbootstrap/resource"
)

// tagged is a resource on the wire: its kind, and its value as JSON.
type tagged struct {
	Kind  string
	Value json.RawMessage
}

// Marshal encodes resources as JSON, each with its kind.
func Marshal(resources []resource.Resource) ([]byte, error) {
	list := make([]tagged, len(resources))
	for i, r := range resources {
		kind, err := Of(r)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID(), err)
		}
		list[i] = tagged{kind.Tag, value}
	}
	return json.Marshal(list)
}

// Unmarshal decodes what Marshal has encoded. A kind or a field that this version does not know is
// an error: two versions that talk to each other would lose it.
func Unmarshal(data []byte) ([]resource.Resource, error) {
	var list []tagged
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	resources := make([]resource.Resource, len(list))
	for i, t := range list {
		kind, err := kindTagged(t.Kind)
		if err != nil {
			return nil, fmt.Errorf("resource %d: %w", i, err)
		}
		r, err := kind.decode(t.Value)
		if err != nil {
			return nil, fmt.Errorf("resource %d: %w", i, err)
		}
		resources[i] = r
	}
	return resources, nil
}
