//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shop is a page in a pod, with a Service and an Ingress that names no class.
const shop = `
apiVersion: v1
kind: Pod
metadata: {name: shop, labels: {app: shop}}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: shop
    image: docker.io/library/busybox:1.36.1
    command: [sh, -c, 'mkdir -p /tmp/www/sub && echo "a page of a pod" | tee /tmp/www/sub/index.html >/tmp/www/index.html
      && exec httpd -f -p 8080 -h /tmp/www']
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - host: shop.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
`

const page = "a page of a pod\n"

// ingressServes has requests from outside of the cluster reach a pod, by either kind of ports.
func ingressServes(t *testing.T, l *lab) {
	l.edit("hosts:\n", "addons: {ingress: {enabled: true, names: [shop.example.com]}}\nhosts:\n")
	ingressRefused(t, l)
	l.up()
	l.upAgain()
	if got := l.addOns(); got["ingress"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
	l.apply(shop)
	worker, plane := l.address("w1"), l.address("cp1")
	l.answers(t, l.visit("http", worker+":80", "shop.example.com", nil), page)
	trust := l.authority()
	for _, server := range []string{"shop.example.com", "w1", worker} {
		v := l.visit("https", worker+":443", server, trust)
		v.host = "shop.example.com"
		l.answers(t, v, page)
	}
	if got, err := l.visit("http", worker+":80", "other.example.com", nil).get(); err != nil || got.code != 404 {
		t.Errorf("a name that no Ingress has: %+v, %v", got, err)
	}
	if got, err := l.visit("http", plane+":80", "shop.example.com", nil).get(); err == nil {
		t.Errorf("the control plane answers too: %+v", got)
	}
	l.eventually(time.Minute, "the Ingress shows its address", contains(worker+" traefik"), "cp1", "kubectl", "get",
		"ingress", "shop", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip} {.spec.ingressClassName}")
	l.exits(0, "verify", "-i", l.inventory, "--only", "ingress").says(t, "the Ingress shows "+worker)
	ownCertificate(t, l, worker)
	l.edit("ingress: {enabled: true,", "ingress: {enabled: true, ports: nodeport,")
	l.up()
	l.upAgain()
	for _, address := range []string{worker, plane} {
		l.answers(t, l.visit("http", address+":30080", "shop.example.com", nil), page)
	}
	if _, err := l.visit("http", worker+":80", "shop.example.com", nil).get(); err == nil {
		t.Error("the port of the host is still open")
	}
	l.exits(0, "verify", "-i", l.inventory, "--only", "ingress")
}

// ingressRefused: a host whose port is taken is refused, and its holder named.
func ingressRefused(t *testing.T, l *lab) {
	l.exec("w1", "systemd-run", "--unit", "squatter", "python3", "-m", "http.server", "80")
	r := l.run(2*time.Minute, "up", "-i", l.inventory)
	if r.code == 0 || !strings.Contains(r.stdout+r.stderr, "tcp/80, which ingress needs, is held by python3") {
		t.Errorf("with another server at port 80: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.exec("w1", "systemctl", "stop", "squatter")
}

// ownCertificate has the ingress serve an owner's certificate, without a restart of its pods.
func ownCertificate(t *testing.T, l *lab, worker string) {
	certificate, key, trust := selfSigned(t, "shop.example.com")
	for name, text := range map[string][]byte{"shop.crt": certificate, "shop.key": key} {
		if err := os.WriteFile(filepath.Join(l.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	uid := func() string {
		return l.kubectl("get", "pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=traefik", "-o",
			"jsonpath={.items[*].metadata.uid}")
	}
	before := uid()
	l.edit("names: [shop.example.com]", "certificate: shop.crt, key: shop.key")
	l.up()
	l.upAgain()
	l.answers(t, l.visit("https", worker+":443", "shop.example.com", trust), page)
	if after := uid(); after != before {
		t.Errorf("the pods are others: %s, then %s", before, after)
	}
	l.exits(0, "verify", "-i", l.inventory, "--only", "ingress")
}

// ingressGoes: nothing is left when the add-ons are off.
func ingressGoes(t *testing.T, l *lab) {
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "addons: {ingress:") {
			l.edit(line, "")
		}
	}
	l.up()
	l.upAgain()
	isNone := func(r result) bool { return r.code == 0 && r.stdout == "" }
	for _, name := range []string{"traefik", "headlamp"} {
		l.eventually(2*time.Minute, "nothing is left of "+name, isNone, "cp1", "kubectl", "get",
			"all,secret,serviceaccount,clusterrole,clusterrolebinding,ingressclass,ingress,poddisruptionbudget", "-A",
			"-l", "app.kubernetes.io/name="+name, "-o", "name")
	}
	if got := l.addOns(); got["ingress"] != "off" || got["ui"] != "off" {
		t.Errorf("the add-ons are %v", got)
	}
	l.kubectl("delete", "ingress,service,pod", "shop", "--now")
}

// visit is a request from the machine that the lab is on, which is outside of the cluster.
type visit struct {
	scheme, address, host string
	tls                   *tls.Config
}

// visit is a request to a server at an address. Of https the certificate has to be for the server.
func (l *lab) visit(scheme, address, server string, trust *x509.CertPool) visit {
	return visit{scheme, address, server, &tls.Config{RootCAs: trust, ServerName: server}}
}

// answer is what came.
type answer struct {
	code int
	body string
}

func (v visit) get() (answer, error) {
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, v.address)
	}
	transport := &http.Transport{DialContext: dial, TLSClientConfig: v.tls, DisableKeepAlives: true}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.scheme+"://"+v.host+"/", nil)
	if err != nil {
		return answer{}, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(body)}, err
}

// answers waits until a request gets a page. kubelets bring a new certificate to pods within a
// minute and a half.
func (l *lab) answers(t *testing.T, v visit, want string) {
	t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last error
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-tick.C {
		got, err := v.get()
		if err == nil && strings.HasPrefix(got.body, want) && got.code == http.StatusOK {
			return
		}
		if last = err; err == nil {
			last = errors.New(fmt.Sprint(got))
		}
	}
	l.fatalf("%s://%s at %s as %q: %v", v.scheme, v.host, v.address, v.tls.ServerName, last)
}

// address is that of a host.
func (l *lab) address(name string) string {
	l.t.Helper()
	for _, h := range l.all() {
		if h.Name == name {
			return h.Address
		}
	}
	l.fatalf("there is no host %s", name)
	return ""
}

// state is the directory of the cluster's keys.
func (l *lab) state() string { return filepath.Join(l.dir, ".kbootstrap", filepath.Base(l.dir)) }

// authority is that of the cluster.
func (l *lab) authority() *x509.CertPool {
	l.t.Helper()
	return poolOf(l.t, filepath.Join(l.state(), "pki", "ca.crt"))
}

// poolOf has the certificates in a file.
func poolOf(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}
