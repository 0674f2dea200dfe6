package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/crypto/ssh"

	"kbootstrap/internal/fixture"
	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// TestMain lets the scripts run the tool: this binary, started by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"kbootstrap": main})
}

// TestScripts runs the scripts of testdata/script: what a user types, what comes out, and the exit
// code. There is no network, no key but the script's own, and standard input is no terminal.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: golden.Update(),
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("KBOOTSTRAP_CACHE", filepath.Join(e.WorkDir, "cache"))
			e.Setenv("SSH_AUTH_SOCK", "")
			e.Values["ssh servers"] = sshServers{}
			e.Setenv("NO_COLOR", "1")
			// Should anything be fetched all the same, it fails at once.
			e.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "mirror": mirror, "sshkey": sshKey, "sshserver": sshServer, "closedport": closedPort,
			"json": isJSON, "private": private, "logs": logs,
		},
	})
}

// exits CODE COMMAND... runs a command that must end with the exit code. Its output is for stdout,
// stderr and cmp.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	var exit interface{ ExitCode() int }
	if errors.As(err, &exit) {
		code = strconv.Itoa(exit.ExitCode())
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// mirror INVENTORY writes a mirror of small files that stand for the artifacts, and their lock,
// next to the inventory.
func mirror(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mirror INVENTORY")
	}
	path := ts.MkAbs(args[0])
	c, err := inventory.Load(path, component.Rules())
	ts.Check(err)
	dir := filepath.Dir(path)
	c.Artifacts.Lock = "" // not there yet
	list, err := release.List(c, "amd64",
		release.Options{
			Sources: component.Sources(), Verbs: []string{release.AnyVerb}, CacheDir: filepath.Join(dir, "cache"),
		})
	ts.Check(err)
	lock := release.Lock{Version: 1}
	for _, a := range list {
		file := filepath.Join(dir, "mirror", strings.TrimPrefix(a.URL, "https://"))
		content := []byte("\x7fELF " + a.URL)
		if strings.HasSuffix(file, ".tar") {
			content = fixture.Image(a.URL)
		}
		if strings.HasSuffix(file, "gz") {
			content = archiveOfAll(ts, "etcd-v"+a.Version+"-linux-amd64/etcd",
				"etcd-v"+a.Version+"-linux-amd64/etcdctl",
				"etcd-v"+a.Version+"-linux-amd64/etcdutl", "bin/containerd", "bin/ctr", "bin/containerd-shim-runc-v2",
				"bridge", "host-local", "loopback", "portmap", "flanneld", "kube-router")
		}
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
		ts.Check(os.WriteFile(file, content, 0o644))
		sum := sha256.Sum256(content)
		lock.Artifacts = append(lock.Artifacts,
			release.LockedEntry{URL: a.URL, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content))})
	}
	ts.Check(lock.Write(filepath.Join(dir, "artifacts.lock")))
}

// sshkey FILE writes a key to log in with.
func sshKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sshkey FILE")
	}
	_, key, err := ed25519.GenerateKey(nil)
	ts.Check(err)
	block, err := ssh.MarshalPrivateKey(key, "")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(block), 0o600))
}

// closedport FILE replaces each PORT in a file by another port of this machine where no
// process listens.
func closedPort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: closedport FILE")
	}
	text := ts.ReadFile(args[0])
	for strings.Contains(text, "PORT") {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		ts.Check(err)
		defer func() { ts.Check(l.Close()) }()
		_, port, err := net.SplitHostPort(l.Addr().String())
		ts.Check(err)
		text = strings.Replace(text, "PORT", port, 1)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// json FILE succeeds when the file is one value of JSON after the other, and not empty.
func isJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	for n := 0; ; n++ {
		var value map[string]any
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) && n > 0 {
			return
		}
		ts.Check(err)
	}
}

// private FILE succeeds if only its owner may read or write the file.
func private(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: private FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if info.Mode().Perm() != 0o600 {
		ts.Fatalf("%s has the mode %v", args[0], info.Mode())
	}
}

// logs VERB copies the newest log of a verb to last.log.
func logs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: logs VERB")
	}
	names, err := filepath.Glob(filepath.Join(ts.Getenv("XDG_STATE_HOME"), "kbootstrap", "*",
		"runs", "*-"+args[0]+".log"))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("there is no log of %s", args[0])
	}
	private(ts, false, names[len(names)-1:])
	text, err := os.ReadFile(names[len(names)-1])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("last.log"), text, 0o600))
}
