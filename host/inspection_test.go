package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInspect: processes with their flags, the files and documents that these name, and no secrets.
func TestInspect(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"proc/12/cmdline": "kube-apiserver\x00--profiling=false\x00--audit_log_maxage\x0030\x00--v\x00" +
			"--key=/etc/x.key\x00" +
			"--encryption-provider-config=/etc/enc.yaml\x00",
		"proc/12/environ":   "ETCD_NAME=a\x00HOME=/root\x00",
		"proc/12/status":    "Name:\tx\nUid:\t0\t33\t0\t0\nNoNewPrivs:\t1\nCapBnd:\t0000000000000400\n",
		"proc/12/limits":    "Max core file size        0                    0                    bytes\n",
		"proc/12/cgroup":    "0::/system.slice/kube-apiserver.service\n",
		"proc/13/cmdline":   "kube-apiserver\x00",
		"proc/13/cgroup":    "0::/kubepods/pod1\n",
		"proc/net/tcp":      "  0: 0100007F:1F90 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n",
		"etc/x.key":         "",
		"etc/enc.yaml":      "resources:\n- providers:\n  - secretbox: {keys: [{name: a, secret: c2VjcmV0}]}\n",
		"etc/broken.yaml":   "a: [secret-value",
		"etc/kubelet.conf":  "users: [{user: {token: abcdef, client-key-data: Zm9v}}]\n",
		"etc/passwd":        "root:x:0:0::/root:/bin/sh\n",
		"etc/group":         "root:x:0:\n",
		"var/networks/a/ip": "",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "proc/12/fd"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("socket:[4711]", filepath.Join(root, "proc/12/fd/3")); err != nil {
		t.Fatal(err)
	}
	sys := NewSystem(root, nil, nil, nil)
	found := sys.Inspect(t.Context(), InspectionQuery{
		Programs: []string{"kube-apiserver"}, Variables: []string{"ETCD_"}, Files: []string{"/var/networks/**"},
		Documents: []string{"/etc/*.conf", "/etc/broken.yaml"}, DocumentFlags: []string{"encryption-provider-config"},
	})
	if len(found.Processes) != 1 {
		t.Fatalf("processes: %+v", found.Processes)
	}
	p := found.Processes[0]
	want := []Flag{{"profiling", "false"}, {"audit-log-maxage", "30"}, {"v", "true"}, {"key", "/etc/x.key"},
		{"encryption-provider-config", "/etc/enc.yaml"}}
	if !slices.Equal(p.Flags(), want) {
		t.Errorf("flags: %v", p.Flags())
	}
	if p.UID != 33 || !p.NoNewPrivileges || p.Bounding != 0x400 || p.Core != "0" ||
		p.Unit != "kube-apiserver.service" ||
		len(p.Env) != 1 || len(p.Listens) != 1 || p.Listens[0].String() != "127.0.0.1:8080" {
		t.Errorf("process: %+v", p)
	}
	for _, path := range []string{"/etc/x.key", "/etc/enc.yaml", "/etc/kubelet.conf", "/var/networks",
		"/var/networks/a/ip"} {
		if f, ok := found.File(path); !ok || f.Err != "" || f.Mode == 0 {
			t.Errorf("%s: %+v", path, f)
		}
	}
	broken, _ := found.Document("/etc/broken.yaml")
	if broken.Err == "" || strings.Contains(broken.Err, "secret") {
		t.Errorf("broken: %+v", broken)
	}
	for _, path := range []string{"/etc/enc.yaml", "/etc/kubelet.conf"} {
		d, ok := found.Document(path)
		text := strings.ToLower(strings.Join(strings.Fields(textOf(d.Value)), ""))
		if !ok || strings.Contains(text, "c2vjcmv0") || strings.Contains(text, "abcdef") || strings.Contains(text,
			"zm9v") ||
			!strings.Contains(text, hidden) {
			t.Errorf("%s: %v", path, d)
		}
	}
}

func textOf(value any) string {
	switch value := value.(type) {
	case map[string]any:
		var all []string
		for k, v := range value {
			all = append(all, k, textOf(v))
		}
		return strings.Join(all, " ")
	case []any:
		var all []string
		for _, v := range value {
			all = append(all, textOf(v))
		}
		return strings.Join(all, " ")
	case string:
		return value
	}
	return ""
}
