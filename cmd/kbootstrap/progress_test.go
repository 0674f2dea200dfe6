package main

import (
	"context"
	"crypto/ed25519"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/provision/fleet"
	"kbootstrap/report"
)

// TestInterrupted: Ctrl-C is answered at once, and the log says how it ended. The interruption
// comes when a host has taken the connection, and says nothing.
func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("HOME", dir)
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "key"), pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	hosts := filepath.Join(dir, "hosts.yaml")
	text := fmt.Sprintf(`cluster: demo
kubernetes: v1.36.3
ssh: {user: root, key: key, knownHosts: known_hosts, hostKeyPolicy: accept-new}
hosts:
  - {name: cp1, address: 192.0.2.11, roles: [etcd, control-plane, worker], ssh: {address: 127.0.0.1, port: %d}}
`, listener.Addr().(*net.TCPAddr).Port)
	if err := os.WriteFile(hosts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	go func() {
		if c, err := listener.Accept(); err == nil {
			interrupt()
			<-t.Context().Done()
			_ = c.Close()
		}
	}()
	var stdout, stderr strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	code := a.run(ctx, []string{"reset", "-i", hosts, "--confirm", "demo", "-o", "json"})
	said := stderr.String()
	if code != exitInterrupted ||
		!strings.Contains(said, "kbootstrap: stopping\n") || strings.Contains(said, "connect: failed") ||
		!strings.Contains(said, "kbootstrap: interrupted; no host was changed\n") {
		t.Errorf("code %d\n%s", code, said)
	}
	if !strings.Contains(stdout.String(), `"outcome": "interrupted"`) {
		t.Errorf("document %s", stdout.String())
	}
	log, err := os.ReadFile(a.shown.log)
	if err != nil || !strings.Contains(string(log), "exitCode=130") ||
		!strings.HasSuffix(said, "log: "+a.shown.log+"\n") {
		t.Errorf("log %s, %v\n%s\n%s", a.shown.log, err, log, said)
	}
}

// TestTouched: the summary names the components that were changed, where they are few.
func TestTouched(t *testing.T) {
	a := &app{shown: &progress{run: report.Start(report.Identity{}, twoHosts())}}
	if got := a.touched("cp1"); got != "" {
		t.Errorf("nothing: %q", got)
	}
	for i, want := range []string{"\ta", "\ta, b", "\ta, b, c", ""} {
		a.shown.report(change("cp1", string(rune('a'+i))))
		if got := a.touched("cp1"); got != want {
			t.Errorf("%d components: %q, want %q", i+1, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	for verb, want := range map[string]string{"up": "Up", "add-node": "AddNode", "hosts-trust": "HostsTrust"} {
		if got := kind(verb); got != want {
			t.Errorf("%s is of the kind %s, want %s", verb, got, want)
		}
	}
}

func change(host, component string) fleet.Event {
	return fleet.Event{Kind: fleet.EventChange, Host: host, Component: component, ID: "file /x"}
}
