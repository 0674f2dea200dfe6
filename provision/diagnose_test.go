package provision

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/internal/trial"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestDiagnosed: a service that fails of a known cause says which, who is to blame, and where it is
// written.
func TestDiagnosed(t *testing.T) {
	journal, err := os.ReadFile(filepath.Join("diagnosis", "testdata", "port-etcd.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		journal string
		code    fault.Code
		want    []string
	}{
		{string(journal), fault.PortInUse, []string{
			"m1: etcd: port 32379 is in use by nc (pid 812)\n", "service etcd.service: waited ",
			"\njournal of etcd.service:\n  > ",
			"m1 etcd[7]: fatal: discovery failed: listen tcp 127.0.0.1:32379: bind: address already in use",
		}},
		{
			"nothing that anybody knows", fault.ServiceNotStarted,
			[]string{"m1: etcd: service etcd.service: waited ", "m1 etcd[7]: nothing that anybody knows"},
		},
	} {
		h := newHost(t, "m1")
		h.end()
		// The tables of the kernel say who listens on 32379, which is 7E7B in hex.
		for name, content := range map[string]string{
			"proc/net/tcp": "  sl  local_address\n   0: 0100007F:7E7B 00000000:0000 0A 00000000:00000000 " +
				"00:00000000 00000000     0        0 4711 1\n",
			"proc/812/comm": "nc\n",
			"etc/passwd":    "root:x:0:0::/:/bin/sh\n",
		} {
			write(t, filepath.Join(h.root, name), content)
		}
		if err := os.MkdirAll(filepath.Join(h.root, "proc/812/fd"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("socket:[4711]", filepath.Join(h.root, "proc/812/fd/3")); err != nil {
			t.Fatal(err)
		}
		h.answers = func(argv []string) ([]byte, error) {
			if argv[0] == "journalctl" {
				return trial.Journal(t, strings.Split(strings.TrimSpace(test.journal), "\n")...), nil
			}
			return []byte(
				"LoadState=loaded\nActiveState=failed\nSubState=failed\nMainPID=0\nUnitFileState=enabled\n",
			), nil
		}
		h.connect(t)
		wanted := func(string, string) []resource.Resource {
			return fixture.ListOf(resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "1"})
		}
		r := runOf(t, wanted, []*fakeHost{h}, component.Component{Name: "etcd"})
		_, err := r.Apply(t.Context())
		var failures plan.Failures
		if !errors.As(err, &failures) || len(failures) != 1 || fault.Of(failures[0]) != test.code ||
			failures[0].Hint() == "" {
			t.Fatalf("code %q, want %q: %v", fault.Of(err), test.code, err)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("it does not say %q: %v", want, err)
			}
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
