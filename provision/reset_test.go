package provision

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// doomed is a cluster of hosts whose nodes run in this process, with an API of which every control
// plane knows.
type doomed struct {
	*Run
	told    *reports
	hosts   map[string]*fakeHost
	away    map[string]bool
	mu      sync.Mutex
	deleted []string        // paths of objects that were deleted from the API
	broken  map[string]bool // hosts that cannot change their units
	enabled map[string]bool // hosts with an enabled containerd
}

// doom makes the hosts of the cluster with three control planes: all have data, and a file that the
// tool has made.
func doom(t *testing.T, limit ...string) *doomed {
	t.Helper()
	c := fixture.Parse(t, fixture.Ha)
	d := &doomed{
		told: &reports{}, hosts: map[string]*fakeHost{},
		away: map[string]bool{}, broken: map[string]bool{}, enabled: map[string]bool{"m3": true},
	}
	kubeconfig := d.serveAPI(t)
	for _, h := range c.Hosts {
		f := newHost(t, h.Name)
		f.answers = func(argv []string) ([]byte, error) { return d.answer(h.Name, argv) }
		f.Host = h
		write(t, filepath.Join(f.root, "/proc/self/mountinfo"), "")
		write(t, filepath.Join(f.root, "/etc/old.conf"), "theirs")
		made := []resource.Resource{
			file(host.ClusterMark, c.Name), file("/etc/new.conf", "ours"), file("/etc/old.conf", "ours"),
			file("/etc/kubernetes/pki/ca.crt", "data"),
		}
		units := map[string]string{"kubelet.service": "/var/lib/kubelet", "containerd.service": "/var/lib/containerd"}
		if h.Has(inventory.ControlPlane) {
			units["etcd.service"], units["kube-apiserver.service"] = component.EtcdData, "/etc/kubernetes"
		}
		for unit, dir := range units {
			made = append(made, kinds.Before{Path: dir, Unit: unit}, file(component.OwnDropIn(unit).Path, "ours"))
		}
		if err := f.Client.Converge(t.Context(), "make", made, nil); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(f.root, "/var/lib/kubelet/config.yaml"), "data")
		if h.Has(inventory.ControlPlane) {
			write(t, filepath.Join(f.root, component.Admin), kubeconfig)
			write(t, filepath.Join(f.root, component.EtcdData, "member", "wal"), "data")
		}
		f.Facts = host.Facts{Cluster: c.Name}
		d.hosts[h.Name] = f
	}
	d.Run = d.again(c, limit...)
	return d
}

// again is another run on the same hosts.
func (d *doomed) again(c *inventory.Cluster, limit ...string) *Run {
	r := &Run{
		Cluster: c, Scope: Scope{Hosts: limit}, Unreached: map[string]error{},
		options: fleet.Options{Report: d.told.take},
	}
	r.dial = func(_ context.Context, hosts []inventory.Host, _ fleet.Options, _ bool) (fleet.Fleet, error) {
		var failures plan.Failures
		reached := fleet.Fleet{}
		for _, h := range hosts {
			if d.away[h.Name] {
				failures = append(failures, unreachedBy(h.Name))
			} else {
				reached[h.Name] = d.hosts[h.Name].Machine
			}
		}
		return reached, failures.ErrOrNil()
	}
	return r
}

// answer is what the programs of a host say: nothing runs.
func (d *doomed) answer(name string, argv []string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case argv[0] != "systemctl":
		return nil, fmt.Errorf("unexpected program: %q", argv)
	case argv[1] != "show" && d.broken[name]:
		return nil, fmt.Errorf("%q: the disk is full", argv)
	case argv[1] != "show":
		if slices.Contains(argv, "enable") || slices.Contains(argv, "disable") {
			d.enabled[name] = slices.Contains(argv, "enable")
		}
		return nil, nil
	}
	var blocks []string
	for _, unit := range argv[5:] {
		state := "disabled"
		if d.enabled[name] && unit == "containerd.service" {
			state = "enabled"
		}
		blocks = append(
			blocks, "LoadState=loaded\nActiveState=inactive\nSubState=dead\nMainPID=0\nUnitFileState="+state+"\n",
		)
	}
	return []byte(strings.Join(blocks, "\n")), nil
}

// serveAPI starts an API that has a node for each name that it is asked for, until that is deleted,
// and returns the kubeconfig for it.
func (d *doomed) serveAPI(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		switch {
		case slices.Contains(d.deleted, r.URL.Path):
			http.Error(w, `{"kind":"Status","message":"not found"}`, http.StatusNotFound)
		case r.Method == http.MethodDelete:
			d.deleted = append(d.deleted, r.URL.Path)
			fmt.Fprint(w, `{"kind":"Status"}`)
		default:
			fmt.Fprintf(w, `{"apiVersion":"v1","kind":"Node","metadata":{"name":%q}}`, filepath.Base(r.URL.Path))
		}
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)
	pair := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	cert := encode("CERTIFICATE", pair.Certificate[0])
	return fmt.Sprintf(`current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: a, user: {client-certificate-data: %s, client-key-data: %s}}]
`, server.URL, cert, cert, encode("PRIVATE KEY", key))
}

// files are the files of a host, with their contents, but for those in memory.
func (d *doomed) files(t *testing.T, name string) map[string]string {
	t.Helper()
	root, found := d.hosts[name].root, map[string]string{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(path, root+"/proc/") || strings.HasPrefix(path, root+"/run/") {
			return err
		}
		text, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, root)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// isReset reports whether a host is as it was before, with what was there then.
func (d *doomed) isReset(t *testing.T, name string) bool {
	t.Helper()
	return cmp.Equal(d.files(t, name), map[string]string{"/etc/old.conf": "theirs"})
}

// TestResetOfAWorker: the first control plane is down, and another takes the node out of the
// cluster.
func TestResetOfAWorker(t *testing.T) {
	d := doom(t, "w1")
	d.away["m1"] = true
	before := d.files(t, "m2")
	if err := goThrough(t.Context(), d.Run, Reset(nil, false)); err != nil {
		t.Fatal(err)
	}
	summary, err := d.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (plan.Outcome{Finished: []string{"w1"}}); !cmp.Equal(summary.Outcome, want) ||
		summary.Changed["w1"] == 0 {
		t.Errorf("outcome %+v, changed %v", summary.Outcome, summary.Changed)
	}
	if !slices.Equal(d.deleted, []string{
		"/api/v1/nodes/w1",
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kbootstrap:kube-router:w1",
		"/apis/rbac.authorization.k8s.io/v1/clusterroles/kbootstrap:flannel:w1",
		"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/kbootstrap:flannel:w1",
	}) {
		t.Errorf("deleted from the API: %q", d.deleted)
	}
	if !d.isReset(t, "w1") {
		t.Errorf("left on w1: %v", d.files(t, "w1"))
	}
	if diff := cmp.Diff(before, d.files(t, "m2")); diff != "" {
		t.Errorf("m2 was changed:\n%s", diff)
	}
	i := slices.IndexFunc(d.told.events, func(e fleet.Event) bool { return e.Kind == fleet.EventWarning })
	if i < 0 || !strings.Contains(d.told.events[i].Text, "m2 is asked in its place") {
		t.Errorf("no warning is given: %+v", d.told.events)
	}

	again := d.again(d.Cluster, "w1")
	if err := goThrough(t.Context(), again, Reset(nil, false)); err != nil {
		t.Fatal(err)
	}
	if summary, err := again.Apply(t.Context()); err != nil || summary.Total() != 0 ||
		len(summary.Outcome.Finished) != 1 {
		t.Errorf("a second run: %+v, %v", summary, err)
	}
}

// TestResetWithoutSomeHosts: a host that cannot be reached, or where something fails, is a failure,
// and the others are reset. The next run finishes it.
func TestResetWithoutSomeHosts(t *testing.T) {
	d := doom(t)
	d.away["w1"], d.broken["m3"] = true, true
	if err := goThrough(t.Context(), d.Run, Reset(nil, false)); err != nil {
		t.Fatal(err)
	}
	summary, err := d.Apply(t.Context())
	if got := errorsOf(err).Hosts(); !slices.Equal(got, []string{"w1", "m3"}) {
		t.Errorf("failed: %v", err)
	}
	want := plan.Outcome{Finished: []string{"m1", "m2"}, Failed: []string{"m3", "w1"}}
	if diff := cmp.Diff(want, summary.Outcome); diff != "" {
		t.Error(diff)
	}
	kept := d.hosts["m3"].read(t, "/var/lib/etcd/member/wal") != ""
	if !d.isReset(t, "m1") || !d.isReset(t, "m2") || !kept || len(d.deleted) > 0 {
		t.Errorf("m1: %v\nm3: %v\ndeleted: %q", d.files(t, "m1"), d.files(t, "m3"), d.deleted)
	}

	d.away, d.broken = map[string]bool{}, map[string]bool{}
	again := d.again(d.Cluster)
	if err := goThrough(t.Context(), again, Reset(nil, false)); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name := range d.hosts {
		if !d.isReset(t, name) {
			t.Errorf("left on %s: %v", name, d.files(t, name))
		}
	}
}

// TestPlanReset: the plan of a reset is made, and nothing is changed.
func TestPlanReset(t *testing.T) {
	d := doom(t, "w1")
	before := d.files(t, "w1")
	if err := goThrough(t.Context(), d.Run, PlanReset(false)); err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, s := range d.Plan.Steps {
		for _, c := range s.Changes() {
			changes = append(changes, s.About()+" "+s.Component.Name+": "+c.Wanted.ID())
		}
	}
	for _, want := range []string{
		"w1 leave: object Node w1", "w1 remove: data /var/lib/kubelet", "w1 forget: tree /var/lib/kbootstrap",
	} {
		if !slices.Contains(changes, want) {
			t.Errorf("%q is not in the plan:\n%s", want, strings.Join(changes, "\n"))
		}
	}
	if diff := cmp.Diff(before, d.files(t, "w1")); diff != "" || len(d.deleted) > 0 {
		t.Errorf("something was changed: %q\n%s", d.deleted, diff)
	}
}

// TestResetRefuses: nothing is changed on the hosts of another cluster, without a control plane
// that hosts can leave, and of what the rest cannot do without; nor where the user does not
// confirm.
func TestResetRefuses(t *testing.T) {
	no := errors.New("not confirmed")
	for _, test := range []struct {
		what  string
		limit []string
		away  []string
		token string // of the cluster that m2 belongs to
		mark  string // the same, by the tool's own mark
		ask   func(*Run) error
		want  func(error) bool
	}{
		{what: "another cluster", token: "kbootstrap-other", want: fault.OtherCluster.Is},
		{
			what: "a worker, and the control plane is of another cluster", limit: []string{"w1"}, away: []string{"m1"},
			token: "kbootstrap-other", want: fault.OtherCluster.Is,
		},
		{
			what: "no control plane", limit: []string{"w1"}, away: []string{"m1", "m2", "m3"},
			want: func(err error) bool { return slices.Equal(errorsOf(err).Hosts(), []string{"m1"}) },
		},
		{what: "a host with the mark of another cluster", mark: "other", want: fault.OtherCluster.Is},
		{what: "a member", limit: []string{"m2"}, want: fault.RefusedReset.Is},
		{
			what: "not confirmed", ask: func(*Run) error { return no },
			want: func(err error) bool { return errors.Is(err, no) },
		},
	} {
		d := doom(t, test.limit...)
		for _, name := range test.away {
			d.away[name] = true
		}
		d.hosts["m2"].Facts = host.Facts{EtcdBootstrapped: test.token, Cluster: test.mark}
		before := d.files(t, "w1")
		if err := goThrough(t.Context(), d.Run, Reset(test.ask, false)); !test.want(err) {
			t.Errorf("%s: got %v", test.what, err)
		}
		if diff := cmp.Diff(before, d.files(t, "w1")); diff != "" || len(d.deleted) > 0 {
			t.Errorf("%s: something was changed: %q\n%s", test.what, d.deleted, diff)
		}
		if test.token+test.mark != "" { // who only plans is told
			d.Run = d.again(d.Cluster, test.limit...)
			if err := goThrough(t.Context(), d.Run, PlanReset(false)); err != nil ||
				!fault.OtherCluster.Is(d.Refusals) {
				t.Errorf("%s, planned: %v, %v", test.what, err, d.Refusals)
			}
		}
	}
}

// TestResetOfOthers: a host on which nothing of the tool ever ran is left alone, with all that it
// has, whoever made its Kubernetes; and hosts with other authorities than those of the state
// directory are refused.
func TestResetOfOthers(t *testing.T) {
	d := doom(t)
	bare := newHost(t, "w1")
	bare.answers = func(argv []string) ([]byte, error) { return nil, fmt.Errorf("unexpected program: %q", argv) }
	bare.Host = d.hosts["w1"].Host
	theirs := map[string]string{
		"/var/lib/docker/volumes/app/_data/f": "precious", "/etc/cni/net.d/87-podman.conflist": "{}",
		"/etc/kubernetes/pki/ca.crt": "of kubeadm", "/var/lib/kubelet/config.yaml": "theirs",
	}
	write(t, filepath.Join(bare.root, "/proc/self/mountinfo"), "")
	for path, text := range theirs {
		write(t, filepath.Join(bare.root, path), text)
	}
	d.hosts["w1"] = bare
	if err := goThrough(t.Context(), d.Run, Reset(nil, true)); err != nil {
		t.Fatal(err)
	}
	if got := d.LeftAlone(); !slices.Equal(got, []string{"w1"}) || d.RemovesNothing() || d.Proof == "" {
		t.Errorf("left alone: %q; nothing to do: %v; proof %q", got, d.RemovesNothing(), d.Proof)
	}
	if _, err := d.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(theirs, maps.Clone(without(d.files(t, "w1"), "/proc/self/mountinfo"))); diff != "" {
		t.Errorf("a host that the tool never changed is changed:\n%s", diff)
	}
	again := d.again(d.Cluster)
	if err := goThrough(t.Context(), again, Reset(nil, true)); err != nil || !again.RemovesNothing() {
		t.Errorf("a second reset has something to do, %v", err)
	}
}

// without is a map without a key.
func without(m map[string]string, key string) map[string]string {
	m = maps.Clone(m)
	delete(m, key)
	return m
}
