package audit

import (
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"kbootstrap/inventory"
)

// TestKubeBench: the configuration has the keys that kube-bench reads: for each kind of host its
// components, and of each component its programs and files.
func TestKubeBench(t *testing.T) {
	files, err := KubeBench(&inventory.Cluster{Name: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	var config map[string]map[string]any
	if err := yaml.Unmarshal([]byte(files["cis-1.12/config.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"master", "node", "etcd", "controlplane"} {
		components, _ := config[kind]["components"].([]any)
		if len(components) == 0 {
			t.Errorf("%s has no components", kind)
		}
		for _, name := range components {
			part, _ := config[kind][name.(string)].(map[string]any)
			if bins, _ := part["bins"].([]any); len(bins) == 0 {
				t.Errorf("%s.%s has no bins", kind, name)
			}
			for key, value := range part {
				if path, ok := value.(string); ok && !strings.HasPrefix(path, "/") {
					t.Errorf("%s.%s.%s is %q", kind, name, key, path)
				}
			}
		}
	}
}
