package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// bill is a bill of materials in the format CycloneDX 1.6: what a program was compiled from. It is
// read from the program itself, where the compiler writes it.
type bill struct {
	Format      string      `json:"bomFormat"`
	SpecVersion string      `json:"specVersion"`
	Version     int         `json:"version"`
	Metadata    metadata    `json:"metadata"`
	Components  []component `json:"components"`
}

type metadata struct {
	Timestamp string    `json:"timestamp"`
	Component component `json:"component"`
}

type component struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version"`
	PURL    string `json:"purl,omitempty"`
	Hashes  []hash `json:"hashes,omitempty"`
	// Properties has the sum by which Go knows a module: it is one of a list of files, and so no
	// hash in the sense of CycloneDX.
	Properties []property `json:"properties,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// writeBill writes the bill of materials of a program.
func (r *release) writeBill(t target, program, file string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	sum, err := sumFile(program)
	if err != nil {
		return err
	}
	b := bill{Format: "CycloneDX", SpecVersion: "1.6", Version: 1, Metadata: metadata{
		Timestamp: r.time.Format("2006-01-02T15:04:05Z"),
		Component: component{Type: "application", Ref: r.archive(t), Name: "kbootstrap", Version: r.version,
			Hashes: []hash{{"SHA-256", sum}}},
	}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = append(b.Components, component{Type: "library", Ref: "pkg:golang/std@" + goVersion, Name: "std",
		Version: goVersion, PURL: "pkg:golang/std@" + goVersion})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		purl := "pkg:golang/" + m.Path + "@" + url.PathEscape(m.Version)
		b.Components = append(b.Components, component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version,
			PURL: purl, Properties: []property{{"golang:sum", m.Sum}}})
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(file, append(text, '\n'), 0o644)
}
