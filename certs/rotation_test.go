package certs

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// change is previewAndKeep with a change.
func change(t *testing.T, s *Store, c *inventory.Cluster, now time.Time, change Change) *PKI {
	t.Helper()
	p, err := s.PreviewWith(c, now, change)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Keep(p); err != nil {
		t.Fatal(err)
	}
	return p
}

// onHost is the content of a file of a component on a host.
func onHost(t *testing.T, p *PKI, h inventory.Host, component, path string) []byte {
	t.Helper()
	for _, f := range p.Files(h, component) {
		if f.Path == path {
			return f.Content
		}
	}
	t.Fatalf("%s has no %s", h.Name, path)
	return nil
}

// trusts reports whether who trusts a bundle takes a server's certificate.
func trusts(t *testing.T, bundle, cert []byte) bool {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		t.Fatal("no bundle")
	}
	leaf, err := parseCertificate(cert)
	if err != nil {
		t.Fatal(err)
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: start.Add(time.Hour),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// TestRotateAuthority: in each stage whoever is in that stage or in the one next to it takes what
// the others show, and after the last no client takes what the old authority has signed.
func TestRotateAuthority(t *testing.T) {
	s, c := newStore(t), lab()
	cp := c.Hosts[0]
	const ca, serving = "/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/pki/apiserver.crt"
	stages := []*PKI{issue(t, s, c, start)}
	for _, to := range []Stage{Trust, Issue, Distrust} {
		stages = append(stages, change(t, s, c, start, Change{Rotation: Rotation{RotateKubernetes, to}}))
	}
	for i, one := range stages {
		for j, other := range stages {
			bundle, shown := onHost(t, one, cp, "pki", ca), onHost(t, other, cp, "kube-apiserver", serving)
			if want := i-j <= 1 && j-i <= 1; want && !trusts(t, bundle, shown) {
				t.Errorf("stage %d does not take what stage %d shows", i, j)
			}
		}
		if n := bytes.Count(onHost(t, one, cp, "kube-controller-manager", SigningAuthority+".crt"),
			[]byte("BEGIN")); n != 1 {
			t.Errorf("stage %d: the controller manager signs with %d certificates", i, n)
		}
	}
	first, last := stages[0], stages[3]
	if trusts(t, onHost(t, last, cp, "pki", ca), onHost(t, first, cp, "kube-apiserver", serving)) {
		t.Error("the old authority is trusted after all")
	}
	if len(last.Retired()) != 1 || !bytes.Equal(last.Retired()[0], first.authorities[kubernetesCA].certPEM) {
		t.Error("the old authority is not known as retired")
	}
	if _, err := os.Stat(filepath.Join(s.dir, oldDir, "ca.key")); err == nil {
		t.Error("the old key is left")
	}
	again := issue(t, s, c, start)
	if len(again.Issued()) > 0 || again.Stages()[RotateKubernetes] != Stable {
		t.Errorf("after the rotation %v are issued again, stage %s", again.Issued(), again.Stages()[RotateKubernetes])
	}
	next, err := s.PreviewWith(c, start, Change{Rotation: Rotation{RotateEtcd, Trust}})
	if err != nil {
		t.Fatal(err)
	}
	if issued := next.Issued(); !slices.Equal(issued, []string{"next/etcd/ca"}) {
		t.Errorf("to trust another authority of etcd issues %v", issued)
	}
}

// TestRotateBack: from both stages that have a way back it leads to the key of before.
func TestRotateBack(t *testing.T) {
	s, c := newStore(t), lab()
	before := issue(t, s, c, start)
	for _, of := range []string{RotateFrontProxy, RotateServiceAccount} {
		for _, to := range []Stage{Trust, Issue, Trust, Stable} {
			p := change(t, s, c, start, Change{Rotation: Rotation{of, to}})
			if p.Stages()[of] != to {
				t.Errorf("%s: stage %s, want %s", of, p.Stages()[of], to)
			}
		}
	}
	after := issue(t, s, c, start)
	if !bytes.Equal(before.authorities[frontProxyCA].bundle(), after.authorities[frontProxyCA].bundle()) ||
		!bytes.Equal(before.serviceAccount.private, after.serviceAccount.private) ||
		!bytes.Equal(before.serviceAccount.verifiers(), after.serviceAccount.verifiers()) {
		t.Error("after a way back the keys are others")
	}
	if len(after.Retired()) != 1 {
		t.Errorf("%d authorities are to be taken out of what others trust, want the one that came and went",
			len(after.Retired()))
	}
	for _, wrong := range []Stage{Issue, Distrust, Stable} {
		_, err := s.PreviewWith(c, start, Change{Rotation: Rotation{RotateEtcd, wrong}})
		if fault.Of(err) != fault.RotationOrder {
			t.Errorf("from %s to %s: %v", Stable, wrong, err)
		}
	}
}

// TestRotateCutOff: a run that is killed while the new key takes its place has done so: whatever
// was written by then, the next run has a pair that fits, and the old one is trusted still.
func TestRotateCutOff(t *testing.T) {
	c := lab()
	for _, rotation := range []string{RotateKubernetes, RotateServiceAccount} {
		for cut := 0; ; cut++ {
			s := newStore(t)
			issue(t, s, c, start)
			trusting := change(t, s, c, start, Change{Rotation: Rotation{rotation, Trust}})
			p, err := s.PreviewWith(c, start, Change{Rotation: Rotation{rotation, Issue}})
			if err != nil {
				t.Fatal(err)
			}
			steps := cutAfter(t, s, p, cut)
			next := issue(t, s, c, start)
			stage := next.Stages()[rotation]
			if stage != Trust && stage != Issue {
				t.Errorf("%s, cut off after %d steps: stage %s", rotation, cut, stage)
			}
			bundle := next.authorities[kubernetesCA].bundle()
			for _, one := range trusting.authorities[kubernetesCA].pems() {
				if !bytes.Contains(bundle, one) {
					t.Errorf("%s, cut off after %d steps: an authority is trusted no more", rotation, cut)
				}
			}
			if _, err := tls.X509KeyPair(next.authorities[kubernetesCA].certPEM,
				next.authorities[kubernetesCA].keyPEM); err != nil {
				t.Errorf("%s, cut off after %d steps: %v", rotation, cut, err)
			}
			if n := strings.Count(string(next.serviceAccount.verifiers()),
				"BEGIN"); rotation == RotateServiceAccount && n != 2 {
				t.Errorf("cut off after %d steps: tokens are verified with %d keys", cut, n)
			}
			if cut >= steps {
				break
			}
		}
	}
}

// pems are all certificates that are trusted.
func (t trust) pems() [][]byte { return [][]byte{t.certPEM, t.aside.certPEM} }

// cutAfter writes the first so many files of what a preview has issued, and returns how many there
// are.
func cutAfter(t *testing.T, s *Store, p *PKI, cut int) (steps int) {
	t.Helper()
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = root.Close() }()
	for _, files := range [][]content{p.todo.first, p.todo.then} {
		for _, f := range files {
			if steps++; steps <= cut {
				if err := write(root, []content{f}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, name := range p.todo.last {
		if steps++; steps <= cut {
			if err := remove(root, []string{name}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return steps
}
