package airgap

import (
	"cmp"
	"context"
	"io"
	"maps"
	"slices"

	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
)

// Change is a component that differs between two bundles.
type Change struct {
	Component string
	Arch      string
	Old, New  string // the versions; empty where a bundle has none. They may be equal: it was built again
}

// Difference is what a bundle has that another has not.
type Difference struct {
	Changes []Change
	// New are the files that the older bundle lacks.
	New   []File
	Bytes int64 // of them
}

// place is where a component of one version runs.
type place struct{ component, arch string }

// Compare returns what is new in a bundle.
func Compare(older, newer *Bundle) Difference {
	var d Difference
	was, is := componentsOf(older.Manifest), componentsOf(newer.Manifest)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for p := range all {
		if o, n := was[p], is[p]; o.version != n.version || !maps.Equal(o.contents, n.contents) {
			d.Changes = append(d.Changes, Change{p.component, p.arch, o.version, n.version})
		}
	}
	slices.SortFunc(d.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.Component, b.Component), cmp.Compare(a.Arch, b.Arch))
	})
	for _, f := range newer.Manifest.Files {
		if !older.has(f) {
			d.New, d.Bytes = append(d.New, f), d.Bytes+f.Size
		}
	}
	return d
}

// has reports whether whoever has the bundle, and those that it is a difference to, has the file. A
// content is the same however it was compressed.
func (b *Bundle) has(f File) bool {
	for _, c := range b.Manifest.Contents {
		if c.File() == f.Name {
			return true
		}
	}
	return slices.Contains(b.Manifest.Files, f)
}

// component is what a bundle has of a component.
type component struct {
	version  string
	contents map[string]string
}

func componentsOf(m Manifest) map[place]component {
	all := map[place]component{}
	for _, a := range m.Artifacts {
		p := place{a.Component, a.Arch}
		c := all[p]
		if c.contents == nil {
			c.contents = map[string]string{}
		}
		c.version = a.Version
		maps.Copy(c.contents, a.Contents)
		all[p] = c
	}
	return all
}

// WriteDifference writes a bundle that has only what is new, to be used together with the older
// one. What it takes of the newer one is verified.
func WriteDifference(ctx context.Context, older, newer *Bundle, file string) error {
	if newer.Manifest.Base != "" {
		return fault.BundleLacks.Errorf("%s has itself only what is new since another bundle: name a whole one",
			newer.Path)
	}
	m, parts := newer.Manifest, []Part{}
	m.Base = older.ManifestSum
	for _, f := range newer.Manifest.Files {
		// The lock and the bill are of the whole, and small.
		if f.Name != LockFile && f.Name != BillFile && older.has(f) {
			continue
		}
		if err := newer.Check(ctx, f.Name); err != nil {
			return err
		}
		parts = append(parts, Part{f, func() (io.ReadCloser, error) { return newer.OpenFile(f.Name) }})
	}
	return atomic.Write(file, 0o644, func(w io.Writer) error { return Write(w, m, parts) })
}
