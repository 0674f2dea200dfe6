package provision

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"kbootstrap/internal/yamltext"
	"kbootstrap/kube"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// RenderedFile is a file of a rendering, below its directory.
type RenderedFile struct {
	Path    string // with slashes
	Content []byte
}

// Files are the files of a rendering, sorted by their paths: hosts/NAME/root has the files of a
// host as they lie there, hosts/NAME/resources.txt the state of all that it gets, and cluster has
// the objects of the API by component.
func (r Rendering) Files() ([]RenderedFile, error) {
	var files []RenderedFile
	for _, h := range r.Plan.Hosts() {
		host := path.Join("hosts", h.Name)
		var states strings.Builder
		for _, s := range r.Plan.Steps {
			if s.At != h.Name {
				continue
			}
			fmt.Fprintf(&states, "== %s\n", s.Key())
			for _, w := range s.Wanted {
				fmt.Fprintf(&states, "\n%s\n", w.ID())
				for line := range strings.Lines(r.stateOf(s, w)) {
					states.WriteString("    " + line)
				}
				if f, ok := w.(resource.File); ok && f.Blob == "" && !f.Absent {
					files = append(files, RenderedFile{path.Join(host, "root", f.Path), []byte(r.inWords(f.Content))})
				}
			}
			states.WriteString("\n")
		}
		files = append(files, RenderedFile{path.Join(host, "resources.txt"), []byte(states.String())})
	}
	objects, err := r.objects()
	if err != nil {
		return nil, err
	}
	files = append(files, objects...)
	slices.SortStableFunc(files, func(a, b RenderedFile) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// stateOf is the state of a resource. What is written by itself is named.
func (r Rendering) stateOf(s plan.Step, w resource.Resource) string {
	switch w := w.(type) {
	case resource.File:
		if w.Blob == "" && !w.Absent {
			text := "as in root" + w.Path
			if len(w.Keys) > 0 {
				text += ", of the object there these keys only: " + strings.Join(w.Keys, " ")
			}
			w.Content, w.Secret, w.Keys, w.Defaults = []byte(text+"\n"), false, nil, nil
			return w.State()
		}
	case api.Object:
		if !w.Absent {
			return "as in " + objectsOf(s) + "\n"
		}
	}
	return cmp.Or(r.inWords([]byte(w.State())), "absent, or turned off\n")
}

// objectsOf is the file with the objects of a component.
func objectsOf(s plan.Step) string { return path.Join("cluster", s.Component.Name+".yaml") }

func (r Rendering) inWords(text []byte) string { return r.words.Replace(string(text)) }

// objects are the objects of the API, a file for each component that has some.
func (r Rendering) objects() ([]RenderedFile, error) {
	var files []RenderedFile
	texts := map[string]*bytes.Buffer{}
	for _, s := range r.Plan.Steps {
		for _, w := range s.Wanted {
			o, ok := w.(api.Object)
			if !ok || o.Early || o.Absent {
				continue
			}
			text, err := r.manifest(s, o)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.ID(), err)
			}
			name := objectsOf(s)
			if texts[name] == nil {
				texts[name] = &bytes.Buffer{}
			}
			fmt.Fprintf(texts[name], "---\n%s", text)
		}
	}
	for name, text := range texts {
		files = append(files, RenderedFile{name, text.Bytes()})
	}
	return files, nil
}

// manifest is an object as YAML, without secrets: those of users are left out, and those of the
// tool are words.
func (r Rendering) manifest(s plan.Step, o api.Object) ([]byte, error) {
	m, err := kube.ParseManifest(o.Manifest)
	if err != nil {
		return nil, err
	}
	if m.Kind == "Secret" {
		hideData(m.Fields, s.Component.Name == component.Manifests)
	}
	return yamltext.Marshal(plain(m.Fields, r.words))
}

// hideData moves the data of a Secret to its plain strings. What a user's holds is named only.
func hideData(fields map[string]any, isUsers bool) {
	data, _ := fields["data"].(map[string]any)
	delete(fields, "data")
	texts := map[string]any{}
	for key, value := range data {
		encoded, _ := value.(string)
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || isUsers {
			text = []byte("<not written, " + key + " of a Secret>")
		}
		texts[key] = string(text)
	}
	fields["stringData"] = texts
	metadata, _ := fields["metadata"].(map[string]any)
	// kubectl keeps the whole object there.
	if notes, ok := metadata["annotations"].(map[string]any); ok && isUsers {
		delete(notes, "kubectl.kubernetes.io/last-applied-configuration")
	}
}

// plain is a value of JSON with its texts in words, and its numbers as Go has them.
func plain(v any, words *strings.Replacer) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, value := range v {
			out[key] = plain(value, words)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = plain(value, words)
		}
		return out
	case string:
		return words.Replace(v)
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		if f, err := v.Float64(); err == nil {
			return f
		}
	}
	return v
}
