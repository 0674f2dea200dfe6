package components

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// recipe makes the artifacts of one component in one version. It is a plain value: by its digest
// the mirror recognizes what was made by the same recipe.
type recipe struct {
	Name    string // "etcd"
	Version string // "v3.6.8"
	// Takes is how long the first build takes on two cores at rest, for the user.
	Takes time.Duration `json:"-"`
	// OnRequest says that no cluster runs it unless its inventory says so.
	OnRequest bool `json:"-"`
	// BenchmarkOnly is the URL of an artifact that no cluster has. It is not fetched from upstream.
	BenchmarkOnly string `json:"-"`
	Source        source
	Checks        []check
	Artifacts     []artifact
}

func (r recipe) String() string { return r.Name + " " + r.Version }

// artifact is one file of the mirror.
type artifact struct {
	URL     string // where upstream publishes it
	Packing packing
}

// mode is the mode of the file in the mirror.
func (a artifact) mode() os.FileMode {
	if _, ok := a.Packing.(program); ok {
		return 0o755
	}
	return 0o644
}

// path is the artifact's place below the mirror's directory: the URL without its scheme, as every
// mirror of the product has it.
func (a artifact) path() (string, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return "", err
	}
	p := filepath.FromSlash(u.Host + u.Path)
	if u.Scheme != "https" || u.Host == "" || !filepath.IsLocal(p) {
		return "", fmt.Errorf("%q is not the https URL of a file", a.URL)
	}
	return p, nil
}

// source yields a component's programs.
type source interface {
	// tools names the programs that collect runs.
	tools() []string
	// collect puts each program into dir as a file of its own name. work is an empty directory for
	// its own use.
	collect(ctx context.Context, work, dir string) error
}

// packing makes an artifact out of programs.
type packing interface {
	// pack writes to dst the artifact made of the files in dir. The same files give the same bytes.
	pack(ctx context.Context, dir, dst string) error
}

// check runs a program and wants its version among the words that it prints.
type check struct {
	Argv []string // the program's name in the directory of programs, and its arguments
	Want string   // "v1.36.3"
}

// run fails when the program does not say the version that it is meant to have. Programs take their
// version from linker flags, and one with a wrong version misleads both users and version skew
// checks.
func (c check) run(ctx context.Context, dir string) error {
	out, err := run(ctx, command{argv: append([]string{filepath.Join(dir, c.Argv[0])}, c.Argv[1:]...)})
	if err != nil {
		return err
	}
	for _, word := range strings.Fields(out) {
		if strings.Trim(word, ",()") == c.Want {
			return nil
		}
	}
	return fmt.Errorf("%s says %q, not %s", strings.Join(c.Argv, " "), strings.TrimSpace(out), c.Want)
}

// generation is part of every digest. Raise it when the code of a source makes something else out
// of the same recipe; a packing has a revision of its own for that.
const generation = 1

// digest is the sha256 in hex of everything that the recipe's result depends on.
func (r recipe) digest() (string, error) {
	type typed struct {
		Type     string
		Value    any
		Revision int `json:",omitempty"`
	}
	artifacts := make(map[string]typed)
	for _, a := range r.Artifacts {
		packing := typed{Type: fmt.Sprintf("%T", a.Packing), Value: a.Packing}
		if r, ok := a.Packing.(interface{ revision() int }); ok {
			packing.Revision = r.revision()
		}
		artifacts[a.URL] = packing
	}
	text, err := json.Marshal([]any{
		generation, r.Name, r.Version, typed{Type: fmt.Sprintf("%T", r.Source), Value: r.Source}, r.Checks, artifacts,
	})
	if err != nil {
		return "", fmt.Errorf("digest of %s: %w", r, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
