package provision

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/release"
	"kbootstrap/remote"
)

// TestFoundingIsCertain: members may found a cluster only when every etcd host was asked, and none
// knows of one.
func TestFoundingIsCertain(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	set := fixture.Resolve(t, c)
	for _, test := range []struct {
		what string
		host map[string]host.Facts
		want bool
	}{
		{"all are new", map[string]host.Facts{"m1": {}, "m2": {}, "m3": {}, "w1": {}}, true},
		{"the worker is out of reach", map[string]host.Facts{"m1": {}, "m2": {}, "m3": {}}, true},
		{
			"data of a founding that was cut off", map[string]host.Facts{"m1": {EtcdData: true}, "m2": {}, "m3": {}},
			true,
		},
		{
			"one knows a cluster", map[string]host.Facts{"m1": {}, "m2": {EtcdBootstrapped: "kbootstrap-ha"}, "m3": {}},
			false,
		},
		{
			"a former member knows one",
			map[string]host.Facts{"m1": {}, "m2": {}, "m3": {}, "w1": {EtcdBootstrapped: "x"}}, false,
		},
		{"one was not asked", map[string]host.Facts{"m1": {}, "m2": {}, "w1": {}}, false},
		{"none was asked", map[string]host.Facts{"w1": {}}, false},
	} {
		r := &Run{
			Cluster: c, Fleet: fleet.Fleet{},
			releases: releases{cluster: c, sets: map[string]*release.Set{"amd64": set}},
		}
		for name, facts := range test.host {
			facts.Arch = "amd64"
			h, _ := c.Host(name)
			r.Fleet[name] = &fleet.Machine{Host: h, Facts: facts}
		}
		targets, err := targetsOf(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(targets) != len(test.host) {
			t.Errorf("%s: %d targets", test.what, len(targets))
		}
		for _, target := range targets {
			if target.EtcdNew != test.want {
				t.Errorf("%s: %s may found: %t", test.what, target.Host.Name, target.EtcdNew)
			}
		}
	}
}

// TestUpstreamIsOfAnyHost: the cluster's DNS has where to forward to as soon as one host knows a
// server.
func TestUpstreamIsOfAnyHost(t *testing.T) {
	c := fixture.Parse(t, fixture.Small)
	sets := releases{cluster: c, sets: map[string]*release.Set{"amd64": fixture.Resolve(t, c)}}
	for _, resolv := range []string{"", "/etc/resolv.conf"} {
		r := &Run{
			Cluster: c, releases: sets,
			Fleet: fleet.Fleet{
				"cp1": {Facts: host.Facts{Arch: "amd64"}}, "w1": {Facts: host.Facts{Arch: "amd64", Resolv: resolv}},
			},
		}
		targets, err := targetsOf(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range targets {
			if target.Upstream != (resolv != "") {
				t.Errorf("resolv.conf %q: %s has upstream %t", resolv, target.Host.Name, target.Upstream)
			}
		}
	}
}

// unreachable is the cluster with every host at a port of this machine where no process listens,
// and with nothing to fetch.
func unreachable(t *testing.T, text string) *inventory.Cluster {
	t.Helper()
	if runtime.GOARCH != "amd64" {
		t.Fatalf("the artifacts of this test are for amd64, not %s", runtime.GOARCH)
	}
	t.Setenv("KBOOTSTRAP_CACHE", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("SSH_AUTH_SOCK", "")
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	c := fixture.Parse(t, text)
	fixture.Resolve(t, c)
	key := privateKey(t)
	for i := range c.Hosts {
		login := &c.Hosts[i].SSH
		login.Address, login.Key, login.KnownHosts = "127.0.0.1", key, filepath.Join(t.TempDir(), "known_hosts")
		login.HostKeyPolicy = "accept-new"
		if login.Port, err = strconv.Atoi(port); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// privateKey writes a key to log in with.
func privateKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "id_ed25519")
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPrepareNamesEachHost: hosts that cannot be reached are all named at once, also to who would
// go on without some.
func TestPrepareNamesEachHost(t *testing.T) {
	c := unreachable(t, fixture.Small)
	for _, test := range []struct {
		verb   string
		stages []Stage
		limit  []string
	}{
		{"plan", Plan(), nil}, {"up", Up(nil, nil), nil}, {"status", Look(), nil}, {"preflight", Preflight(nil), nil},
		{"add-node", AddNode(nil), []string{"w1"}},
		{"verify", Verify(), nil},
		{"reset", Reset(nil, false), nil}, {"reset of a host", Reset(nil, false), []string{"w1"}},
		{"a reset that is tried", PlanReset(false), nil},
	} {
		scope := Scope{Hosts: test.limit}
		run, err := Prepare(t.Context(), c, scope, fleet.Options{}, test.stages...)
		if err == nil {
			run.Close()
			t.Fatalf("%s: prepared", test.verb)
		}
		var failures plan.Failures
		if !errors.As(err, &failures) || len(failures) != 2 || failures[0].Host != "cp1" || failures[1].Host != "w1" {
			t.Fatalf("%s: got %v", test.verb, err)
		}
		for _, f := range failures {
			var cause *remote.Error
			if !errors.As(f, &cause) || cause.Kind != remote.Unreachable {
				t.Errorf("%s: %v", test.verb, f)
			}
		}
	}
}

// TestOneRunAtATime: a second run on this machine is told so before it does anything, and by whom;
// the lock goes with its run, and who has patience gets it then.
func TestOneRunAtATime(t *testing.T) {
	c := unreachable(t, fixture.Small)
	fixture.Issue(t, c)
	first, err := fleet.LockState(t.Context(), c, fleet.Options{Command: "kbootstrap up"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = Prepare(
		t.Context(), c, Scope{}, fleet.Options{Report: func(e fleet.Event) { t.Errorf("%+v", e) }}, Up(nil, nil)...,
	)
	var locked *node.LockedError
	if !errors.As(err, &locked) || fault.Of(err) != fault.Locked {
		t.Fatalf("got %v", err)
	}
	h := locked.Holder
	if h.PID != os.Getpid() || h.Command != "kbootstrap up" || h.Since.IsZero() ||
		!strings.HasPrefix(err.Error(), filepath.Join(c.StateDir(), "lock")+": locked by "+h.User+"@"+h.Host+" (pid ") {
		t.Errorf("got %v", err)
	}

	patient := fleet.Options{LockTimeout: time.Hour, Report: func(e fleet.Event) {
		if e.Kind != fleet.EventLog || !strings.Contains(e.Text, "; waiting for the lock, 1h0m0s at most") {
			t.Errorf("%+v", e)
		}
		first.Release()
	}}
	second, err := fleet.LockState(t.Context(), c, patient)
	if err != nil {
		t.Fatal(err)
	}
	second.Release()

	ctx, cancel := context.WithCancel(t.Context())
	if first, err = fleet.LockState(ctx, c, fleet.Options{}); err != nil {
		t.Fatal(err)
	}
	defer first.Release()
	patient.Report = func(fleet.Event) { cancel() }
	if _, err := fleet.LockState(ctx, c, patient); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while it waits: %v", err)
	}
}

// TestPrepareRefusesUnpinned: without a sum of each artifact nothing happens, and no host is asked.
func TestPrepareRefusesUnpinned(t *testing.T) {
	c := unreachable(t, fixture.Small)
	if err := (&release.Lock{Version: 1}).Write(c.Artifacts.Lock); err != nil {
		t.Fatal(err)
	}
	dialled := func(context.Context, string, string) (net.Conn, error) {
		t.Error("a host was dialled")
		return nil, errors.New("not here")
	}
	_, err := Prepare(t.Context(), c, Scope{}, fleet.Options{Remote: remote.Options{Dial: dialled}}, Up(nil, nil)...)
	var unpinned *release.UnpinnedError
	if !errors.As(err, &unpinned) {
		t.Errorf("got %v", err)
	}
}

// TestPrepareStops: the end of the context is the cause, however many hosts were being dialled.
func TestPrepareStops(t *testing.T) {
	c := unreachable(t, fixture.Small)
	ctx, cancel := context.WithCancel(t.Context())
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	_, err := Prepare(ctx, c, Scope{}, fleet.Options{Remote: remote.Options{Dial: hang}}, Plan()...)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestFetchIsToldOnce: a binary of many megabytes has many events of progress, and one line.
func TestFetchIsToldOnce(t *testing.T) {
	c := unreachable(t, fixture.Small)
	var kubelet string
	lock, err := release.ReadLock(c.Artifacts.Lock)
	if err != nil {
		t.Fatal(err)
	}
	large := append(fixture.Binary("kubelet"), make([]byte, 5<<20)...)
	sum := sha256.Sum256(large)
	for i, e := range lock.Artifacts {
		if name := strings.TrimPrefix(e.URL, "https://"); path.Base(name) == "kubelet" {
			kubelet = name
			lock.Artifacts[i].SHA256, lock.Artifacts[i].Size = hex.EncodeToString(sum[:]), int64(len(large))
		}
	}
	if err := os.WriteFile(filepath.Join(c.Artifacts.Mirror, kubelet), large, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := lock.Write(c.Artifacts.Lock); err != nil {
		t.Fatal(err)
	}
	var seen reports
	sets := releases{cluster: c, options: fleet.Options{Report: seen.take}, sets: map[string]*release.Set{}}
	if _, err := sets.of(t.Context(), "amd64"); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range seen.events {
		if e.Kind != fleet.EventFetch {
			count[e.Text]++
		}
	}
	// The lock has what only `verify` needs as well, which is not fetched.
	isTrial := func(e release.LockedEntry) bool { return strings.Contains(e.URL, component.TrialImage) }
	if lock.Artifacts = slices.DeleteFunc(lock.Artifacts, isTrial); count["fetch "+kubelet] != 1 ||
		len(count) != len(lock.Artifacts) {
		t.Errorf("%d events for %d artifacts: %v", len(seen.events), len(lock.Artifacts), count)
	}
}
