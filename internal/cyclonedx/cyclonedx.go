// Package cyclonedx writes bills of materials in the format CycloneDX 1.6, which scanners of known
// holes read. Start at Bill.
package cyclonedx

import "encoding/json"

// Bill says what something consists of.
type Bill struct {
	Metadata   Metadata    `json:"metadata"`
	Components []Component `json:"components"`
}

// Metadata says what the bill is of.
type Metadata struct {
	Timestamp string    `json:"timestamp,omitempty"` // in UTC; empty for a bill that is to be the same each time
	Component Component `json:"component"`
}

// Component is one thing of a bill.
type Component struct {
	Type    string `json:"type"` // such as "application", "library" or "container"
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []Hash `json:"hashes,omitempty"`
	// Properties has the sum by which Go knows a module: it is one of a list of files, and so no
	// hash in the sense of CycloneDX.
	Properties []Property `json:"properties,omitempty"`
}

// Hash is a sum of a file.
type Hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

// SHA256 is a sha256 sum in hex.
func SHA256(sum string) []Hash { return []Hash{{"SHA-256", sum}} }

// Property is something else to know of a component.
type Property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Text is the bill as a file.
func (b Bill) Text() ([]byte, error) {
	text, err := json.MarshalIndent(struct {
		Format      string `json:"bomFormat"`
		SpecVersion string `json:"specVersion"`
		Version     int    `json:"version"`
		Bill
	}{"CycloneDX", "1.6", 1, b}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}
