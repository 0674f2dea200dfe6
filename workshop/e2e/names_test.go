//go:build e2e && hosts

package e2e

import (
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"kbootstrap/host/netns"
)

// proxied is a registry that only the proxy reaches.
const proxied = "registry.example.test"

// TestHostsNames: hosts with dots in their names, an interface with an MTU below 1500, and a proxy
// with a login as the only way to a registry.
func TestHostsNames(t *testing.T) {
	const plane, worker = "cp1.example.lan", "w1.example.lan"
	l := newLab(t, "names", "--domain", "example.lan", "--control-planes", "1", "--workers", "1")
	l.exec(worker, "ip", "link", "set", "eth1", "mtu", "1400")
	l.edit("artifacts: {mirror", "proxy: {http: \"http://user:hush%40@192.168.56.1:3128\"}\n"+
		"registries: {mirrors: {docker.io: [\"http://"+proxied+"\"]}}\nartifacts: {mirror")
	proxy := l.startProxy()
	if r := l.run(2*time.Minute, "plan", "-i", l.inventory); strings.Contains(r.stdout+r.stderr, "hush") {
		t.Errorf("the plan shows the password of the proxy")
	}
	l.up()
	l.upAgain()
	if got := l.exec(plane, "kubectl", "get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"); got !=
		plane+" "+worker {
		t.Errorf("the nodes are %q", got)
	}
	for host, want := range map[string]string{plane: "1450", worker: "1350"} {
		if got := strings.TrimSpace(l.exec(host, "cat", "/sys/class/net/flannel.1/mtu")); got != want {
			t.Errorf("%s: the MTU of the tunnel is %s, want %s", host, got, want)
		}
	}
	l.exec(plane, "kubectl", "run", "pulled", "--image=docker.io/library/busybox:proxied", "--overrides="+
		`{"spec":{"nodeName":"`+worker+`"}}`, "--", "sleep", "3600")
	l.exec(plane, "kubectl", "wait", "--for=condition=Ready", "pod/pulled", "--timeout=100s")
	if got := l.exec(plane, "kubectl", "exec", "pulled", "--", "cat", "/sys/class/net/eth0/mtu"); strings.TrimSpace(
		got) != "1350" {
		t.Errorf("the MTU of a pod is %s", got)
	}
	asked := proxy()
	if asked[proxied] == 0 || len(asked) != 1 {
		t.Errorf("the proxy was asked for %v, want %s alone", asked, proxied)
	}
	for _, path := range []string{"/etc/systemd/system/containerd.service.d/40-kbootstrap-proxy.conf",
		"/etc/systemd/system/docker.service.d/40-kbootstrap-proxy.conf", "/etc/kubernetes/packages.env"} {
		if mode := strings.TrimSpace(l.exec(worker, "stat", "-c", "%a %U", path)); mode != "600 root" {
			t.Errorf("%s: %s", path, mode)
		}
	}
	l.exits(0, "status", "-i", l.inventory)
}

// startProxy serves a proxy on the lab's bridge, behind which there is one registry. The result
// tells how often it was asked for which host, by those who know its login.
func (l *lab) startProxy() func() map[string]int {
	l.t.Helper()
	images := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	l.pushTo(images)
	var lock sync.Mutex
	asked := map[string]int{}
	proxy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
			if user, password, _ := r.BasicAuth(); user != "user" || password != "hush@" {
				w.WriteHeader(http.StatusProxyAuthRequired)
				return
			}
			r.Header.Del("Authorization")
			lock.Lock()
			asked[r.URL.Hostname()]++
			lock.Unlock()
			if r.Method == http.MethodConnect || r.URL.Hostname() != proxied {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			images.ServeHTTP(w, r)
		})}
	var listener net.Listener
	err := netns.InNetwork("/run/netns/"+l.netns(), func() (err error) {
		listener, err = net.Listen("tcp4", "192.168.56.1:3128") //nolint:noctx // at once
		return err
	})
	if err != nil {
		l.fatalf("%v", err)
	}
	go func() { _ = proxy.Serve(listener) }()
	l.t.Cleanup(func() { _ = proxy.Close() })
	return func() map[string]int {
		lock.Lock()
		defer lock.Unlock()
		return asked
	}
}

// pushTo gives a registry the test image, by a tag that no host has.
func (l *lab) pushTo(images http.Handler) {
	l.t.Helper()
	server := httptest.NewServer(images)
	defer server.Close()
	cache, err := os.UserCacheDir()
	if err != nil {
		l.fatalf("%v", err)
	}
	image, err := tarball.ImageFromPath(
		filepath.Join(cache, "kbootstrap/lab/mirror/docker.io/library/busybox/1.36.1.tar"), nil)
	if err != nil {
		l.fatalf("%v", err)
	}
	tag, err := name.NewTag(strings.TrimPrefix(server.URL, "http://")+"/library/busybox:proxied", name.Insecure)
	if err == nil {
		err = remote.Write(tag, image)
	}
	if err != nil {
		l.fatalf("%v", err)
	}
}
