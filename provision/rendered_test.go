package provision

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kbootstrap/internal/fixture"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/kube"
	"kbootstrap/provision/fleet"
	"kbootstrap/resource/api"
)

// rendered renders an inventory with artifacts of tests.
func rendered(t *testing.T, text string) Rendering {
	t.Helper()
	c := fixture.Parse(t, text)
	return renderedOf(t, c)
}

func renderedOf(t *testing.T, c *inventory.Cluster) Rendering {
	t.Helper()
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	fixture.Resolve(t, c)
	var out Rendering
	r, err := Prepare(t.Context(), c, Scope{}, fleet.Options{}, Render(AssumedFacts("amd64"), &out)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return out
}

// everyAddOn turns on what is off by default.
const everyAddOn = `
addons:
  registry: {enabled: true, host: cp1}
  ingress: {enabled: true, hosts: [cp1]}
  ui: {enabled: true}
  nfs: {enabled: true}
  logging: {enabled: true}
  monitoring: {enabled: true}
`

// TestRenderingsAreEqual: of two directories, with nothing in common but the inventory.
func TestRenderingsAreEqual(t *testing.T) {
	for name, text := range fixture.EveryInventory() {
		t.Run(name, func(t *testing.T) {
			first, err := rendered(t, text).Files()
			if err != nil {
				t.Fatal(err)
			}
			second, err := rendered(t, text).Files()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(first, second); d != "" {
				t.Error(d)
			}
			var list strings.Builder
			for _, f := range first {
				list.WriteString(f.Path + "\n")
			}
			golden.File(t, path.Join("testdata", "rendered-"+name+".golden"), list.String())
		})
	}
}

// TestRenderingHasNoSecrets: no PEM, no word in base64, and nothing of a user's Secret.
func TestRenderingHasNoSecrets(t *testing.T) {
	c := fixture.Parse(t, fixture.Small+everyAddOn)
	c.AddOns.Manifests = []inventory.Manifest{{JSON: []byte(`{"apiVersion":"v1","kind":"Secret","metadata":` +
		`{"name":"mine","namespace":"default",` +
		`"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"hush"}},` +
		`"stringData":{"a":"hush"},"data":{"b":"aHVzaA=="}}`)}}
	files, err := renderedOf(t, c).Files()
	if err != nil {
		t.Fatal(err)
	}
	// The last is what our words begin with in base64
	secret := regexp.MustCompile(`-----BEGIN |hush|aHVzaA|PG5vdCB3cml0dGVu`)
	words := 0
	for _, f := range files {
		if found := secret.Find(f.Content); found != nil {
			t.Errorf("%s has %s", f.Path, found)
		}
		words += bytes.Count(f.Content, []byte("<not written, "))
	}
	if words < 60 {
		t.Errorf("%d words in the place of secrets", words)
	}
}

// TestRenderedManifests: what is written as YAML is, to another parser, the object that the cluster
// gets, except for Secrets and what is in words.
func TestRenderedManifests(t *testing.T) {
	r := rendered(t, fixture.Small+everyAddOn)
	files, err := r.Files()
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]any{}
	for _, f := range files {
		if !strings.HasPrefix(f.Path, "cluster/") {
			continue
		}
		for d := yaml.NewDecoder(bytes.NewReader(f.Content)); ; {
			var object map[string]any
			if err := d.Decode(&object); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", f.Path, err)
			}
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			read[api.Object{Manifest: text}.ID()] = object
		}
	}
	compared := 0
	for _, s := range r.Plan.Steps {
		for _, w := range s.Wanted {
			o, ok := w.(api.Object)
			if !ok || o.Early || o.Absent {
				continue
			}
			m, err := kube.ParseManifest(o.Manifest)
			if err != nil {
				t.Fatal(err)
			}
			if m.Kind == "Secret" {
				hideData(m.Fields, false)
			}
			want, err := json.Marshal(plain(m.Fields, r.words))
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(read[o.ID()])
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s: -cluster +file\n%s", o.ID(), d)
			}
			compared++
		}
	}
	if compared < 40 {
		t.Errorf("%d objects", compared)
	}
}
