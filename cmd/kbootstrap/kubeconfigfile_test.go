package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// ownKubeconfig is one as the state directory has it.
const ownKubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: demo, cluster: {server: "https://192.0.2.11:6443"}}]
users: [{name: kubernetes-admin@demo, user: {client-key-data: c2VjcmV0}}]
contexts: [{name: demo, context: {cluster: demo, user: kubernetes-admin@demo}}]
current-context: demo
`

// TestMergeKeepsOthers: to another parser, the one that kubectl has, everything of others is what
// it was, whatever it looks like.
func TestMergeKeepsOthers(t *testing.T) {
	others := map[string]string{
		"words": `{users: [{name: "1e3", user: {exec: {args: ["on", "0123", "0x1f", "null", "~", "", " a ", "a: b", "#c",
  "- d", "2026-01-02", "1_000", "yes", "=", "<<", "\u00e9\ttab"]}}}]}`,
		"values": `extensions:
- {name: x, extension: {a: 1, b: 1.5, c: true, d: null, e: [], f: {}, g: 123456789012345678}}`,
		"lines": "users:\n- name: pem\n  user:\n    token: |\n      one\n      two\n\n      three\n" +
			"    other: >-\n      folded\n      text\n",
		"json": `{"kind": "Config", "apiVersion": "v1", "preferences": {},
  "contexts": [{"name": "a", "context": {"namespace": "1"}}]}`,
		"nothing": "",
		"old demo": "clusters:\n- name: other\n  cluster: {server: x}\n" +
			"- name: demo\n  cluster: {server: old, insecure-skip-tls-verify: true}\n",
		"null lists": "clusters: null\nusers:\ncontexts: ~\n",
	}
	own, err := parseKubeconfig([]byte(ownKubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range others {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := mergeKubeconfig(path, own, false)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(withoutDemo(t, []byte(text)), withoutDemo(t, m.after)); d != "" {
			t.Errorf("%s: -before +after\n%s\n%s", name, d, m.after)
		}
		if strings.Count(string(m.after), "name: demo\n") != 2 || strings.Contains(m.diff, "c2VjcmV0") {
			t.Errorf("%s: merged\n%s\nshown\n%s", name, m.after, m.diff)
		}
		if _, err := m.write(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		again, err := mergeKubeconfig(path, own, false)
		if err != nil || again.diff != "" {
			t.Errorf("%s: again: %v\n%s", name, err, again.diff)
		}
	}
}

// TestWriteWaitsForNobody: a file that is changed or locked meanwhile is left alone.
func TestWriteWaitsForNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	m := merged{before: []byte("a: b\n"), after: []byte("c: d\n")}
	if _, err := m.write(path); err == nil || !strings.Contains(err.Error(), "has changed it meanwhile") {
		t.Errorf("a file that has gone: %v", err)
	}
	if _, err := os.Stat(path + ".lock"); err == nil {
		t.Error("the lock is left")
	}
}

// withoutDemo is a kubeconfig without the entries of the cluster, and what every kubeconfig has.
func withoutDemo(t *testing.T, text []byte) map[string]any {
	t.Helper()
	all := map[string]any{}
	if err := yaml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	delete(all, "apiVersion")
	delete(all, "kind")
	delete(all, "current-context")
	for _, list := range kubeconfigLists {
		entries, _ := all[list].([]any)
		all[list] = slices.DeleteFunc(append([]any{}, entries...), func(e any) bool {
			name, _ := e.(map[string]any)["name"].(string)
			return strings.HasSuffix(name, "demo")
		})
	}
	return all
}
