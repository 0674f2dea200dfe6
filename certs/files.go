package certs

import (
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kbootstrap/inventory"
)

// File is one file of a host that holds key material or a certificate.
type File struct {
	Component string // the component that the file goes with; each path belongs to one component only
	Path      string // absolute, on the host
	Mode      uint32 // permission bits: 0600 for secrets, 0640 for etcd's, 0644 for what may be read
	Owner     string // "root:root", or "root:etcd" below /etc/etcd
	Content   []byte
	Secret    bool // whether the content must not be shown: private keys, and kubeconfigs, which hold them
}

// SigningAuthority is the certificate of the authority that signs the requests of kubelets, without
// its suffix.
const SigningAuthority = "/etc/kubernetes/pki/ca-signing"

// authorityFiles are the files that are the same on every host of a role: the authorities that a
// component must trust, and the keys that the controller manager signs with. The keys of the other
// authorities stay on the control machine.
var authorityFiles = []struct {
	role            inventory.Role
	component, path string
	of              string // authority, or the service account key pair
	suffix          string
	signs           bool // the certificate that signs alone, and not all that is trusted
}{
	{everyHost, "pki", "/etc/kubernetes/pki/ca", kubernetesCA, ".crt", false},
	{inventory.ControlPlane, "pki", "/etc/kubernetes/pki/ca", kubernetesCA, ".key", false},
	// The controller manager takes one certificate to sign with, and not several.
	{inventory.ControlPlane, "kube-controller-manager", SigningAuthority, kubernetesCA, ".crt", true},
	{inventory.ControlPlane, "pki", "/etc/kubernetes/pki/front-proxy-ca", frontProxyCA, ".crt", false},
	{inventory.ControlPlane, "pki", "/etc/kubernetes/pki/sa", serviceAccount, ".key", false},
	{inventory.ControlPlane, "pki", "/etc/kubernetes/pki/sa", serviceAccount, ".pub", false},
	{inventory.ControlPlane, "kube-apiserver", "/etc/kubernetes/pki/etcd/ca", etcdCA, ".crt", false},
	{inventory.Etcd, "etcd", "/etc/etcd/pki/ca", etcdCA, ".crt", false},
}

// Files returns what a component wants on a host, in a fixed order; nothing when it has no part on
// a host of that role. The components are "pki" (what several others share), "etcd", "etcd-peers",
// "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy",
// "flannel", "kube-router", "registry" and "admin". The host must be one of the cluster that
// Preview was called with.
func (p *PKI) Files(h inventory.Host, component string) []File {
	var files []File
	for _, f := range authorityFiles {
		if f.component == component && (f.role == everyHost || h.Has(f.role)) {
			files = append(files, file(component, f.path+f.suffix, p.shared(f.of, f.suffix, f.signs)))
		}
	}
	for _, r := range table {
		if r.component != component || !r.isOn(p.cluster, h) {
			continue
		}
		pair, ok := p.pairs[r.path(h)]
		if !ok {
			panic(fmt.Sprintf("certs: host %q is not of the cluster whose certificates were issued", h.Name))
		}
		if r.pair != "" {
			files = append(files, file(component, r.pair+".crt", pair.certPEM),
				file(component, r.pair+".key", pair.keyPEM))
		}
		for _, path := range r.configs {
			files = append(files, file(component, path, p.kubeconfig(p.cluster, r.server(p.cluster, h), pair)))
		}
	}
	return files
}

// Serving returns the certificate and the key of a Service that the table has, in PEM.
func (p *PKI) Serving(service string) (certificate, key []byte) {
	if own, ok := p.own[service]; ok {
		return own.certPEM, own.keyPEM
	}
	pair, ok := p.pairs[servedPath(service)]
	if !ok {
		panic(fmt.Sprintf("certs: the cluster has no certificate for the Service %q", service))
	}
	return pair.certPEM, pair.keyPEM
}

// Authority returns what the cluster's own servers are verified with, in PEM: the certificate of
// the cluster's authority, and while another takes its place those of both.
func (p *PKI) Authority() []byte { return p.authorities[kubernetesCA].bundle() }

// Retired returns the certificates of authorities for clients that nothing may trust any more, in
// PEM.
func (p *PKI) Retired() (retired [][]byte) {
	for _, name := range []string{kubernetesCA, frontProxyCA} {
		for _, cert := range p.authorities[name].retired {
			retired = append(retired, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
		}
	}
	return retired
}

// HasCertificate reports whether a file at a path of a host has a certificate in it: by itself, or
// as a part of a kubeconfig.
func HasCertificate(path string) bool {
	for _, f := range authorityFiles {
		if f.path+f.suffix == path {
			return f.suffix == ".crt"
		}
	}
	return slices.ContainsFunc(table, func(r row) bool {
		return r.pair != "" && r.pair+".crt" == path || slices.Contains(r.configs, path)
	})
}

// shared is the content of an authority's file, or of the service account key pair's.
func (p *PKI) shared(of, suffix string, signs bool) []byte {
	switch {
	case of == serviceAccount && suffix == ".pub":
		return p.serviceAccount.verifiers()
	case of == serviceAccount:
		return p.serviceAccount.private
	case suffix == ".key":
		return p.authorities[of].keyPEM
	case signs:
		return p.authorities[of].certPEM
	}
	return p.authorities[of].bundle()
}

// RegistryConfig is the directory of the registry's own files, and RegistryUser the user as whom it
// runs, which has a group of the same name.
const (
	RegistryConfig = "/etc/kbootstrap-registry"
	RegistryUser   = "kbootstrap-registry"
)

// file gives a file the owner and mode that its path asks for (CIS 1.1.13-1.1.20, 4.1.3-4.1.8).
func file(component, path string, text []byte) File {
	f := File{Component: component, Path: path, Mode: 0o600, Owner: "root:root", Content: text, Secret: true}
	if strings.HasPrefix(path, "/etc/etcd/") {
		// etcd reads them. It could change them if they were its own, and what is next to them
		// while the tool writes them.
		f.Mode, f.Owner = 0o640, "root:etcd"
	}
	if strings.HasPrefix(path, RegistryConfig+"/") {
		f.Mode, f.Owner = 0o640, "root:"+RegistryUser
	}
	if suffix := filepath.Ext(path); suffix == ".crt" || suffix == ".pub" {
		f.Mode, f.Secret = 0o644, false
	}
	return f
}
