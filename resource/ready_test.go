package resource_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/resource"
)

func TestReadyTellsWhyNot(t *testing.T) {
	m := newMachine(t)
	newSystemd(m)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check "+
			"failed", http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	waitsInVain(t, func(timeout time.Duration) error {
		r := resource.Ready{Name: "apiserver", URL: server.URL, Unit: "kube-apiserver.service", Timeout: timeout}
		return r.Apply(t.Context(), m.System)
	}, "waited ", server.URL,
		"the time is up", "500 Internal Server Error: [-]etcd failed: reason withheld",
		"panic: the last words of kube-apiserver.service")
}

// whole is what an error says, with the journal of the unit that it is about.
func whole(err error) string {
	var unit *host.UnitError
	if errors.As(err, &unit) {
		return err.Error() + "\n" + unit.Journal.End(20)
	}
	return err.Error()
}

// waitsInVain checks what an error says of a wait that ended with its time. On a busy machine the
// time may be over before the first answer; then it waits longer, up to minutes.
func waitsInVain(t *testing.T, wait func(timeout time.Duration) error, parts ...string) {
	t.Helper()
	for timeout := 50 * time.Millisecond; ; timeout *= 4 {
		err := wait(timeout)
		if err == nil {
			t.Fatal("the wait ended well")
		}
		lacking := slices.DeleteFunc(slices.Clone(parts), func(part string) bool {
			return strings.Contains(whole(err), part)
		})
		if len(lacking) == 0 {
			return
		}
		if timeout > time.Minute {
			t.Fatalf("%q is not in the error: %v", lacking, err)
		}
	}
}

// TestReadyGivesUpOnFailedUnit checks that a unit that is not tried again is not waited for: the
// timeout is an hour.
func TestReadyGivesUpOnFailedUnit(t *testing.T) {
	m := newMachine(t)
	s := newSystemd(m)
	s.units["etcd.service"] = &memoryUnit{active: "failed"}
	r := resource.Ready{Name: "etcd", URL: "http://127.0.0.1:1", Unit: "etcd.service", Timeout: time.Hour}
	err := r.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "etcd.service has failed") ||
		!strings.Contains(err.Error(), "refused") {
		t.Errorf("error is %v", err)
	}
}

// TestReadyKnowsTheServer checks that a server is not believed whose certificate is another
// authority's.
func TestReadyKnowsTheServer(t *testing.T) {
	m := newMachine(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	other := httptest.NewUnstartedServer(nil)
	t.Cleanup(other.Close)
	m.put("/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	r := resource.Ready{Name: "x", URL: server.URL, CACert: "/ca.pem"}
	if found := m.observe(r); resource.Changed(found, r) {
		t.Error("the right server is not ready")
	}
	r.CACert = ""
	if found := m.observe(r); !resource.Changed(found, r) {
		t.Error("an unknown server is ready")
	}
	r.CACert = "/none.pem"
	if found := m.observe(r); !resource.Changed(found, r) {
		t.Error("without the authority's certificate the server is ready")
	}
}

// TestReadyWaitsForCertificates checks that a certificate that another component is about to write
// is waited for, that one that never comes is named, and that one that is none is not waited for.
func TestReadyWaitsForCertificates(t *testing.T) {
	m := newMachine(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	certificate := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	r := resource.Ready{Name: "x", URL: server.URL, CACert: "/ca.pem", Timeout: 50 * time.Millisecond}
	if err := r.Apply(t.Context(), m.System); err == nil || !strings.Contains(err.Error(), "/ca.pem: no such file") {
		t.Errorf("it never comes: %v", err)
	}
	r.Timeout = time.Hour
	done := make(chan error, 1)
	go func() { done <- r.Apply(t.Context(), m.System) }()
	m.put("/ca.new", certificate)
	m.must(os.Rename(m.Path("/ca.new"), m.Path("/ca.pem")))
	if err := <-done; err != nil {
		t.Error(err)
	}
	m.put("/ca.pem", "rubbish")
	if err := r.Apply(t.Context(), m.System); err == nil || !strings.Contains(err.Error(), "no certificate in it") {
		t.Errorf("rubbish: %v", err)
	}
}

func TestPollEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := host.Poll(ctx, time.Microsecond, func() (bool, error) {
		if n++; n == 3 {
			cancel()
		}
		return false, nil
	})
	if err != context.Canceled { //nolint:errorlint // poll promises this very error
		t.Errorf("error is %v", err)
	}
}

// TestReadyProbes checks the ways to ask that are not HTTP.
func TestReadyProbes(t *testing.T) {
	m := newMachine(t)
	tcp := listen(t, "tcp", "127.0.0.1:0")
	t.Cleanup(func() { _ = tcp.Close() })
	m.must(os.MkdirAll(m.Path("/run"), 0o755))
	unix := listen(t, "unix", m.Path("/run/x.sock"))
	t.Cleanup(func() { _ = unix.Close() })
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/a" {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})}
	served := listen(t, "unix", m.Path("/run/http.sock"))
	go func() { _ = server.Serve(served) }()
	t.Cleanup(func() { _ = server.Close() })
	m.fakes["iptables"] = func(argv []string) (string, error) {
		chains := map[string]string{"FORWARD": "-P FORWARD ACCEPT\n-A FORWARD -j OURS\n", "INPUT": ""}
		rules, ok := chains[argv[len(argv)-1]]
		if !ok {
			return "", errors.New("no chain by that name")
		}
		return rules, nil
	}
	for url, ready := range map[string]bool{
		"tcp://" + tcp.Addr().String(): true,
		"tcp://127.0.0.1:1":            false,
		"unix:///run/x.sock":           true,
		"unix:///run/y.sock":           false,
		"unix:///run/x.sock?get=/a":    false, // it accepts, and says nothing
		"unix:///run/http.sock?get=/a": true,
		"unix:///run/http.sock?get=/b": false,
		"dns://127.0.0.1:1/a.b":        false,
		"http://127.0.0.1:1":           false,
		"iptables:///FORWARD":          true,
		"iptables:///INPUT":            false,
		"iptables:///NONE":             false,
	} {
		r := resource.Ready{Name: "x", URL: url}
		if strings.HasPrefix(url, "iptables:") {
			r.Expect = "-j OURS"
		}
		if found := m.observe(r); resource.Changed(found, r) == ready {
			t.Errorf("%s is ready: %v", url, !ready)
		}
	}
}

// TestReadyWaitsForItsCertificate: the certificate to ask with may be another component's, which is
// being made meanwhile.
func TestReadyWaitsForItsCertificate(t *testing.T) {
	m := newMachine(t)
	h := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer h.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw}))
	m.Log = func(string) { // it says that it waits
		m.put("/pki/ca.new", ca)
		m.must(os.Rename(m.Path("/pki/ca.new"), m.Path("/pki/ca.crt")))
	}
	m.apply(resource.Ready{Name: "server", URL: h.URL, CACert: "/pki/ca.crt"})
	missing := resource.Ready{Name: "server", URL: h.URL, CACert: "/none", Timeout: time.Millisecond}
	err := missing.Apply(t.Context(), m.System)
	if err == nil || !strings.Contains(err.Error(), "/none: no such file") {
		t.Errorf("error is %v", err)
	}
}

// TestReadyMount: a mount is ready when the file system that is wanted is on top, whoever looks at
// it or not.
func TestReadyMount(t *testing.T) {
	m := newMachine(t)
	at := m.Path("/srv/a share")
	line := func(source string) string {
		return "36 25 0:40 / " + strings.ReplaceAll(at, " ", `\040`) + " rw,relatime shared:1 master:2 - nfs4 " +
			source + " rw\n"
	}
	for mounts, says := range map[string]string{
		"": "nothing is mounted on /srv/a share",
		strings.ReplaceAll(line("s:/x"), "share ", "share2 "): "nothing is mounted",
		line("s:/y"):                "s:/y is mounted on /srv/a share, not s:/x",
		line("s:/x") + line("s:/y"): "s:/y is mounted",
		line("s:/y") + line("s:/x"): "",
	} {
		m.put("/proc/self/mountinfo", mounts)
		wanted := resource.Ready{
			Name: "the share", URL: "mount:///srv/a%20share", Expect: "s:/x", Timeout: time.Millisecond,
		}
		err := wanted.Apply(t.Context(), m.System)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", mounts, err, says)
		}
		found, err := wanted.Observe(t.Context(), m.System)
		if err != nil || (found.State() != "") != (says == "") {
			t.Errorf("%q: observed %q, %v", mounts, found.State(), err)
		}
	}
}
