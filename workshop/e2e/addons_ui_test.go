//go:build e2e

package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	system "kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// uiStands proves of the web UI what can be proved without its image, which the lab cannot build:
// `up` refuses what it cannot fetch; a real API server takes every object, as the resources of the
// tool make them; the image is all that the pod lacks; and the ways to it lead to a pod.
func uiStands(t *testing.T, l *lab) {
	l.edit("addons: {ingress: {enabled: true,", "addons: {ui: {enabled: true, name: ui.example.com}, "+
		"ingress: {enabled: true,")
	r := l.run(3*time.Minute, "up", "-i", l.inventory)
	if r.code == 0 || !strings.Contains(r.stderr, "headlamp") {
		t.Errorf("without the image: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.run(time.Minute, "addons", "token", "-i", l.inventory).
		says(t, "KB6055", "the cluster has no account kube-system/headlamp-user")
	lacking := l.makes(t, component.Traefik, component.Headlamp)
	if !strings.Contains(lacking, "ghcr.io/headlamp-k8s/headlamp:v") || !strings.Contains(lacking, "ImagePull") {
		t.Errorf("the pod lacks something else than its image: %s", lacking)
	}
	state := l.kubectl("get", "pods", "-n", "kube-system", "-l", "app.kubernetes.io/name=headlamp", "-o",
		"jsonpath={.items[*].status.conditions[?(@.type==\"PodScheduled\")].status} "+
			"{.items[*].status.containerStatuses[*].state.waiting.reason}")
	if !strings.HasPrefix(state, "True ") || !strings.Contains(state, "ImagePull") {
		t.Errorf("the pod is %q", state)
	}
	events := l.kubectl("get", "events", "-n", "kube-system", "--field-selector", "type=Warning", "-o",
		`jsonpath={range .items[*]}{.involvedObject.name} {.message}{"\n"}{end}`)
	for line := range strings.Lines(events) {
		if strings.HasPrefix(line, "headlamp-") && !strings.Contains(line, "pull") && !strings.Contains(line, "Pull") {
			t.Errorf("the pod complains: %s", line)
		}
	}
	rightsOfPeople(t, l)
	tokens(t, l)
	pagesByName(t, l)
}

// makes applies the resources of components that the inventory turns on, as a control plane would:
// everything but the images is the tool's. It returns what the last one waits for in vain.
func (l *lab) makes(t *testing.T, names ...string) (lacking string) {
	t.Helper()
	c, err := inventory.Load(l.inventory, component.Rules())
	if err != nil {
		t.Fatal(err)
	}
	pki := fixture.Issue(t, c)
	target := fixture.TargetsWith(c, pki, fixture.Resolve(t, c))[0]
	root := t.TempDir()
	admin := filepath.Join(root, component.Admin)
	if err := os.MkdirAll(filepath.Dir(admin), 0o755); err != nil {
		t.Fatal(err)
	}
	there := fmt.Sprintf("https://%s:6443", l.address("cp1"))
	kubeconfig := strings.ReplaceAll(string(pki.Kubeconfig(c)), there, "https://"+l.forwards(t, "cp1", 6443))
	if err := os.WriteFile(admin, []byte(kubeconfig), 0o600); err != nil {
		t.Fatal(err)
	}
	sys := system.NewSystem(root, system.Run, nil, nil)
	for _, each := range component.Components() {
		for _, name := range names {
			if each.Name != name {
				continue
			}
			for _, r := range each.Resources(target) {
				if told, ok := r.(api.Readiness); ok && name == component.Headlamp {
					rollout := api.Rollout{
						APIVersion: told.APIVersion, Kind: told.Kind, Namespace: told.Namespace, Name: told.Name,
						Kubeconfig: told.Kubeconfig, Timeout: 20 * time.Second,
					}
					if err := rollout.Apply(t.Context(), sys); err != nil {
						lacking = err.Error()
					}
					continue
				}
				if err := r.Apply(t.Context(), sys); err != nil {
					l.fatalf("%s: %v", r.ID(), err)
				}
			}
		}
	}
	return lacking
}

// forwards leads an address of this machine to a port of a host, which the lab has no other way to.
func (l *lab) forwards(t *testing.T, name string, port int) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	var of host
	for _, h := range l.all() {
		if h.Name == name {
			of = h
		}
	}
	c := exec.CommandContext(t.Context(), "ssh", "-F", "none", "-N", "-o", "ExitOnForwardFailure=yes", "-o",
		"UserKnownHostsFile="+filepath.Join(l.dir, "known_hosts"), "-i", filepath.Join(l.dir, "id_ed25519"), "-p",
		strconv.Itoa(of.SSHPort), "-L", address+":127.0.0.1:"+strconv.Itoa(port), "vagrant@127.0.0.1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	})
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); <-tick.C {
		if connection, err := new(net.Dialer).DialContext(t.Context(), "tcp", address); err == nil {
			connection.Close()
			return address
		}
	}
	l.fatalf("nothing is forwarded from %s within 20 s", name)
	return ""
}

// rightsOfPeople: people see everything but Secrets and change nothing, and the pages may do
// nothing.
func rightsOfPeople(t *testing.T, l *lab) {
	for _, c := range []struct {
		who, question string
		want          bool
	}{
		{"headlamp-user", "get nodes", true},
		{"headlamp-user", "list pods --all-namespaces", true},
		{"headlamp-user", "get pods --subresource=log --all-namespaces", true},
		{"headlamp-user", "list nodes.metrics.k8s.io", true},
		{"headlamp-user", "list secrets --all-namespaces", false},
		{"headlamp-user", "delete pods --all-namespaces", false},
		{"headlamp-user", "create pods --subresource=exec --all-namespaces", false},
		{"headlamp-user", "delete nodes", false},
		{"headlamp", "list pods --all-namespaces", false},
		{"headlamp", "get nodes", false},
		{"headlamp", "list secrets -n kube-system", false},
	} {
		r := l.runLab(time.Minute, "exec", append([]string{"cp1", "--", "kubectl", "auth", "can-i",
			"--as=system:serviceaccount:kube-system:" + c.who}, strings.Fields(c.question)...)...)
		if got := strings.HasPrefix(r.stdout, "yes"); got != c.want {
			t.Errorf("%s may %s: %t\n%s%s", c.who, c.question, got, r.stdout, r.stderr)
		}
	}
}

// tokens makes tokens for people, which the API takes.
func tokens(t *testing.T, l *lab) {
	r := l.run(time.Minute, "addons", "token", "-i", l.inventory, "--duration", "10m")
	token := strings.TrimSuffix(r.stdout, "\n")
	if r.code != 0 || strings.Count(token, ".") != 2 || strings.ContainsAny(token, " \n") ||
		strings.Contains(r.stderr, token) {
		l.fatalf("exit %d: %q\n%s", r.code, r.stdout, r.stderr)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct {
		Exp, Iat int64
		Sub      string
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Exp-claims.Iat != 600 ||
		claims.Sub != "system:serviceaccount:kube-system:headlamp-user" {
		t.Errorf("the token says %s, %v", payload, err)
	}
	with := fmt.Sprintf("kubectl --kubeconfig=/dev/null --server=https://%s:6443 "+
		"--certificate-authority=/etc/kubernetes/pki/ca.crt --token=$(cat) ", l.address("cp1"))
	l.input(strings.NewReader(token), "cp1", "sh", "-c", with+"get nodes")
	l.input(strings.NewReader(token), "cp1", "sh", "-c", with+"get pods -A")
	l.input(strings.NewReader(token), "cp1", "sh", "-c", "! "+with+"delete pod shop")
	l.input(strings.NewReader(token), "cp1", "sh", "-c", "! "+with+"get secrets -A")
	logs := l.secretIn(token)
	if logs != "" {
		t.Errorf("the token is in %s", logs)
	}
	document := l.exits(0, "addons", "token", "-i", l.inventory, "-o", "json", "-q").stdout
	if !strings.Contains(document, `"rights": "view"`) || !strings.Contains(document, `"expires": "20`) {
		t.Errorf("the document is %s", strings.ReplaceAll(document, "eyJ", "…"))
	}
}

// secretIn is the file below the lab's state directory that has a text; "" for none.
func (l *lab) secretIn(text string) (at string) {
	l.t.Helper()
	err := filepath.WalkDir(filepath.Dir(l.state()), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), text) {
			at = path
		}
		return err
	})
	if err != nil {
		l.fatalf("%v", err)
	}
	return at
}

// standIn has a server of https where the pages would be, with the certificate that they would
// have.
const standIn = `
apiVersion: v1
kind: Pod
metadata: {name: stand-in, namespace: kube-system, labels: {app.kubernetes.io/name: headlamp}}
spec:
  terminationGracePeriodSeconds: 0
  nodeSelector: {kubernetes.io/hostname: w1}
  securityContext: {runAsUser: 100, runAsGroup: 101, fsGroup: 101}
  containers:
  - name: stand-in
    image: registry.k8s.io/e2e-test-images/agnhost:2.63.0
    imagePullPolicy: IfNotPresent
    args: [netexec, --http-port=4466, --tls-cert-file=/tls/tls.crt, --tls-private-key-file=/tls/tls.key]
    ports: [{name: https, containerPort: 4466}]
    volumeMounts: [{name: tls, mountPath: /tls}]
  volumes: [{name: tls, secret: {secretName: headlamp, defaultMode: 0440}}]
`

// pagesByName: https by the name of the pages gets through the ingress to a pod, which is asked
// over https in its turn and verified. By http nothing is there.
func pagesByName(t *testing.T, l *lab) {
	l.exits(0, "verify", "-i", l.inventory, "--only", "start") // hosts have the image of the stand-in then
	l.apply(standIn)
	const name = "ui.example.com"
	l.answers(visit{
		scheme: "https", address: l.address("w1") + ":30443", server: "shop.example.com", host: name,
		trust: filepath.Join(l.dir, "shop.crt"),
	}, "NOW: ")
	if got := l.visits(visit{scheme: "http", address: l.address("w1") + ":30080", server: name}); got.code != 404 {
		t.Errorf("by http: %+v", got)
	}
	l.kubectl("delete", "pod", "-n", "kube-system", "stand-in", "--now")
}

// selfSigned makes a certificate for a name, in PEM.
func selfSigned(t *testing.T, name string) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	wanted := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, wanted, wanted, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	return certificate, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded})
}
