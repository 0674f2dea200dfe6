package certs

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kbootstrap/inventory"
)

// start is when the tests' clusters are made.
var start = time.Date(2026, 9, 3, 12, 0, 0, 0, time.UTC)

// lab is a cluster of three: a control plane with etcd, an etcd alone, and a worker.
func lab() *inventory.Cluster {
	c := &inventory.Cluster{
		Name: "lab",
		Network: inventory.Network{
			Services: netip.MustParsePrefix("10.96.0.0/12"), APIPort: 6443, LocalAPIPort: 7443, Domain: "cluster.local",
		},
	}
	add(c, "cp1", "10.0.0.11", inventory.ControlPlane, inventory.Etcd)
	add(c, "etcd1", "10.0.0.21", inventory.Etcd)
	add(c, "w1", "10.0.0.31", inventory.Worker)
	return c
}

func add(c *inventory.Cluster, name, address string, roles ...inventory.Role) {
	c.Hosts = append(c.Hosts, inventory.Host{
		Name: name, Address: netip.MustParseAddr(address), Roles: roles,
		SSH: inventory.SSH{Address: name + ".example.net"},
	})
}

// large is a cluster of that many hosts, three of them control planes with etcd where there are as
// many.
func large(hosts int) *inventory.Cluster {
	c := lab()
	c.Hosts = nil
	for i := range hosts {
		roles := []inventory.Role{inventory.Worker}
		if i < 3 {
			roles = []inventory.Role{inventory.ControlPlane, inventory.Etcd}
		}
		add(c, fmt.Sprintf("n%d", i), netip.AddrFrom4([4]byte{10, 0, byte(i / 250), byte(1 + i%250)}).String(),
			roles...)
	}
	return c
}

// newStore is an empty store, in a directory of its own.
func newStore(t testing.TB) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "lab", "pki"))
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := create(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func issue(t testing.TB, s *Store, c *inventory.Cluster, now time.Time) *PKI {
	t.Helper()
	p, err := previewAndKeep(s, c, now)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// previewAndKeep issues and writes, as the tool does. Like a user who is told to, it begins again
// when another run was faster.
func previewAndKeep(s *Store, c *inventory.Cluster, now time.Time) (*PKI, error) {
	for {
		p, err := s.Preview(c, now)
		if err != nil {
			return nil, err
		}
		err = s.Keep(p)
		if err == nil || !strings.Contains(err.Error(), "another run has written") {
			return p, err
		}
	}
}

// snapshot is every file below a directory with its content and its time of change.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		text := fmt.Sprint(info.Mode(), info.ModTime().UnixNano(), " ")
		if !e.IsDir() {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += string(b)
		}
		rel, err := filepath.Rel(dir, path)
		files[rel] = text
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// certificate is a certificate of the store.
func certificate(t testing.TB, s *Store, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name+".crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("%s: not PEM", name)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// changed are the certificates of the store that differ between two snapshots, and those that are
// in one only.
func changed(before, after map[string]string) map[string]bool {
	names := map[string]bool{}
	for name, text := range after {
		if filepath.Ext(name) == ".crt" && before[name] != text {
			names[name] = true
		}
	}
	for name := range before {
		if _, ok := after[name]; !ok && filepath.Ext(name) == ".crt" {
			names[name] = true
		}
	}
	return names
}
