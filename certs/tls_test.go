package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

// TestHandshakes: real TLS between the servers and clients of a cluster, over loopback, each side
// verifying the other.
func TestHandshakes(t *testing.T) {
	now := time.Now()
	p := issue(t, newStore(t), lab(), now)
	for _, test := range []struct {
		name, server, client, serverCA, clientCA, dial string
		ok                                             bool
	}{
		{"kubectl to apiserver", "hosts/cp1/apiserver", "admin", kubernetesCA, kubernetesCA, "10.0.0.11", true},
		{"pod to apiserver", "hosts/cp1/apiserver", "hosts/w1/flannel", kubernetesCA, kubernetesCA,
			"kubernetes.default.svc", true},
		{"kubelet through the local proxy", "hosts/cp1/apiserver", "hosts/w1/kubelet-client",
			kubernetesCA, kubernetesCA, "127.0.0.1", true},
		{"apiserver to kubelet", "hosts/w1/kubelet", "hosts/cp1/apiserver-kubelet-client", kubernetesCA, kubernetesCA,
			"10.0.0.31", true},
		{"apiserver to etcd", "hosts/etcd1/etcd-server", "hosts/cp1/apiserver-etcd-client", etcdCA, etcdCA, "10.0.0.21",
			true},
		{"etcd peers", "hosts/etcd1/etcd-peer", "hosts/cp1/etcd-peer", etcdCA, etcdCA, "10.0.0.21", true},
		{"etcd's gateway to itself", "hosts/etcd1/etcd-server", "hosts/etcd1/etcd-server",
			etcdCA, etcdCA, "localhost", true},
		{"etcd health check", "hosts/etcd1/etcd-server", "hosts/etcd1/etcd-healthcheck-client",
			etcdCA, etcdCA, "127.0.0.1", true},
		{"etcd does not know a cluster admin", "hosts/etcd1/etcd-server", "hosts/cp1/super-admin", etcdCA, etcdCA,
			"127.0.0.1", false},
		{"the cluster does not know etcd", "hosts/cp1/apiserver", "hosts/etcd1/etcd-peer", kubernetesCA, kubernetesCA,
			"10.0.0.11", false},
		{"an admin is not the front proxy", "hosts/cp1/apiserver", "admin",
			kubernetesCA, frontProxyCA, "10.0.0.11", false},
		{"a kubelet is not another", "hosts/w1/kubelet", "hosts/cp1/apiserver-kubelet-client",
			kubernetesCA, kubernetesCA, "10.0.0.21", false},
		{"a kubelet's serving certificate is no client", "hosts/cp1/apiserver", "hosts/w1/kubelet", kubernetesCA,
			kubernetesCA, "10.0.0.11", false},
		{"a kubelet's client certificate is no server", "hosts/w1/kubelet-client", "admin",
			kubernetesCA, kubernetesCA, "w1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			pool := func(name string) *x509.CertPool {
				pool := x509.NewCertPool()
				pool.AddCert(p.authorities[name].cert)
				return pool
			}
			serverConfig := &tls.Config{Certificates: []tls.Certificate{keyPairOf(t, p, test.server)},
				ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool(test.clientCA)}
			clientConfig := &tls.Config{Certificates: []tls.Certificate{keyPairOf(t, p, test.client)},
				RootCAs: pool(test.serverCA), ServerName: test.dial}
			if err := handshake(t, serverConfig, clientConfig); (err == nil) != test.ok {
				t.Errorf("handshake: %v, want it to succeed: %t", err, test.ok)
			}
		})
	}
}

func keyPairOf(t *testing.T, p *PKI, name string) tls.Certificate {
	t.Helper()
	cert, err := tls.X509KeyPair(p.pairs[name].certPEM, p.pairs[name].keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// handshake is the first error of either side.
func handshake(t *testing.T, serverConfig, clientConfig *tls.Config) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	served := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			served <- err
			return
		}
		defer conn.Close()
		served <- tls.Server(conn, serverConfig).HandshakeContext(ctx)
	}()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := tls.Client(conn, clientConfig).HandshakeContext(ctx); err != nil {
		return err
	}
	return <-served
}
