package provision

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/resource"
	"kbootstrap/release"
)

const (
	// small is the smallest cluster with a node of each kind.
	small = `
cluster: small
kubernetes: v1.36.3
hosts:
  - {name: cp1, address: 192.168.56.11, roles: [etcd, control-plane]}
  - {name: w1, address: 192.168.56.21, roles: [worker]}
`
	// ha survives the loss of a control plane, and has no docker.
	ha = `
cluster: ha
kubernetes: v1.36.3
runtime: containerd
hosts:
  - {name: m1, address: 192.168.56.11, roles: [etcd, control-plane]}
  - {name: m2, address: 192.168.56.12, roles: [etcd, control-plane]}
  - {name: m3, address: 192.168.56.13, roles: [etcd, control-plane]}
  - {name: w1, address: 192.168.56.21, roles: [worker]}
`
	// allInOne is a single host that is everything, with the kubelet on docker.
	allInOne = `
cluster: one
kubernetes: v1.36.3
cri: dockerd
hosts:
  - {name: all, address: 192.168.56.11, roles: [etcd, control-plane, worker]}
`
	// custom has everything that an inventory can ask for.
	custom = `
cluster: custom
kubernetes: v1.36.3
network:
  pods: 10.32.0.0/16
  services: 10.64.0.0/20
  nodePorts: 20000-22767
  apiPort: 8443
  domain: k8s.example.org
  flannel: {backend: host-gw}
firewall: leave
arguments:
  etcd: {heartbeat-interval: "250"}
  dockerd: {log-level: warn}
  kube-apiserver: {audit-log-maxage: "7", v: "4"}
  kube-controller-manager: {kube-api-qps: "50"}
  kube-scheduler: {v: "2"}
  kubelet: {v: "3"}
  kube-proxy: {v: "1"}
  flanneld: {v: "5"}
hosts:
  - {name: cp1, address: 192.168.56.11, roles: [etcd, control-plane], labels: {tier: control}}
  - name: w1
    address: 192.168.56.21
    roles: [worker]
    labels: {disk: ssd}
    taints: [dedicated=db:NoSchedule]
`
)

// parse reads an inventory, whose state is in a directory of the test.
func parse(t *testing.T, text string) *inventory.Cluster {
	t.Helper()
	c, err := inventory.Parse(filepath.Join(t.TempDir(), "hosts.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// edited is a text in which one thing is another, which must be there.
func edited(t *testing.T, text, old, with string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is not in the text once", old)
	}
	return strings.Replace(text, old, with, 1)
}

// targetsOf are the hosts of an inventory, as Prepare would find them: all alike, new, and with everything to be had.
func targetsOf(t *testing.T, text string) []Target {
	t.Helper()
	c := parse(t, text)
	return targetsWith(c, issue(t, c), resolve(t, c))
}

func targetsWith(c *inventory.Cluster, pki *certs.PKI, set *release.Set) []Target {
	var targets []Target
	for _, h := range c.Hosts {
		targets = append(targets, Target{
			Cluster: c, Host: h, Release: set, PKI: pki, EtcdNew: true, Upstream: true,
			Facts: node.Facts{
				Hostname: h.Name, Arch: "amd64", Cgroup: 2, Resolv: "/etc/resolv.conf", ConntrackWritable: true,
				OS: node.OS{ID: "debian", VersionID: "12", Name: "Debian GNU/Linux 12 (bookworm)"},
			},
		})
	}
	return targets
}

func issue(t *testing.T, c *inventory.Cluster) *certs.PKI {
	t.Helper()
	store, err := certs.At(filepath.Join(c.StateDir(), "pki"))
	if err != nil {
		t.Fatal(err)
	}
	pki, err := store.Preview(c, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Keep(pki); err != nil {
		t.Fatal(err)
	}
	return pki
}

// resolve makes a mirror of small files that stand for the artifacts of the cluster, locks them, and resolves them as a
// run does. The contents depend on nothing but their names.
func resolve(t *testing.T, c *inventory.Cluster) *release.Set {
	t.Helper()
	dir := t.TempDir()
	c.Artifacts = inventory.Artifacts{Mirror: filepath.Join(dir, "mirror"), Lock: filepath.Join(dir, "artifacts.lock")}
	o := release.Options{CacheDir: filepath.Join(dir, "cache")}
	unlocked := *c
	unlocked.Artifacts.Lock = ""
	list, err := release.List(&unlocked, "amd64", o)
	if err != nil {
		t.Fatal(err)
	}
	lock := release.Lock{Version: 1}
	for _, a := range list {
		file := filepath.Join(c.Artifacts.Mirror, strings.TrimPrefix(a.URL, "https://"))
		content := binary(strings.TrimSuffix(path.Base(file), path.Ext(file)))
		if strings.HasSuffix(file, "gz") {
			content = archive(t, a)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		lock.Artifacts = append(lock.Artifacts, release.LockedEntry{
			URL: a.URL, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content)),
		})
	}
	if err := lock.Write(c.Artifacts.Lock); err != nil {
		t.Fatal(err)
	}
	set, err := release.Resolve(t.Context(), c, "amd64", o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// binary is what stands for a program.
func binary(name string) []byte { return []byte("\x7fELF " + name) }

// archive is an archive of every program that any of the archives has.
func archive(t *testing.T, a release.Artifact) []byte {
	t.Helper()
	prefixes := map[string]string{
		"etcd": "etcd-v" + a.Version + "-linux-amd64/", "containerd": "bin/", "docker": "docker/", "cri-dockerd": "cri-dockerd/",
	}
	names := []string{
		"etcd", "etcdctl", "etcdutl", "containerd", "ctr", "containerd-shim-runc-v2", "bridge", "host-local", "loopback",
		"portmap", "flanneld", "docker", "dockerd", "docker-proxy", "docker-init", "cri-dockerd",
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, name := range names {
		content := binary(name)
		header := tar.Header{Name: prefixes[a.Component] + name, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(content))}
		if err := w.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// everyInventory is the inventories above by name, for laws that hold of every plan.
func everyInventory() map[string]string {
	return map[string]string{"small": small, "ha": ha, "one": allInOne, "custom": custom}
}

// stepOf is the step of a component on a host.
func stepOf(t *testing.T, p Plan, component, host string) Step {
	t.Helper()
	i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Component.Name == component && s.Target.Host.Name == host })
	if i < 0 {
		t.Fatalf("the plan has no %s on %s", component, host)
	}
	return p.Steps[i]
}

// planOf is a plan of components without resources, each on every host.
func planOf(hosts int, components ...Component) Plan {
	c := &inventory.Cluster{Name: "test"}
	for i := range hosts {
		c.Hosts = append(c.Hosts, inventory.Host{Name: fmt.Sprintf("m%d", i+1)})
	}
	var p Plan
	for _, component := range components {
		for _, h := range c.Hosts {
			p.Steps = append(p.Steps, Step{Component: component, Target: Target{Cluster: c, Host: h}})
		}
	}
	return p
}

// running is the plan with a service of each of its steps found running, and to be restarted.
func running(p Plan) Plan {
	for i := range p.Steps {
		p.Steps[i].Found = listOf(resource.Service{Name: "x.service", Running: true})
		p.Steps[i].Wanted = listOf(resource.Service{Name: "x.service", Running: true, Config: "new"})
	}
	return p
}

// place is a component and its host.
func place(s Step) string { return s.Component.Name + "@" + s.Target.Host.Name }

// listOf makes a list of resources.
func listOf(rs ...resource.Resource) []resource.Resource { return rs }

// record notes the steps that began and ended, in their order.
type record struct {
	mu     sync.Mutex
	events []string
}

func (r *record) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, text)
}

func (r *record) index(text string) int { return slices.Index(r.events, text) }
