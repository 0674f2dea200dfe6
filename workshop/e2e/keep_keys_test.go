//go:build e2e && keep

package e2e

import (
	"archive/tar"
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestKeepKeysExpired: the night when all has ended. First every leaf of a cluster of three control
// planes, then the authorities too, and no server answers any more. `certs renew` brings the
// cluster back over SSH alone, and a pod that was there before runs on.
func TestKeepKeysExpired(t *testing.T) {
	l := newLab(t, "keep-expired", "--control-planes", "3", "--workers", "0")
	l.up()
	l.kubectl("create", "configmap", "before", "--from-literal=p=kept")
	if r := l.run(2*time.Minute, "certs", "status", "-i", l.inventory); r.code != 0 {
		l.fatalf("certs status of a new cluster: exit %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	for _, night := range []struct {
		what        string
		authorities bool
	}{{"leafs", false}, {"authorities", true}} {
		l.expire(night.authorities)
		if r := l.run(2*time.Minute, "certs", "status", "-i", l.inventory); r.code != 7 ||
			!strings.Contains(r.stdout, "has ended") {
			l.fatalf("%s: certs status when all has ended: exit %d\n%s%s", night.what, r.code, r.stdout, r.stderr)
		}
		if night.authorities {
			if r := l.run(2*time.Minute, "up", "-i", l.inventory); r.code != 1 || !strings.Contains(r.stderr,
				"KB4104") {
				l.fatalf("up with authorities that have ended: exit %d\n%s", r.code, r.stderr)
			}
		}
		l.must(10*time.Minute, "certs", "renew", "-i", l.inventory)
		l.ready(3, 5*time.Minute)
		if got := l.kubectl("get", "configmap", "before", "-o", "jsonpath={.data.p}"); got != "kept" {
			l.fatalf("%s: what was written before is %q", night.what, got)
		}
		l.upAgain()
		if r := l.run(2*time.Minute, "certs", "status", "-i", l.inventory); r.code != 0 {
			l.fatalf("%s: certs status after the renewal: exit %d\n%s%s", night.what, r.code, r.stdout, r.stderr)
		}
	}
}

// expire has every certificate of the cluster end an hour ago, here and on the hosts, with the same
// keys and names, and starts everything again: no clock is changed, and nothing else is.
func (l *lab) expire(authorities bool) {
	l.t.Helper()
	found, err := filepath.Glob(filepath.Join(l.dir, ".kbootstrap", "*", "pki"))
	if err != nil || len(found) != 1 {
		l.fatalf("state directories: %v %v", found, err)
	}
	pki := found[0]
	e := expirer{l: l, authorities: authorities, signers: map[string]signer{}}
	for _, name := range []string{"ca", "etcd/ca", "front-proxy-ca"} {
		e.signers[name] = e.signer(filepath.Join(pki, name))
	}
	err = filepath.WalkDir(pki, func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".crt" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path, e.aged(text), 0o600)
	})
	if err != nil {
		l.fatalf("%v", err)
	}
	for _, h := range l.hosts() {
		e.host(h.Name)
	}
	const units = "etcd kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy flanneld kube-router"
	for _, h := range l.hosts() {
		// Some fail to start, and that is what this is for.
		l.runLab(2*time.Minute, "exec", h.Name, "--", "sh", "-c", "systemctl restart --no-block "+units+" 2>&1 || :")
	}
	l.eventually(3*time.Minute, "the API is dead", func(r result) bool { return r.code != 0 }, "cp1",
		"kubectl", "get", "--raw", "/readyz", "--request-timeout=5s")
}

// signer is an authority of the cluster.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// expirer makes certificates that have ended.
type expirer struct {
	l           *lab
	authorities bool
	signers     map[string]signer
}

func (e *expirer) signer(path string) signer {
	e.l.t.Helper()
	block, _ := pem.Decode([]byte(readFile(e.l.t, path+".key")))
	key, err := x509.ParseECPrivateKey(block.Bytes)
	if err != nil {
		e.l.fatalf("%v", err)
	}
	block, _ = pem.Decode([]byte(readFile(e.l.t, path+".crt")))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		e.l.fatalf("%v", err)
	}
	return signer{cert, key}
}

// aged is a PEM text with each certificate in it ended an hour ago. What is no certificate stays.
func (e *expirer) aged(text []byte) []byte {
	e.l.t.Helper()
	var out bytes.Buffer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type == "CERTIFICATE" && err == nil && (!cert.IsCA || e.authorities) {
			block.Bytes = e.sign(cert)
		}
		if err := pem.Encode(&out, block); err != nil {
			e.l.fatalf("%v", err)
		}
	}
	return out.Bytes()
}

func (e *expirer) sign(cert *x509.Certificate) []byte {
	e.l.t.Helper()
	for _, s := range e.signers {
		if cert.CheckSignatureFrom(s.cert) != nil {
			continue
		}
		ended := *cert
		ended.SerialNumber = new(big.Int).Add(cert.SerialNumber, big.NewInt(1))
		ended.NotBefore, ended.NotAfter = time.Now().AddDate(-1, 0, 0), time.Now().Add(-time.Hour)
		der, err := x509.CreateCertificate(rand.Reader, &ended, s.cert, cert.PublicKey, s.key)
		if err != nil {
			e.l.fatalf("%v", err)
		}
		return der
	}
	return cert.Raw // of an authority that was replaced, and kept by a kubelet
}

// host ages the certificates in the files of a host: PEM, and PEM in base64 in kubeconfigs.
func (e *expirer) host(name string) {
	l := e.l
	l.t.Helper()
	archive := l.exec(name, "sh", "-c", "cd / && find etc/kubernetes etc/etcd/pki var/lib/kubelet/pki root/.kube "+
		"-type f \\( -name '*.crt' -o -name '*.pem' -o -name '*.conf' -o -name config \\) -print0 | tar c --null -T - ")
	var aged bytes.Buffer
	w := tar.NewWriter(&aged)
	files := 0
	for r := tar.NewReader(strings.NewReader(archive)); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			l.fatalf("%v", err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			l.fatalf("%v", err)
		}
		if bytes.Contains(text, []byte("BEGIN CERTIFICATE")) {
			text = e.aged(text)
		} else {
			text = e.agedConfig(text)
		}
		header.Size = int64(len(text))
		if err := errors.Join(w.WriteHeader(header), write(w, text)); err != nil {
			l.fatalf("%v", err)
		}
		files++
	}
	if err := w.Close(); err != nil || files < 6 {
		l.fatalf("%s: %d files with certificates: %v", name, files, err)
	}
	l.input(&aged, name, "tar", "x", "-C", "/")
}

func write(w io.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}

// agedConfig ages the certificates in a kubeconfig.
func (e *expirer) agedConfig(text []byte) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "data: ")
		plain, err := base64.StdEncoding.DecodeString(strings.Trim(value, `"`))
		if err == nil && bytes.Contains(plain, []byte("BEGIN CERTIFICATE")) {
			lines[i] = key + "data: " + base64.StdEncoding.EncodeToString(e.aged(plain)) + "\n"
		}
	}
	return []byte(strings.Join(lines, ""))
}

// TestKeepKeysRotate: the keys of service accounts, the front proxy, the cluster and etcd are
// replaced, stage by stage. The old authority is trusted by nothing in the end, and a stage does
// not begin before its time.
func TestKeepKeysRotate(t *testing.T) {
	l := newLab(t, "keep-rotate", "--control-planes", "1", "--workers", "1")
	l.up()
	const token = "kubectl create token default"
	tokens := map[string]string{"before": l.exec("cp1", "sh", "-c", token)}
	first := l.authorities()
	if r := l.run(2*time.Minute, "certs", "rotate-ca", "encryption", "-i", l.inventory); r.code != 2 ||
		!strings.Contains(r.stderr, "KB6095") {
		t.Errorf("rotate-ca encryption: exit %d\n%s", r.code, r.stderr)
	}
	for _, key := range []string{"service-account", "front-proxy", "kubernetes", "etcd"} {
		rotate := []string{"certs", "rotate-ca", key, "-i", l.inventory, "--without-backup"}
		plan := l.must(3*time.Minute, append(rotate, "--dry-run")...)
		if !strings.Contains(plan, `from the stage "stable" to "trust"`) {
			t.Errorf("%s: the plan of the first stage:\n%s", key, plan)
		}
		rotate = append(rotate, "--yes")
		l.must(10*time.Minute, rotate...) // trust
		l.upAgain()
		if key == "front-proxy" { // there and back
			l.must(10*time.Minute, append(rotate, "--back")...)
			l.must(10*time.Minute, rotate...)
		}
		l.must(10*time.Minute, rotate...) // issue
		if key == "service-account" {
			tokens["issued"] = l.exec("cp1", "sh", "-c", token)
			l.whoami(tokens["before"], true)
			if r := l.run(3*time.Minute, rotate...); r.code == 0 || !strings.Contains(r.stderr, "KB6094") {
				t.Errorf("the old key goes while its tokens are good: exit %d\n%s", r.code, r.stderr)
			}
		}
		l.must(10*time.Minute, append(rotate, "--after", "0s")...) // distrust
		l.upAgain()
		l.ready(2, 5*time.Minute)
	}
	l.whoami(tokens["before"], false)
	l.whoami(tokens["issued"], true)
	for path, was := range l.authorities() {
		if was == first[path] {
			t.Errorf("%s is what it was", path)
		}
	}
	old, err := filepath.Glob(filepath.Join(l.dir, ".kbootstrap", "*", "pki", "old", "*.key"))
	if err != nil || len(old) > 0 {
		t.Errorf("old keys are left: %v %v", old, err)
	}
}

// authorities are what cp1 trusts, by path.
func (l *lab) authorities() map[string]string {
	l.t.Helper()
	found := map[string]string{}
	for _, path := range []string{"/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt",
		"/etc/kubernetes/pki/sa.pub", "/etc/etcd/pki/ca.crt"} {
		found[path] = l.exec("cp1", "cat", path)
	}
	if slices.Contains(slices.Collect(maps.Values(found)), "") {
		l.fatalf("an authority is missing: %v", found)
	}
	return found
}

// whoami has the API judge a token of a service account.
func (l *lab) whoami(token string, good bool) {
	l.t.Helper()
	r := l.runLab(time.Minute, "exec", "cp1", "--", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert",
		"/etc/kubernetes/pki/ca.crt", "-H", "Authorization: Bearer "+strings.TrimSpace(token),
		"https://127.0.0.1:6443/apis/authentication.k8s.io/v1")
	if want := map[bool]string{true: "200", false: "401"}[good]; !strings.Contains(r.stdout, want) {
		l.t.Errorf("the API answers %s to a token, want %s", r.stdout, want)
	}
}
