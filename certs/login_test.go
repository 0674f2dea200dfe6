package certs

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// withLogging is the lab with a store of logs.
func withLogging() *inventory.Cluster {
	c := lab()
	c.AddOns.Logging.Enabled = true
	return c
}

// TestLogins: people and agents have passwords of their own, which are made once, are their owner's
// to change, and of which there are none in a cluster that has no use for them.
func TestLogins(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	logins := func(c *inventory.Cluster) (people, agents Login, err error) {
		t.Helper()
		store, err := At(dir)
		if err != nil {
			t.Fatal(err)
		}
		p, err := store.Preview(c, time.Now())
		if err != nil {
			return Login{}, Login{}, err
		}
		return p.Login(LoggingLogin), p.Login(LoggingAgent), store.Keep(p)
	}
	if people, agents, err := logins(lab()); err != nil || people != (Login{}) || agents != (Login{}) {
		t.Errorf("a cluster without: %+v, %+v, %v", people, agents, err)
	}
	people, agents, err := logins(withLogging())
	if err != nil || len(people.Password) < 20 || len(agents.Password) < 20 || people.Password == agents.Password ||
		people.User != "logging" {
		t.Fatalf("the logins are %+v, %+v, %v", people, agents, err)
	}
	if again, _, err := logins(withLogging()); err != nil || again != people {
		t.Errorf("and then %+v, %v", again, err)
	}
	file := filepath.Join(dir, "logging.password")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of the password: %v, %v", info, err)
	}
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("correct horse\n")
	if changed, _, err := logins(withLogging()); err != nil || changed.Password != "correct horse" {
		t.Errorf("after a change: %+v, %v", changed, err)
	}
	for _, text := range []string{strings.Repeat("a", 257), "a\nb\n"} {
		write(text)
		if _, _, err := logins(withLogging()); fault.Of(err) != fault.LoginPassword {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestPageCertificate: people reach a page at a control plane, by its address, and agents by the
// name of the Service. Another worker changes nothing of it.
func TestPageCertificate(t *testing.T) {
	s, c := newStore(t), withLogging()
	issue(t, s, c, start)
	want := []string{"10.0.0.11", "127.0.0.1", "cp1", "cp1.example.net", "localhost", "logs.kube-system.svc",
		"logs.kube-system.svc.cluster.local"}
	if got := sans(certificate(t, s, "services/logs")); !slices.Equal(got, want) {
		t.Errorf("names %q", got)
	}
	before := snapshot(t, s.dir)
	add(c, "w2", "10.0.0.32", inventory.Worker)
	issue(t, s, c, start)
	if changed(before, snapshot(t, s.dir))["services/logs.crt"] {
		t.Error("another worker changes the certificate")
	}
}
