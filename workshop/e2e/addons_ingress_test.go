//go:build e2e

package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
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
  nodeSelector: {kubernetes.io/hostname: cp1}
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

const shopPage = "a page of a pod\n"

// ingressServes has requests from outside of the cluster reach a pod, by either kind of ports.
func ingressServes(t *testing.T, l *lab) {
	l.edit("hosts:\n", "addons: {ingress: {enabled: true, hosts: [w1], names: [shop.example.com]}}\nhosts:\n")
	ingressRefused(t, l)
	l.up()
	l.upAgain()
	if got := l.addOns(); got["ingress"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
	l.apply(shop)
	const name = "shop.example.com"
	worker, plane := l.address("w1"), l.address("cp1")
	l.answers(visit{scheme: "http", address: worker + ":80", server: name}, shopPage)
	for _, server := range []string{name, "w1", worker} {
		l.answers(visit{
			scheme: "https", address: worker + ":443", server: server, host: name, trust: l.authority(),
		}, shopPage)
	}
	stranger := visit{scheme: "https", address: worker + ":443", server: "other.example.com", trust: l.authority()}
	if got := l.visits(stranger); got.code != 0 || !strings.Contains(got.told, "other.example.com") {
		t.Errorf("a name that the certificate is not for: %+v", got)
	}
	if got := l.visits(visit{scheme: "http", address: worker + ":80", server: "other.example.com"}); got.code != 404 {
		t.Errorf("a name that no Ingress has: %+v", got)
	}
	if got := l.visits(visit{scheme: "http", address: plane + ":80", server: name}); got.code != 0 {
		t.Errorf("the control plane answers too: %+v", got)
	}
	l.eventually(time.Minute, "the Ingress shows its address", contains(worker+" traefik"), "cp1", "kubectl", "get",
		"ingress", "shop", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip} {.spec.ingressClassName}")
	l.exits(0, "verify", "-i", l.inventory, "--only", "ingress").says(t, "the Ingress shows "+worker)
	l.edit("ingress: {enabled: true, hosts: [w1],", "ingress: {enabled: true, ports: nodeport,")
	l.takesCertificate(t, "names: [shop.example.com]")
	l.up()
	l.upAgain()
	for _, address := range []string{worker, plane} {
		l.answers(visit{scheme: "http", address: address + ":30080", server: name}, shopPage)
		l.answers(visit{
			scheme: "https", address: address + ":30443", server: name, trust: filepath.Join(l.dir, "shop.crt"),
		}, shopPage)
	}
	if got := l.visits(visit{scheme: "http", address: worker + ":80", server: name}); got.code != 0 {
		t.Errorf("the port of the host is still open: %+v", got)
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

// takesCertificate has the inventory name an owner's certificate, in the place of something else.
func (l *lab) takesCertificate(t *testing.T, instead string) {
	certificate, key := selfSigned(t, "shop.example.com")
	for name, text := range map[string][]byte{"shop.crt": certificate, "shop.key": key} {
		if err := os.WriteFile(filepath.Join(l.dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.edit(instead, "certificate: shop.crt, key: shop.key")
}

// ingressGoes: nothing is left when the add-ons are off.
func ingressGoes(t *testing.T, l *lab) {
	text, err := os.ReadFile(l.inventory)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "addons: {ui:") {
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

// visit is a request from s1, which is no host of the cluster, to a server at an address. Of https
// the certificate has to be for the server, and of an authority in the file trust.
type visit struct {
	scheme, address, server string
	host                    string // what is asked for; "" means the server
	trust                   string
}

// answer is what came; code is 0 when nothing did.
type answer struct {
	code       int
	body, told string
}

// visits makes the request.
func (l *lab) visits(v visit) answer {
	l.t.Helper()
	const trusted = "/tmp/trusted.crt"
	if v.trust != "" {
		f, err := os.Open(v.trust)
		if err != nil {
			l.fatalf("%v", err)
		}
		l.input(f, "s1", "cp", "/dev/stdin", trusted)
		f.Close()
	}
	command := []string{"s1", "--", "curl", "-sS", "--max-time", "5", "--write-out", "%{http_code}",
		"--cacert", trusted, "--connect-to", "::" + v.address, "--header", "Host: " + cmp.Or(v.host, v.server),
		v.scheme + "://" + v.server + "/"}
	r := l.runLab(time.Minute, "exec", command...)
	if r.code != 0 || len(r.stdout) < 3 {
		return answer{told: r.stderr}
	}
	at := len(r.stdout) - 3
	code, err := strconv.Atoi(r.stdout[at:])
	if err != nil {
		l.fatalf("curl wrote %q", r.stdout)
	}
	return answer{code: code, body: r.stdout[:at]}
}

// answers waits until a request gets a page. kubelets bring a new certificate to pods within a
// minute and a half.
func (l *lab) answers(v visit, want string) {
	l.t.Helper()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var got answer
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); <-tick.C {
		if got = l.visits(v); strings.HasPrefix(got.body, want) && got.code == 200 {
			return
		}
	}
	l.fatalf("%+v: %+v", v, got)
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

// authority is the file of that of the cluster.
func (l *lab) authority() string { return filepath.Join(l.state(), "pki", "ca.crt") }
