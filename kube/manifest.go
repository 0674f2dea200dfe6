package kube

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Manifest is an Object's JSON, read.
type Manifest struct {
	apiVersion, Kind, namespace, name string
	Fields                            map[string]any
}

// ParseManifest reads one JSON object. Numbers keep their spelling, so that a large one is not
// rounded.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&m.Fields); err != nil {
		return m, fmt.Errorf("manifest: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return m, errors.New("manifest: more than one object")
	}
	meta, _ := m.Fields["metadata"].(map[string]any)
	m.apiVersion, _ = m.Fields["apiVersion"].(string)
	m.Kind, _ = m.Fields["kind"].(string)
	m.namespace, _ = meta["namespace"].(string)
	m.name, _ = meta["name"].(string)
	if m.apiVersion == "" || m.Kind == "" || m.name == "" {
		return m, errors.New("manifest: apiVersion, kind and metadata.name are needed")
	}
	return m, m.encodeStringData()
}

// encodeStringData moves a Secret's plain strings to where the API keeps them.
func (m Manifest) encodeStringData() error {
	plain, ok := m.Fields["stringData"].(map[string]any)
	if !ok || m.Kind != "Secret" {
		return nil
	}
	data, _ := m.Fields["data"].(map[string]any)
	if data == nil {
		data = map[string]any{}
		m.Fields["data"] = data
	}
	for k, v := range plain {
		text, ok := v.(string)
		if !ok {
			return fmt.Errorf("manifest: stringData.%s: not a string", k)
		}
		data[k] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	delete(m.Fields, "stringData")
	return nil
}

// Where is NAMESPACE/NAME, or NAME.
func (m Manifest) Where() string {
	if m.namespace == "" {
		return m.name
	}
	return m.namespace + "/" + m.name
}

// Type is the kind, with the group of a kind that is not of Kubernetes' own.
func (m Manifest) Type() string {
	group, _, _ := strings.Cut(m.apiVersion, "/")
	if isBuiltIn(m.apiVersion) {
		return m.Kind
	}
	return m.Kind + "." + group
}

// ElementKey names an element of a list: by its "name" where every element has one, else by its
// place.
func ElementKey(list []any, i int, path string) string {
	if !keyedByName(list, path) {
		return strconv.Itoa(i)
	}
	name, _ := list[i].(map[string]any)["name"].(string)
	return name
}

// keyedByName reports whether the list is a set of named things, such as containers, so that their
// order means nothing. The subjects of a role binding have names too, but the list counts as a
// whole: one more is one more who may.
func keyedByName(list []any, path string) bool {
	if path == "subjects" {
		return false
	}
	for _, e := range list {
		fields, _ := e.(map[string]any)
		if name, _ := fields["name"].(string); name == "" {
			return false
		}
	}
	return len(list) > 0
}
