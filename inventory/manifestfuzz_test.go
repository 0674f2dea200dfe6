package inventory

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// FuzzManifests feeds anything to the reader of manifests. It must not panic; what it refuses has a
// place in the file, and what it takes is an object by its name.
func FuzzManifests(f *testing.F) {
	files, err := filepath.Glob("testdata/manifests/*/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"a.yaml", "a.json"} {
			file := manifestFile{name: name}
			for _, m := range file.parse(data) {
				var object struct {
					APIVersion, Kind string
					Metadata         struct{ Name string }
				}
				if err := json.Unmarshal(m.JSON, &object); err != nil || object.Kind != m.Kind ||
					object.Metadata.Name != m.Name || m.Name == "" {
					t.Errorf("%s: %s is %+v: %v", m, m.JSON, object, err)
				}
			}
			for _, p := range file.problems {
				if p.Message == "" || p.File != name || p.Line < 0 {
					t.Errorf("%+v", p)
				}
			}
		}
	})
}
