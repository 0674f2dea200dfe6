package main

import (
	"debug/buildinfo"
	"fmt"
	"net/url"
	"strings"

	"kbootstrap/internal/cyclonedx"
)

// writeBill writes the bill of materials of a program: what it was compiled from. That is read from
// the program itself, where the compiler writes it.
func (r *release) writeBill(t target, program, file string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("bill of materials: %w", err)
	}
	sum, err := sumFile(program)
	if err != nil {
		return err
	}
	b := cyclonedx.Bill{Metadata: cyclonedx.Metadata{
		Timestamp: r.time.Format("2006-01-02T15:04:05Z"),
		Component: cyclonedx.Component{Type: "application", Ref: r.archive(t), Name: "kbootstrap", Version: r.version,
			Hashes: cyclonedx.SHA256(sum)},
	}}
	goVersion := strings.TrimPrefix(info.GoVersion, "go")
	b.Components = append(b.Components, cyclonedx.Component{Type: "library", Ref: "pkg:golang/std@" + goVersion,
		Name: "std", Version: goVersion, PURL: "pkg:golang/std@" + goVersion})
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		purl := "pkg:golang/" + m.Path + "@" + url.PathEscape(m.Version)
		b.Components = append(b.Components, cyclonedx.Component{Type: "library", Ref: purl, Name: m.Path,
			Version: m.Version, PURL: purl, Properties: []cyclonedx.Property{{Name: "golang:sum", Value: m.Sum}}})
	}
	text, err := b.Text()
	if err != nil {
		return err
	}
	return writeFile(file, text, 0o644)
}
