//go:build light

package node

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/host/surroundings"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// A node built with the tag "light" serves a light host: one of hundreds on one machine, with a
// root, an address and an sshd, and without systemd and services. What a file system is enough for
// is real there: files, directories, links and accounts. Every other resource is remembered: it is
// what was applied last. Contents arrive, are unpacked and summed up, and are dropped.

// lightDir has a file for each remembered resource.
const lightDir = "/var/lib/kbootstrap-light"

// convergedMark has a host say of every resource that it is as is wanted, so that a run over
// hundreds of hosts that has nothing to do needs no run before it that makes them.
const convergedMark = "/etc/kbootstrap-light-converged"

// realKinds are the tags of the kinds for which a file system is enough.
func realKinds() []string {
	return []string{"file", "dir", "tree", "strays", "link", "user", "hostnames", "bootstrapped", "originals", "former",
		"before", "data"}
}

// lighten has systemctl answered by what is remembered.
func lighten(o Options) Options {
	real := o.Run
	o.Run = func(ctx context.Context, argv ...string) ([]byte, error) {
		if argv[0] != "systemctl" || slices.Contains(argv, "--version") {
			return real(ctx, argv...)
		}
		if len(argv) > 1 && argv[1] == "show" {
			return showRemembered(argv[slices.Index(argv, "--")+1:])
		}
		return nil, nil
	}
	return o
}

// showRemembered answers `systemctl show`.
func showRemembered(names []string) ([]byte, error) {
	var blocks []string
	for _, name := range names {
		found, err := recall(resource.Service{Name: name}.ID())
		if err != nil {
			return nil, err
		}
		state, sub, file, load := "inactive", "dead", "", "not-found"
		if s, ok := found.(resource.Service); ok {
			load, file = "loaded", "disabled"
			if s.Running {
				state, sub = "active", "running"
			}
			if s.Enabled {
				file = "enabled"
			}
		}
		blocks = append(blocks, fmt.Sprintf("Id=%s\nLoadState=%s\nActiveState=%s\nSubState=%s\nMainPID=0\n"+
			"UnitFileState=%s\nFragmentPath=/etc/systemd/system/%s\nDropInPaths=%s\n", name, load, state, sub, file,
			name,
			surroundings.OwnDropIn(name)))
	}
	return []byte(strings.Join(blocks, "\n")), nil
}

// lightened returns the resources as a light host has them.
func lightened(all []resource.Resource) []resource.Resource {
	light := slices.Clone(all)
	_, err := os.Stat(convergedMark)
	converged := err == nil
	for i, r := range all {
		if converged {
			light[i] = settled{r}
			continue
		}
		kind, err := kinds.Of(r)
		sum, _ := resource.Contents(r)
		if err == nil && (sum != "" || !slices.Contains(realKinds(), kind.Tag)) {
			light[i] = remembered{r}
		}
	}
	return light
}

// settled is a resource that is as is wanted.
type settled struct{ resource.Resource }

// Observe returns what is wanted.
func (s settled) Observe(context.Context, *host.System) (resource.Resource, error) {
	return s.Resource, nil
}

// remembered is a resource that is what was applied last.
type remembered struct{ resource.Resource }

// Observe returns what was applied last.
func (r remembered) Observe(context.Context, *host.System) (resource.Resource, error) {
	found, err := recall(r.ID())
	switch {
	case err != nil || found != nil:
		return found, err
	case kinds.Has(r.Resource, kinds.Tells):
		return r.Resource, nil
	}
	if a, ok := r.Resource.(resource.Answered); ok {
		return a.Absence(), nil
	}
	return blank(r.Resource), nil
}

// blank is a value of the same kind and name of which nothing is there.
func blank(of resource.Resource) resource.Resource {
	from := reflect.ValueOf(of)
	v := reflect.New(from.Type()).Elem()
	for _, name := range []string{"Name", "Path", "Unit", "Namespace", "Kind", "Key", "Host"} {
		if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			f.Set(from.FieldByName(name))
		}
	}
	absent, _ := v.Interface().(resource.Resource)
	return absent
}

// Apply receives the content that the resource is made from, if there is one, and remembers the
// resource.
func (r remembered) Apply(ctx context.Context, sys *host.System) error {
	if sum, _ := resource.Contents(r.Resource); sum != "" {
		content, err := sys.Blob(ctx, sum)
		if err != nil {
			return err
		}
		if err := content.Close(); err != nil {
			return err
		}
	}
	text, err := kinds.Marshal([]resource.Resource{r.Resource})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(lightDir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(memoryOf(r.ID()), text, 0o600)
}

func memoryOf(id string) string {
	sum := sha256.Sum256([]byte(id))
	return filepath.Join(lightDir, hex.EncodeToString(sum[:16]))
}

// recall returns what is remembered under an ID; nil when nothing is.
func recall(id string) (resource.Resource, error) {
	text, err := os.ReadFile(memoryOf(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	all, err := kinds.Unmarshal(text)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}
