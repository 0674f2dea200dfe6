//go:build e2e

package e2e

import (
	"archive/tar"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// canary is the password of the user that the tool logs in as, and of sudo.
const canary = "Canary-9f3d2c71-Sesame"

// TestSecrets: no secret that the tool is given or makes is found in what it prints, logs, plans
// and bundles, in any process's arguments or environment here or on the host, or in a file that
// others can read.
func TestSecrets(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	t.Setenv("SSH_AUTH_SOCK", "")
	l := newLab(t, "secrets", "--control-planes", "1", "--workers", "0")
	l.users("cp1")
	l.input(strings.NewReader("op:"+canary+"\n"), "cp1", "chpasswd")
	file := l.secret("password", canary)
	inventory := l.with("ssh: {user: op, passwordFile: " + file + ", sudoPasswordFile: " + file)
	l.withoutKey(inventory)
	events, plan, archive := filepath.Join(l.dir, "events.jsonl"), filepath.Join(l.dir, "demo.plan"),
		filepath.Join(l.dir, "bundle.tar.gz")

	said := map[string]string{}
	tell := func(name string, r result) { said[name] = r.stdout + r.stderr }
	tell("plan", l.run(2*time.Minute, "plan", "-v", "-i", inventory, "-o", plan))
	watch := watchProcesses()
	up := l.run(5*time.Minute, "up", "-v", "-i", inventory, "--events", "jsonl="+events)
	said["processes"] = watch()
	tell("up", up)
	if up.code != 0 {
		t.Fatalf("exit %d\n%s", up.code, up.stderr)
	}
	if !strings.Contains(said["processes"], "kbootstrap\x00node") ||
		!strings.Contains(said["processes"], "KBOOTSTRAP_CONFIG=") {
		t.Error("the watch sees neither the tool's process on the host nor the environment of its services")
	}
	tell("status", l.run(time.Minute, "status", "-o", "json", "-i", inventory))
	tell("support-bundle", l.run(2*time.Minute, "support-bundle", "-i", inventory, "-o", archive))
	tell("a wrong password", l.run(time.Minute, "plan", "-i",
		l.with("ssh: {user: op, sudoPasswordFile: "+l.secret("wrong", canary+"-not"))))
	for name, path := range map[string]string{"events": events, "plan file": plan} {
		said[name] = readFile(t, path)
	}
	for name, text := range unpack(t, archive) {
		said["bundle: "+name] = text
	}
	for path, text := range filesBelow(t, os.Getenv("XDG_STATE_HOME")) {
		said[path] = text
	}
	if len(said) < 40 || !strings.Contains(said["bundle: "+"secrets-support/manifest.json"], `"cp1": "ok"`) {
		t.Errorf("only %d places were looked at; the manifest is %s", len(said),
			said["bundle: secrets-support/manifest.json"])
	}

	keys := l.keys()
	for place, text := range said {
		for secret, needles := range keys {
			for _, needle := range needles {
				if strings.Contains(text, needle) {
					t.Errorf("%s is in: %s", secret, place)
				}
			}
		}
	}
	l.onHost(keys)
	for path, info := range modes(t, filepath.Dir(archive), archive, plan, events) {
		if info&0o077 != 0 {
			t.Errorf("others can read %s (%s)", path, info)
		}
	}
}

// withoutKey makes an inventory one in which only the password is left to log in with.
func (l *lab) withoutKey(inventory string) {
	l.t.Helper()
	text := regexp.MustCompile(`\bkey: [^,}]+,? ?`).ReplaceAllString(readFile(l.t, inventory), "")
	if err := os.WriteFile(inventory, []byte(text), 0o600); err != nil {
		l.fatalf("%v", err)
	}
}

// keys are what to look for, by the secret that it is part of: the password, and of each private
// key in the state directory a line as it stands in its file, and a part as it stands in base64 in
// a kubeconfig.
func (l *lab) keys() map[string][]string {
	l.t.Helper()
	found := map[string][]string{"the password": {canary}}
	state := filepath.Join(l.dir, ".kbootstrap")
	for path, text := range filesBelow(l.t, state) {
		if !strings.HasSuffix(path, ".key") {
			continue
		}
		lines := strings.Split(text, "\n")
		encoded := base64.StdEncoding.EncodeToString([]byte(text))
		line := strings.TrimSpace(text) // the key of encryption at rest is one line
		if len(lines) >= 4 {
			line = lines[2]
		} else if raw, err := base64.StdEncoding.DecodeString(line); err != nil || len(raw) != 32 {
			l.fatalf("%s is no key, neither PEM nor 32 bytes in base64", path)
		}
		middle := len(encoded) / 2
		found[strings.TrimPrefix(path, state)] = []string{line, encoded[middle:min(middle+40, len(encoded))]}
	}
	if len(found) < 10 {
		l.fatalf("only %d keys", len(found)-1)
	}
	return found
}

// onHost looks for the secrets in the files of the host: keys are in files that only their owner,
// or at most their group, can read, and neither in logs nor among temporary files; the password is
// nowhere.
func (l *lab) onHost(keys map[string][]string) {
	l.t.Helper()
	var needles []string
	for _, parts := range keys {
		needles = append(needles, parts...)
	}
	l.input(strings.NewReader(strings.Join(needles, "\n")+"\n"), "cp1", "sh", "-c",
		"umask 077; mkdir -p /dev/shm/x; cat >/dev/shm/x/patterns")
	const places = "/etc /opt /var /root /home /run /tmp /usr/local"
	out := l.exec("cp1", "sh", "-c", "grep -rlaF -f /dev/shm/x/patterns "+places+
		" 2>/dev/null | xargs -r stat -c '%a %n'; rm -r /dev/shm/x")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) < 5 {
		l.fatalf("keys are in these files only:\n%s", out)
	}
	for _, line := range lines {
		mode, path, _ := strings.Cut(line, " ")
		// The kubelet gives what a pod mounts to the pod's group, below a directory of root's.
		ofPod := mode == "440" && strings.HasPrefix(path, "/var/lib/kubelet/pods/")
		if mode != "600" && mode != "640" && mode != "400" && !ofPod {
			l.t.Errorf("a secret is in a file of mode %s: %s", mode, path)
		}
		for _, dir := range []string{"/var/log/", "/run/log/", "/tmp/", "/home/", "/var/tmp/", "/opt/"} {
			if strings.HasPrefix(path, dir) {
				l.t.Errorf("a secret is in %s", path)
			}
		}
	}
	if closed := l.exec("cp1", "stat", "-c", "%a %U", "/var/lib/kubelet"); closed != "750 root\n" {
		l.t.Errorf("the directory of the pods' Secrets has mode and owner %s", closed)
	}
	if with := l.exec("cp1", "sh", "-c", "printf '%s' '"+canary[:8]+"''"+canary[8:]+
		"' | { read -r p || :; grep -rlaF -e \"$p\" "+places+" 2>/dev/null || :; }"); with != "" {
		l.t.Errorf("the password is in files of the host:\n%s", with)
	}
}

// watchProcesses collects the arguments and environments of all processes, those of the lab's hosts
// among them, until the returned function is called.
func watchProcesses() (stop func() string) {
	end := make(chan struct{})
	var (
		all  sync.WaitGroup
		seen = map[string]bool{}
	)
	all.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
			}
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, name := range files {
				for _, path := range []string{name, filepath.Join(filepath.Dir(name), "environ")} {
					if text, err := os.ReadFile(path); err == nil { // it may have ended
						seen[string(text)] = true
					}
				}
			}
		}
	})
	return func() string {
		close(end)
		all.Wait()
		var b strings.Builder
		for text := range seen {
			b.WriteString(text + "\n")
		}
		return b.String()
	}
}

// filesBelow reads all files below a directory.
func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files[path] = readFile(t, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// modes are the permissions of the files that the tool has written: its state, its logs, and what
// it was told to write.
func modes(t *testing.T, dir string, others ...string) map[string]fs.FileMode {
	t.Helper()
	found := map[string]fs.FileMode{}
	paths := others
	for _, root := range []string{filepath.Join(dir, ".kbootstrap"), os.Getenv("XDG_STATE_HOME")} {
		for path := range filesBelow(t, root) {
			paths = append(paths, path)
		}
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		found[path] = info.Mode().Perm()
	}
	return found
}

// unpack reads a .tar.gz.
func unpack(t *testing.T, path string) map[string]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(plain); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = string(text)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
