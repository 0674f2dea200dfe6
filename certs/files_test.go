package certs

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
)

var components = []string{"pki", "etcd", "etcd-peers", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
	"kubelet",
	"kube-proxy", "flannel", "admin"}

const everyHostsFiles = `pki /etc/kubernetes/pki/ca.crt 0644 root:root
kubelet /etc/kubernetes/kubelet.conf 0600 root:root secret
kubelet /var/lib/kubelet/pki/kubelet.crt 0644 root:root
kubelet /var/lib/kubelet/pki/kubelet.key 0600 root:root secret
kube-proxy /etc/kubernetes/kube-proxy.conf 0600 root:root secret
flannel /etc/kubernetes/flannel.conf 0600 root:root secret
`

const etcdFiles = `etcd /etc/etcd/pki/ca.crt 0644 root:etcd
etcd /etc/etcd/pki/server.crt 0644 root:etcd
etcd /etc/etcd/pki/server.key 0640 root:etcd secret
etcd-peers /etc/etcd/pki/peer.crt 0644 root:etcd
etcd-peers /etc/etcd/pki/peer.key 0640 root:etcd secret
etcd /etc/etcd/pki/healthcheck-client.crt 0644 root:etcd
etcd /etc/etcd/pki/healthcheck-client.key 0640 root:etcd secret
`

const controlPlaneFiles = `pki /etc/kubernetes/pki/ca.key 0600 root:root secret
pki /etc/kubernetes/pki/front-proxy-ca.crt 0644 root:root
pki /etc/kubernetes/pki/sa.key 0600 root:root secret
pki /etc/kubernetes/pki/sa.pub 0644 root:root
kube-apiserver /etc/kubernetes/pki/etcd/ca.crt 0644 root:root
kube-apiserver /etc/kubernetes/pki/apiserver.crt 0644 root:root
kube-apiserver /etc/kubernetes/pki/apiserver.key 0600 root:root secret
kube-apiserver /etc/kubernetes/pki/apiserver-kubelet-client.crt 0644 root:root
kube-apiserver /etc/kubernetes/pki/apiserver-kubelet-client.key 0600 root:root secret
kube-apiserver /etc/kubernetes/pki/apiserver-etcd-client.crt 0644 root:root
kube-apiserver /etc/kubernetes/pki/apiserver-etcd-client.key 0600 root:root secret
kube-apiserver /etc/kubernetes/pki/front-proxy-client.crt 0644 root:root
kube-apiserver /etc/kubernetes/pki/front-proxy-client.key 0600 root:root secret
kube-controller-manager /etc/kubernetes/controller-manager.conf 0600 root:root secret
kube-controller-manager /etc/kubernetes/pki/ca-signing.crt 0644 root:root
kube-controller-manager /etc/kubernetes/pki/controller-manager.crt 0644 root:root
kube-controller-manager /etc/kubernetes/pki/controller-manager.key 0600 root:root secret
kube-scheduler /etc/kubernetes/scheduler.conf 0600 root:root secret
kube-scheduler /etc/kubernetes/pki/scheduler.crt 0644 root:root
kube-scheduler /etc/kubernetes/pki/scheduler.key 0600 root:root secret
admin /etc/kubernetes/admin.conf 0600 root:root secret
admin /root/.kube/config 0600 root:root secret
admin /etc/kubernetes/super-admin.conf 0600 root:root secret
`

// TestFiles: what each host gets, with the modes and owners that CIS asks for, and each path from
// one component only.
func TestFiles(t *testing.T) {
	c := lab()
	p := issue(t, newStore(t), c, start)
	for host, want := range map[string]string{
		"w1": everyHostsFiles, "etcd1": everyHostsFiles + etcdFiles,
		"cp1": everyHostsFiles + etcdFiles + controlPlaneFiles,
	} {
		h, _ := c.Host(host)
		got := map[string]bool{}
		paths := map[string]bool{}
		for _, component := range components {
			for _, f := range p.Files(h, component) {
				line := fmt.Sprintf("%s %s %04o %s", f.Component, f.Path, f.Mode, f.Owner)
				if f.Secret {
					line += " secret"
				}
				got[line] = true
				if paths[f.Path] {
					t.Errorf("%s: %s comes from two components", host, f.Path)
				}
				paths[f.Path] = true
			}
		}
		lines := map[string]bool{}
		for line := range strings.Lines(want) {
			lines[strings.TrimSpace(line)] = true
		}
		if diff := cmp.Diff(lines, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
}

// TestSecret: a file that is not marked secret has no private key in it, and one that is has.
func TestSecret(t *testing.T) {
	c := lab()
	for host, files := range hostFiles(issue(t, newStore(t), c, start), c) {
		for _, f := range files {
			holds := bytes.Contains(f.Content, []byte("PRIVATE KEY")) ||
				bytes.Contains(f.Content, []byte("client-key-data: "))
			if holds != f.Secret {
				t.Errorf("%s: %s: secret %t, holds a key: %t", host, f.Path, f.Secret, holds)
			}
		}
	}
}

// TestKeysOfAuthoritiesStayHome: the only key of an authority on a host is the one that the
// controller manager signs with.
func TestKeysOfAuthoritiesStayHome(t *testing.T) {
	c := lab()
	p := issue(t, newStore(t), c, start)
	for host, files := range hostFiles(p, c) {
		for _, f := range files {
			for name, ca := range p.authorities {
				signs := name == "ca" && host == "cp1" && f.Path == "/etc/kubernetes/pki/ca.key"
				if bytes.Contains(f.Content, ca.keyPEM) && !signs {
					t.Errorf("%s: %s has the key of %s", host, f.Path, name)
				}
			}
		}
	}
}

func TestServiceAccountKey(t *testing.T) {
	c := lab()
	content := map[string][]byte{}
	for _, f := range issue(t, newStore(t), c, start).Files(c.Hosts[0], "pki") {
		content[f.Path] = f.Content
	}
	private, err := parseKey(content["/etc/kubernetes/pki/sa.key"])
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content["/etc/kubernetes/pki/sa.pub"])
	if block == nil || block.Type != "PUBLIC KEY" {
		t.Fatalf("sa.pub is not a public key in PEM: %v", block)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !public.(*ecdsa.PublicKey).Equal(private.Public()) {
		t.Error("sa.pub is not the public key of sa.key")
	}
}

// TestHasCertificate: what the table says of a path is so of the file that a host gets there.
func TestHasCertificate(t *testing.T) {
	c := lab()
	for _, files := range hostFiles(issue(t, newStore(t), c, start), c) {
		for _, f := range files {
			text := string(f.Content)
			has := strings.Contains(text, "BEGIN CERTIFICATE") || strings.Contains(text, "client-certificate-data")
			if HasCertificate(f.Path) != has {
				t.Errorf("%s has a certificate: %t", f.Path, has)
			}
		}
	}
	for _, path := range []string{"", ".crt", "/etc/kubernetes/kubelet.yaml", "/etc/ssl/other.crt"} {
		if HasCertificate(path) {
			t.Errorf("%q is taken for a certificate of ours", path)
		}
	}
}

func TestFilesOfAStrangerPanics(t *testing.T) {
	c := lab()
	p := issue(t, newStore(t), c, start)
	if files := p.Files(c.Hosts[2], "kube-apiserver"); files != nil {
		t.Errorf("a worker has %d files of the API server", len(files))
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	p.Files(inventory.Host{Name: "stranger"}, "kubelet")
}
