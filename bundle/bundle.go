// Package bundle makes the support bundle: one archive with what a helper needs to see of a
// cluster, without secrets. The collector leaves secrets out, and in addition every text that goes
// in is searched for secrets by their form. Start at Bundle.Cluster; Redact is in redact.go.
package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"kbootstrap/internal/atomic"
)

// Bundle holds files by their names in the archive, with slashes. The zero value is empty.
type Bundle struct {
	files map[string][]byte
	hosts map[string]string
}

// Manifest is manifest.json: what is in the bundle.
type Manifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// The version of the tool that made the bundle.
	Version string `json:"version"`
	// The name of the cluster.
	Cluster string `json:"cluster"`
	// When the bundle was made, in UTC.
	Created time.Time `json:"created"`
	// The hosts of the inventory by name: "ok", or the reason why a host could not be asked.
	Hosts map[string]string `json:"hosts"`
	// The files, in the order of their names.
	Files []File `json:"files"`
}

// File is one file of a bundle.
type File struct {
	Name   string `json:"name"`
	Size   int    `json:"size"` // in bytes
	SHA256 string `json:"sha256"`
}

// Add puts a text into the bundle, redacted.
func (b *Bundle) Add(name, text string) {
	if b.files == nil {
		b.files = map[string][]byte{}
	}
	b.files[name] = []byte(Redact(text))
}

// AddJSON puts a value into the bundle as JSON, redacted.
func (b *Bundle) AddJSON(name string, value any) {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		text = []byte(err.Error())
	}
	b.Add(name, string(redactJSON(text))+"\n")
}

// host records whether a host was asked, for the manifest.
func (b *Bundle) host(name, state string) {
	if b.hosts == nil {
		b.hosts = map[string]string{}
	}
	b.hosts[name] = Redact(state)
}

// Names are the names of the files, sorted.
func (b *Bundle) Names() []string { return slices.Sorted(maps.Keys(b.files)) }

// Write writes the archive to a path, with permissions for the user only. A file that exists there
// is replaced in one step.
func (b *Bundle) Write(path, version, cluster string, now time.Time) (Manifest, error) {
	m := Manifest{
		APIVersion: "kbootstrap/v1", Kind: "SupportBundle", Version: version, Cluster: cluster,
		Created: now.UTC(), Hosts: b.hosts,
	}
	for _, name := range b.Names() {
		sum := sha256.Sum256(b.files[name])
		m.Files = append(m.Files, File{Name: name, Size: len(b.files[name]), SHA256: hex.EncodeToString(sum[:])})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	var archive bytes.Buffer
	packed := gzip.NewWriter(&archive)
	out := tar.NewWriter(packed)
	write := func(name string, content []byte) error {
		header := &tar.Header{
			Name: cluster + "-support/" + name, Mode: 0o600,
			Size: int64(len(content)), ModTime: now.UTC().Truncate(time.Second),
		}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		_, err := out.Write(content)
		return err
	}
	err = write("manifest.json", append(text, '\n'))
	for _, name := range b.Names() {
		err = errors.Join(err, write(name, b.files[name]))
	}
	if err := errors.Join(err, out.Close(), packed.Close()); err != nil {
		return m, err
	}
	return m, atomic.WriteFile(path, archive.Bytes(), 0o600)
}
