package certs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
)

const day = 24 * time.Hour

func TestIssueAgainWritesNothing(t *testing.T) {
	s, c := newStore(t), lab()
	first := issue(t, s, c, start)
	before := snapshot(t, s.dir)
	second := issue(t, open(t, s.dir), c, start.Add(day))
	if diff := cmp.Diff(before, snapshot(t, s.dir)); diff != "" {
		t.Errorf("the store has changed:\n%s", diff)
	}
	if diff := cmp.Diff(hostFiles(first, c), hostFiles(second, c)); diff != "" {
		t.Errorf("what the hosts get has changed:\n%s", diff)
	}
	if diff := cmp.Diff(string(first.Kubeconfig(c)), string(second.Kubeconfig(c))); diff != "" {
		t.Errorf("the kubeconfig has changed:\n%s", diff)
	}
}

// hostFiles is everything that all hosts get.
func hostFiles(p *PKI, c *inventory.Cluster) map[string][]File {
	files := map[string][]File{}
	for _, h := range c.Hosts {
		for _, component := range components {
			files[h.Name] = append(files[h.Name], p.Files(h, component)...)
		}
	}
	return files
}

func TestLife(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	cert := certificate(t, s, "hosts/w1/kubelet")
	if want := start.Add(-time.Hour); !cert.NotBefore.Equal(want) {
		t.Errorf("begins %s, want %s", cert.NotBefore, want)
	}
	if want := start.Add(365 * day); !cert.NotAfter.Equal(want) {
		t.Errorf("ends %s, want %s", cert.NotAfter, want)
	}
}

// TestRenewal: nothing happens until two thirds of a year have passed; then every certificate gets
// a new key.
func TestRenewal(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	before := snapshot(t, s.dir)

	lastThird := start.Add(365 * day * 2 / 3)
	issue(t, s, c, lastThird)
	if names := changed(before, snapshot(t, s.dir)); len(names) > 0 {
		t.Errorf("renewed too soon: %v", names)
	}

	issue(t, s, c, lastThird.Add(time.Minute))
	after := snapshot(t, s.dir)
	for name, text := range before {
		switch filepath.Ext(name) {
		case ".crt", ".key", ".pub":
			isAuthority := strings.HasSuffix(name, "ca.crt") || strings.HasSuffix(name, "ca.key") ||
				strings.HasPrefix(name, "sa.")
			if (after[name] == text) != isAuthority {
				t.Errorf("%s: same as before: %t, want %t", name, after[name] == text, isAuthority)
			}
		}
	}
}

// TestNeverOutlivesAuthority: when an authority has little left, so have its certificates; and even
// the last hour's do not make every run issue again.
func TestNeverOutlivesAuthority(t *testing.T) {
	for _, left := range []time.Duration{100 * day, time.Hour, 10 * time.Minute, time.Second} {
		t.Run(left.String(), func(t *testing.T) {
			s, c := newStore(t), lab()
			issue(t, s, c, start)
			ca := certificate(t, s, "ca")
			now := ca.NotAfter.Add(-left)
			issue(t, s, c, now)
			if got := certificate(t, s, "hosts/w1/kubelet").NotAfter; !got.Equal(ca.NotAfter) {
				t.Errorf("ends %s, want %s as its authority", got, ca.NotAfter)
			}
			before := snapshot(t, s.dir)
			issue(t, s, c, now)
			if names := changed(before, snapshot(t, s.dir)); len(names) > 0 {
				t.Errorf("issued again at once: %v", names)
			}
		})
	}
}

// TestOnlyWhatChanged: a change of the inventory reissues what tells of it, and nothing else.
func TestOnlyWhatChanged(t *testing.T) {
	for name, test := range map[string]struct {
		change func(c *inventory.Cluster)
		want   []string
	}{
		"the address of a worker": {
			func(c *inventory.Cluster) { c.Hosts[2].Address = c.Hosts[2].Address.Next() },
			[]string{"hosts/w1/kubelet.crt"},
		},
		"the address of an etcd member": {
			func(c *inventory.Cluster) { c.Hosts[1].Address = c.Hosts[1].Address.Next() },
			[]string{"hosts/etcd1/etcd-peer.crt", "hosts/etcd1/etcd-server.crt", "hosts/etcd1/kubelet.crt"},
		},
		"a new worker": {
			func(c *inventory.Cluster) { add(c, "w2", "10.0.0.32", inventory.Worker) },
			[]string{"hosts/w2/flannel.crt", "hosts/w2/kube-proxy.crt", "hosts/w2/kube-router.crt",
				"hosts/w2/kubelet-client.crt", "hosts/w2/kubelet.crt"},
		},
		"a new control plane, which the others do not name": {
			func(c *inventory.Cluster) { c.Hosts[2].Roles = []inventory.Role{inventory.ControlPlane} },
			[]string{"hosts/w1/admin.crt", "hosts/w1/apiserver-etcd-client.crt",
				"hosts/w1/apiserver-kubelet-client.crt", "hosts/w1/apiserver.crt", "hosts/w1/controller-manager.crt",
				"hosts/w1/controller-manager-server.crt", "hosts/w1/front-proxy-client.crt", "hosts/w1/scheduler.crt",
				"hosts/w1/scheduler-server.crt"},
		},
		"the cluster domain": {func(c *inventory.Cluster) { c.Network.Domain = "k8s.lan" },
			[]string{"hosts/cp1/apiserver.crt"}},
		"a host removed":              {func(c *inventory.Cluster) { c.Hosts = c.Hosts[:2] }, nil},
		"the name of the cluster":     {func(c *inventory.Cluster) { c.Name = "other" }, nil},
		"the port of the API":         {func(c *inventory.Cluster) { c.Network.APIPort = 8443 }, nil},
		"the SSH address of a worker": {func(c *inventory.Cluster) { c.Hosts[2].SSH.Address = "w1.lan" }, nil},
		"the SSH address of a control": {func(c *inventory.Cluster) { c.Hosts[0].SSH.Address = "cp1.lan" },
			[]string{"hosts/cp1/apiserver.crt"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := newStore(t), lab()
			issue(t, s, c, start)
			before := snapshot(t, s.dir)
			test.change(c)
			issue(t, s, c, start)
			want := map[string]bool{}
			for _, name := range test.want {
				want[name] = true
			}
			if diff := cmp.Diff(want, changed(before, snapshot(t, s.dir))); diff != "" {
				t.Errorf("issued (-want +got):\n%s", diff)
			}
		})
	}
}

// TestNamesStayInTheStore: a name that would lead out of the store is an error, whoever let it
// through.
func TestNamesStayInTheStore(t *testing.T) {
	s, c := newStore(t), lab()
	c.Hosts[2].Name = "../../.."
	if _, err := previewAndKeep(s, c, start); err == nil {
		t.Fatal("no error")
	}
	entries, err := os.ReadDir(filepath.Dir(s.dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != "pki" && e.Name() != ".gitignore" {
			t.Errorf("%s was written outside the store", e.Name())
		}
	}
}
