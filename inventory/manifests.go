package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/fault"
)

// A Manifest is an object of the Kubernetes API out of a file of the user's.
type Manifest struct {
	File string
	Line int // where the object begins

	APIVersion, Kind, Namespace, Name string

	JSON []byte // the object
}

// What is read of one file, and of all files that an inventory names.
const (
	maxManifestFile  = 8 << 20
	maxManifestFiles = 1000
)

// manifestEndings are how the names of manifests end; other files of a directory are passed over.
var manifestEndings = []string{".yaml", ".yml", ".json"}

// manifestFields returns the field addons.manifests.
func manifestFields(a *AddOns) field {
	return field{name: "manifests", shape: "list of files and directories",
		doc: "objects of your own that the cluster is to have, as YAML or JSON. Of a directory the files " +
			"`*.yaml`, `*.yml` and `*.json` are taken, in the order of their names; see " +
			"[your own manifests](addons.md#your-own-manifests).",
		read: decoder{orNothing("array", schema{"items": someText()}), func(r *reader, at string, v *node) {
			var files []string
			each(decoder{decode: func(r *reader, at string, v *node) {
				var name string
				if str(&name).decode(r, at, v); name == "" {
					return
				}
				if name = r.path(at, name); name != "" {
					files = append(files, r.manifestFiles(at, name)...)
				}
			}}).decode(r, at, v)
			if len(files) > maxManifestFiles {
				r.problem(at, "put several objects into one file, with --- between them",
					"there are %d files, and %d is the limit", len(files), maxManifestFiles)
				return
			}
			a.Manifests = r.manifests(files)
		}}}
}

// manifestFiles are the files at a path that an inventory names.
func (r *reader) manifestFiles(at, name string) []string {
	defer r.as(fault.InventoryManifest)()
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.problem(at, "paths begin at the directory of the inventory", "there is no %s", name)
		return nil
	case err != nil:
		r.problem(at, "", "%v", err)
		return nil
	case !info.IsDir() && !info.Mode().IsRegular():
		r.problem(at, "", "%s is neither a file nor a directory", name)
		return nil
	case !info.IsDir():
		return []string{name}
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		r.problem(at, "", "%v", err)
		return nil
	}
	var files []string
	for _, e := range entries { // in the order of their names
		path := filepath.Join(name, e.Name())
		switch e.Name() {
		case "Chart.yaml":
			r.problem(at, "let helm write manifests: helm template NAME "+name+" >DIRECTORY/app.yaml",
				"%s is a Helm chart, and not a directory of manifests", name)
			return nil
		case "kustomization.yaml", "kustomization.yml":
			r.problem(at, "let kubectl write manifests: kubectl kustomize "+name+" >DIRECTORY/app.yaml",
				"%s is a kustomization, and not a directory of manifests", name)
			return nil
		}
		info, err := os.Stat(path) // a link to a file is one
		if err == nil && info.Mode().IsRegular() && slices.Contains(manifestEndings, filepath.Ext(path)) &&
			!strings.HasPrefix(e.Name(), ".") {
			files = append(files, path)
		}
	}
	if files == nil {
		r.problem(at, "manifests end in .yaml, .yml or .json; directories within it are not read",
			"%s has no manifests", name)
	}
	return files
}

// manifests are the objects of files, in the order in which they are made: that of the files, but
// namespaces come first, and definitions of kinds next. Each is named once.
func (r *reader) manifests(files []string) []Manifest {
	var all []Manifest
	for _, name := range files {
		file := manifestFile{name: name}
		all = append(all, file.read()...)
		r.others = append(r.others, file.problems...)
	}
	first := map[string]Manifest{}
	for _, m := range all {
		if before, ok := first[m.key()]; ok {
			r.others = append(r.others, Problem{
				Code: fault.InventoryManifest, File: m.File, Line: m.Line, Column: 1,
				Message: fmt.Sprintf("%s is given twice; %s:%d has it already", m, before.File, before.Line),
			})
			continue
		}
		first[m.key()] = m
	}
	slices.SortStableFunc(all, func(a, b Manifest) int { return cmp.Compare(a.round(), b.round()) })
	return all
}

// String is "Deployment shop/web".
func (m Manifest) String() string {
	if m.Namespace == "" {
		return m.Kind + " " + m.Name
	}
	return m.Kind + " " + m.Namespace + "/" + m.Name
}

// key tells objects apart: the version of their kind does not, and a kind without namespaces may be
// given one.
func (m Manifest) key() string {
	group, _, ok := strings.Cut(m.APIVersion, "/")
	if !ok {
		group = ""
	}
	return strings.Join([]string{group, m.Kind, cmp.Or(m.Namespace, "default"), m.Name}, " ")
}

// round is what the others may need first.
func (m Manifest) round() int {
	switch {
	case m.Kind == "Namespace" && m.APIVersion == "v1":
		return 0
	case m.Kind == "CustomResourceDefinition":
		return 1
	}
	return 2
}
