// Package airgap reads and writes bundles: files with all that a cluster is made of, to be carried
// to where nothing can be fetched. A bundle is a plain tar, so that every system can look into it
// and take the tool out, and its contents lie in it as they do in the cache: compressed one by one,
// and named by their sums. They are read where they lie, so a bundle is never unpacked. Start at
// Write and Open; what a cluster needs, and whether it is the right thing, package release knows.
package airgap

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// The files of a bundle, apart from its contents.
const (
	ManifestFile = "manifest.json"  // the first one: what is in the bundle
	LockFile     = "artifacts.lock" // the sums of all artifacts, as the tool takes them elsewhere
	BillFile     = "bill.cdx.json"  // what is in the bundle, for programs that look for known holes
	ProgramDir   = "bin"            // the tool, and its agents for hosts with other processors
	contentDir   = "contents"
)

// format is what a bundle says of itself.
const (
	apiVersion = "kbootstrap/v1"
	kind       = "Bundle"
)

// maxManifest is how many bytes a manifest may have; a real one has some 20 KB.
const maxManifest = 4 << 20

// Manifest says what is in a bundle. It has no time, so that two bundles of the same things are
// equal.
type Manifest struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	// Tool is the version of the tool that made the bundle, and Platform what its program in the
	// bundle runs on, such as linux/amd64.
	Tool     string `json:"tool"`
	Platform string `json:"platform"`
	// Kubernetes is the version of Kubernetes, with a leading v.
	Kubernetes string `json:"kubernetes"`
	// Architectures are those of the hosts.
	Architectures []string `json:"architectures"`
	// Base is, of a bundle with a difference, the sha256 sum of the manifest of the older bundle,
	// which has the contents that this one lacks.
	Base      string     `json:"base,omitempty"`
	Artifacts []Artifact `json:"artifacts"`
	// Contents are all that the artifacts need, in the order of their sums.
	Contents []Content `json:"contents"`
	// Files are the files that follow the manifest, in their order.
	Files []File `json:"files"`
}

// Artifact is one file of a project that is in a bundle. Its sums are in the lock.
type Artifact struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	Arch      string `json:"arch"`
	URL       string `json:"url"` // upstream's
	// Contents are the sums of what is taken of it, by the name of each, such as "kubelet".
	Contents map[string]string `json:"contents"`
}

// Content is one program or one image.
type Content struct {
	SHA256  string `json:"sha256"`
	Size    int64  `json:"size"`
	ImageID string `json:"imageID,omitempty"` // of an image, see docs/artifacts.md
}

// File is the name of the content's file in the bundle.
func (c Content) File() string { return path.Join(contentDir, c.SHA256+".zst") }

// File is one file of a bundle as it lies there.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

var sumPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// text is the manifest as it is written.
func (m Manifest) text() ([]byte, error) {
	m.APIVersion, m.Kind = apiVersion, kind
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(text, '\n'), nil
}

// parseManifest reads a manifest, and refuses one that does not hold together.
func parseManifest(text []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", ManifestFile, err)
	}
	if m.Kind != kind || m.APIVersion != apiVersion {
		return Manifest{}, fmt.Errorf("%s: it is a %q of %q, and no %s of %s", ManifestFile, m.Kind, m.APIVersion, kind,
			apiVersion)
	}
	for _, c := range m.Contents {
		if !sumPattern.MatchString(c.SHA256) || c.Size < 0 {
			return Manifest{}, fmt.Errorf("%s: %q is not the sum of a content", ManifestFile, c.SHA256)
		}
		if m.Base == "" && !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == c.File() }) {
			return Manifest{}, fmt.Errorf("%s: there is no file of the content %s", ManifestFile, c.SHA256)
		}
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if seen[f.Name] || !isFileName(f.Name) || !sumPattern.MatchString(f.SHA256) || f.Size < 0 {
			return Manifest{}, fmt.Errorf("%s: the file %q is there twice, or has no name and sum of a bundle's",
				ManifestFile, f.Name)
		}
		seen[f.Name] = true
	}
	return m, nil
}

// isFileName reports whether a file may have the name: one that stays below the directory into
// which a user unpacks the bundle.
func isFileName(name string) bool {
	return name != "" && name != ManifestFile && path.Clean(name) == name && !path.IsAbs(name) &&
		name != ".." && !strings.HasPrefix(name, "../") && !strings.Contains(name, `\`)
}

// Content returns the content of that sum.
func (m Manifest) Content(sum string) (Content, bool) {
	for _, c := range m.Contents {
		if c.SHA256 == sum {
			return c, true
		}
	}
	return Content{}, false
}
