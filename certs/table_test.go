package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCertificates checks each certificate of each kind as its peers will: its chain, its usages,
// its names.
func TestCertificates(t *testing.T) {
	s, c := newStore(t), lab()
	issue(t, s, c, start)
	const domain = "kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.cluster.local"
	for _, want := range []struct {
		name, issuer, cn, org, sans, usages string
	}{
		{"admin", "ca", "kubernetes-admin", "kubeadm:cluster-admins", "", "client"},
		{"hosts/cp1/admin", "ca", "kubernetes-admin", "kubeadm:cluster-admins", "", "client"},
		{"hosts/cp1/super-admin", "ca", "kubernetes-super-admin", "system:masters", "", "client"},
		{"hosts/cp1/apiserver", "ca", "kube-apiserver", "",
			"10.0.0.11 10.96.0.1 127.0.0.1 cp1 cp1.example.net " + domain + " localhost", "server"},
		{"hosts/cp1/apiserver-kubelet-client", "ca", "kube-apiserver-kubelet-client", "", "", "client"},
		{"hosts/cp1/apiserver-etcd-client", "etcd/ca", "kube-apiserver-etcd-client", "", "", "client"},
		{"hosts/cp1/front-proxy-client", "front-proxy-ca", "front-proxy-client", "", "", "client"},
		{"hosts/cp1/controller-manager", "ca", "system:kube-controller-manager", "", "", "client"},
		{"hosts/cp1/scheduler", "ca", "system:kube-scheduler", "", "", "client"},
		{"hosts/etcd1/etcd-server", "etcd/ca", "etcd1", "", "10.0.0.21 127.0.0.1 etcd1 localhost", "server client"},
		{"hosts/etcd1/etcd-peer", "etcd/ca", "etcd-peer", "", "10.0.0.21 127.0.0.1 etcd1 localhost", "server client"},
		{"hosts/etcd1/etcd-healthcheck-client", "etcd/ca", "kube-etcd-healthcheck-client", "", "", "client"},
		{"hosts/w1/kubelet-client", "ca", "system:node:w1", "system:nodes", "", "client"},
		{"hosts/w1/kubelet", "ca", "system:node:w1", "system:nodes", "10.0.0.31 w1", "server"},
		{"hosts/w1/kube-proxy", "ca", "system:kube-proxy", "", "", "client"},
		{"hosts/w1/flannel", "ca", "flannel:w1", "kbootstrap:flannel", "", "client"},
		{"hosts/w1/kube-router", "ca", "kube-router:w1", "", "", "client"},
	} {
		t.Run(want.name, func(t *testing.T) {
			cert := certificate(t, s, want.name)
			if got := cert.Subject.CommonName; got != want.cn {
				t.Errorf("CN = %q, want %q", got, want.cn)
			}
			if got := strings.Join(cert.Subject.Organization, " "); got != want.org {
				t.Errorf("O = %q, want %q", got, want.org)
			}
			if got := strings.Join(sans(cert), " "); got != want.sans {
				t.Errorf("SANs = %q, want %q", got, want.sans)
			}
			if key, ok := cert.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
				t.Errorf("key = %T, want ECDSA P-256", cert.PublicKey)
			}
			if cert.IsCA {
				t.Error("it is an authority")
			}
			for _, ca := range authorityTable {
				for usage, eku := range map[string]x509.ExtKeyUsage{"client": x509.ExtKeyUsageClientAuth,
					"server": x509.ExtKeyUsageServerAuth} {
					roots := x509.NewCertPool()
					roots.AddCert(certificate(t, s, ca.name))
					_, err := cert.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: start,
						KeyUsages: []x509.ExtKeyUsage{eku}})
					valid := ca.name == want.issuer && slices.Contains(strings.Fields(want.usages), usage)
					if (err == nil) != valid {
						t.Errorf("as %s of %s: %v, want valid: %t", usage, ca.name, err, valid)
					}
				}
			}
			for _, name := range strings.Fields(want.sans) {
				if err := cert.VerifyHostname(name); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestEveryHostHasItsOwn checks that a host gets what its roles need and no more.
func TestEveryHostHasItsOwn(t *testing.T) {
	got := map[string]string{}
	for _, l := range leaves(lab()) {
		got[l.host] = strings.TrimSpace(got[l.host] + " " + l.name[strings.LastIndex(l.name, "/")+1:])
	}
	every := "kubelet-client kubelet kube-proxy flannel kube-router"
	for host, want := range map[string]string{
		"":      "admin",
		"w1":    every,
		"etcd1": "etcd-server etcd-peer etcd-healthcheck-client " + every,
		"cp1": "etcd-server etcd-peer etcd-healthcheck-client apiserver apiserver-kubelet-client " +
			"apiserver-etcd-client front-proxy-client controller-manager controller-manager-server scheduler " +
			"scheduler-server admin super-admin " + every,
	} {
		if got[host] != want {
			t.Errorf("%q has %s\nwant %s", host, got[host], want)
		}
	}
}

func TestAuthorities(t *testing.T) {
	s := newStore(t)
	issue(t, s, lab(), start)
	for _, a := range authorityTable {
		cert := certificate(t, s, a.name)
		if !cert.IsCA || cert.MaxPathLen != 0 || !cert.MaxPathLenZero ||
			cert.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
			t.Errorf("%s: IsCA %t, MaxPathLen %d, KeyUsage %b", a.name, cert.IsCA, cert.MaxPathLen, cert.KeyUsage)
		}
		if cert.Subject.CommonName != a.cn {
			t.Errorf("%s: CN = %q, want %q", a.name, cert.Subject.CommonName, a.cn)
		}
		if want := start.Add(-time.Hour); !cert.NotBefore.Equal(want) {
			t.Errorf("%s: begins %s, want %s", a.name, cert.NotBefore, want)
		}
		if want := start.Add(10 * 365 * 24 * time.Hour); !cert.NotAfter.Equal(want) {
			t.Errorf("%s: ends %s, want %s", a.name, cert.NotAfter, want)
		}
	}
}

func TestAddressesAreCanonical(t *testing.T) {
	c := lab()
	c.Hosts[0].SSH.Address = "2001:DB8:0:0::7"
	for _, l := range leaves(c) {
		if l.name == "hosts/cp1/apiserver" && !slices.Contains(l.sans, "2001:db8::7") {
			t.Errorf("SANs = %q, without 2001:db8::7", l.sans)
		}
	}
	s := newStore(t)
	issue(t, s, c, start)
	before := snapshot(t, s.dir)
	issue(t, s, c, start)
	if names := changed(before, snapshot(t, s.dir)); len(names) > 0 {
		t.Errorf("issued again: %v", names)
	}
}
