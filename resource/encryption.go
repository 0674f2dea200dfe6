package resource

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// Encryption is the file that says how kube-apiserver encrypts secrets. Wanted of it is either what
// an API server can read, or what it writes, since all API servers must read a key before the first
// one writes with it.
//
// Without Writes, Providers are wanted in any order: a file that is there keeps the provider that
// writes, and one that is not there is made in the order of Providers.
type Encryption struct {
	Path      string
	Providers []host.Provider
	Writes    bool // the first of Providers is to be the first of the file
	// In a found value: the file itself, whether it is another text than the tool writes for these
	// providers, and whether there is none.
	Content []byte `json:",omitempty"`
	Mode    uint32 `json:",omitempty"`
	Owner   string `json:",omitempty"`
	Foreign bool   `json:",omitempty"`
	Absent  bool   `json:",omitempty"`
}

// encryptionMode is the mode of the file: it has keys in it.
const encryptionMode = 0o600

// ID tells apart what is read and what writes.
func (e Encryption) ID() string {
	if e.Writes {
		return "encryption of new secrets by " + e.Path
	}
	return "encryption " + e.Path
}

// State shows what writes, or what can be read, with digests of keys.
func (e Encryption) State() string {
	switch {
	case e.Absent:
		return ""
	case e.Writes:
		return States(showWriter(e.Providers))
	}
	lines := make([]string, len(e.Providers))
	for i, p := range e.Providers {
		lines[i] = "reads " + showProvider(p)
	}
	slices.Sort(lines)
	return States(modeState(e.Mode, encryptionMode), ownerState(e.Owner), Flag("not as the tool writes it", e.Foreign),
		strings.Join(lines, "\n"))
}

func showWriter(providers []host.Provider) string {
	if len(providers) == 0 {
		return "writes nothing"
	}
	return "writes " + showProvider(providers[0])
}

func showProvider(p host.Provider) string {
	if p.Name == host.Identity {
		return "secrets as they are"
	}
	return "secrets encrypted with " + p.Name + ", sha256:" + p.Sum
}

// Observe reads the file.
func (e Encryption) Observe(_ context.Context, sys *host.System) (Resource, error) {
	found := Encryption{Path: e.Path, Writes: e.Writes}
	path := sys.Path(e.Path)
	info, err := os.Lstat(path)
	switch {
	case host.Absent(err):
		found.Absent = true
		return found, nil
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > contentLimit:
		return nil, fault.PathOccupied.Errorf("%s: is not a small regular file", path)
	}
	found.Mode = uint32(info.Mode().Perm())
	if found.Owner, err = sys.OwnerOf(info, e.Owner); err != nil {
		return nil, err
	}
	if found.Content, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	providers, err := host.ParseProviders(found.Content)
	found.Foreign = err != nil || !bytes.Equal(found.Content, encryptionText(providers))
	for _, p := range providers {
		p.Secret = ""
		found.Providers = append(found.Providers, p)
	}
	return found, nil
}

// Apply writes the file whole, or puts back what was found.
func (e Encryption) Apply(ctx context.Context, sys *host.System) error {
	file := File{Path: e.Path, Mode: encryptionMode, Secret: true, Absent: e.Absent}
	if e.Content != nil {
		file.Content, file.Mode, file.Owner = e.Content, e.Mode, e.Owner
		return file.Apply(ctx, sys)
	}
	providers := e.Providers
	if !e.Writes && !e.Absent {
		text, err := os.ReadFile(sys.Path(e.Path))
		if err != nil && !host.Absent(err) {
			return err
		}
		if found, err := host.ParseProviders(text); err == nil && len(found) > 0 {
			providers = withFirst(providers, found[0])
		}
	}
	file.Content = encryptionText(providers)
	return file.Apply(ctx, sys)
}

// withFirst returns the providers with one of them first.
func withFirst(providers []host.Provider, first host.Provider) []host.Provider {
	is := func(p host.Provider) bool { return p.Name == first.Name && p.Sum == first.Sum }
	i := slices.IndexFunc(providers, is)
	if i < 0 {
		return providers
	}
	return append([]host.Provider{providers[i]}, slices.DeleteFunc(slices.Clone(providers), is)...)
}

// encryptionText is the file in block style: audits look for the line below "providers:" (CIS
// 1.2.28).
func encryptionText(providers []host.Provider) []byte {
	var b bytes.Buffer
	b.WriteString("apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n" +
		"- resources:\n  - secrets\n  providers:\n")
	for _, p := range providers {
		if p.Name == host.Identity {
			b.WriteString("  - identity: {}\n")
			continue
		}
		fmt.Fprintf(&b, "  - secretbox:\n      keys:\n      - name: %s\n        secret: %s\n", p.Name, p.Secret)
	}
	return b.Bytes()
}
