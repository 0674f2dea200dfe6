package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/cyclonedx"
	"kbootstrap/internal/golden"
	"kbootstrap/internal/trial"
)

// here is the target that this machine is.
var here = target{runtime.GOOS, runtime.GOARCH}

// newRelease is a release of the time of a commit.
func newRelease(t *testing.T) *release {
	t.Helper()
	return &release{
		version: "v1.2.3", time: time.Unix(1700000000, 0).UTC(), targets: []target{here}, log: func(string) {},
	}
}

// newTree is what a target gets, with a shell script as the program.
func newTree(t *testing.T, files map[string]string) string {
	t.Helper()
	tree := filepath.Join(t.TempDir(), "tree")
	trial.Write(t, filepath.Join(tree, "bin/kbootstrap"), "#!/bin/sh\necho kbootstrap v1.2.3\n", 0o755)
	for name, text := range files {
		trial.Write(t, filepath.Join(tree, name), text, 0o644)
	}
	return tree
}

func TestChooseTargets(t *testing.T) {
	all, err := chooseTargets("")
	if err != nil || len(all) != len(allTargets) {
		t.Errorf("%v, %v", all, err)
	}
	two, err := chooseTargets("linux/arm64,darwin/arm64,linux/arm64")
	if err != nil || len(two) != 2 || two[0].String() != "linux/arm64" {
		t.Errorf("%v, %v", two, err)
	}
	_, err = chooseTargets("linux,plan9/386")
	if err == nil || !strings.Contains(err.Error(), `"linux"`) || !strings.Contains(err.Error(), `"plan9/386"`) {
		t.Errorf("not both are named: %v", err)
	}
	for _, c := range []struct {
		target target
		agents string
	}{
		{target{"linux", "amd64"}, "arm64"}, {target{"linux", "arm64"}, "amd64"},
		{target{"darwin", "arm64"}, "amd64 arm64"}, {target{"windows", "amd64"}, "amd64 arm64"},
	} {
		if got := strings.Join(c.target.agents(), " "); got != c.agents {
			t.Errorf("%s: the agents %q, want %q", c.target, got, c.agents)
		}
	}
}

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.2.3": true, "v0.1.0-rc.1": true, "1.2.3": false, "v1.2": false, "v01.2.3": false,
		"v1.2.3-4-gabcdef0": false, "v1.2.3 ": false, "v1.2.3\n": false, "v1.2.3;id": false,
	} {
		if got := versionPattern.MatchString(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// TestReadCommit: a release is of a commit, and all that is wrong is said at once.
func TestReadCommit(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "")
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		argv := append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b"}, args...)
		cmd := exec.CommandContext(t.Context(), "git", argv...)
		cmd.Env = append(os.Environ(), "GIT_COMMITTER_DATE=1700000000 +0000")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	git("init", "-q")
	trial.Write(t, filepath.Join(dir, "a"), "1", 0o644)
	git("add", "a")
	git("commit", "-qm", "a")
	r := release{root: dir}
	if err := r.readCommit(t.Context()); err == nil || !strings.Contains(err.Error(), "has no tag") {
		t.Errorf("without a tag: %v", err)
	}
	git("tag", "v1.2.3")
	r = release{root: dir}
	if err := r.readCommit(t.Context()); err != nil || r.version != "v1.2.3" || r.time.Unix() != 1700000000 {
		t.Errorf("%s of %s, %v", r.version, r.time, err)
	}
	trial.Write(t, filepath.Join(dir, "b"), "1", 0o644)
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	r = release{root: dir, version: "1.2.3"}
	err := r.readCommit(t.Context())
	for _, want := range []string{"?? b", `"1.2.3"`, `"yesterday"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not said: %v", want, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for url, good := range map[string]bool{
		"": true, "https://a.example/b": true, "http://a.example": false, "https://": false, "https://a/?b": false,
		"https://a/$(id)": false, "https://a/'": false,
	} {
		if err := checkURL(url); (err == nil) != good {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// TestPackTwice packs two trees of the same files, which differ in what does not count.
func TestPackTwice(t *testing.T) {
	r, out := newRelease(t), t.TempDir()
	for i, dir := range []string{"a", "b"} {
		tree := newTree(t, map[string]string{"share/man/man1/kbootstrap.1": "man", "lib/kbootstrap/agent": "x"})
		if i == 1 {
			if err := os.Chmod(filepath.Join(tree, "bin/kbootstrap"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(filepath.Join(tree, "bin"), time.Time{}, time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Mkdir(filepath.Join(out, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := r.pack(here, tree, filepath.Join(out, dir)); err != nil {
			t.Fatal(err)
		}
	}
	file := r.archive(here) + ".tar.gz"
	a, errA := sumFile(filepath.Join(out, "a", file))
	b, errB := sumFile(filepath.Join(out, "b", file))
	if err := errors.Join(errA, errB); err != nil || a != b {
		t.Errorf("%s and %s, %v", a, b, err)
	}
	f, err := os.Open(filepath.Join(out, "a", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for names, archive := "", tar.NewReader(z); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			if want := "bin/kbootstrap lib/kbootstrap/agent share/man/man1/kbootstrap.1 "; names != want {
				t.Errorf("the archive has %q, not %q", names, want)
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names += strings.TrimPrefix(h.Name, r.archive(here)+"/") + " "
		if !h.ModTime.Equal(r.time) || h.Uid != 0 || h.Uname != "" {
			t.Errorf("%s: of %s, owner %d %q", h.Name, h.ModTime, h.Uid, h.Uname)
		}
	}
}

// TestPackZip packs a tree for Windows twice, and unpacks it.
func TestPackZip(t *testing.T) {
	r, windows := newRelease(t), target{"windows", "amd64"}
	var sums []string
	var path string
	for range 2 {
		tree := newTree(t, map[string]string{"bin/kbootstrap.exe": "tool", "lib/kbootstrap/agent": "x"})
		out := t.TempDir()
		if err := r.pack(windows, tree, out); err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(out, r.archive(windows)+".zip")
		sum, err := sumFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, sum)
	}
	if sums[0] != sums[1] {
		t.Errorf("two archives of the same files: %v", sums)
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = z.Close() }()
	text, err := fs.ReadFile(z, r.archive(windows)+"/bin/kbootstrap.exe")
	if err != nil || string(text) != "tool" {
		t.Errorf("the tool is %q, %v", text, err)
	}
	for _, f := range z.File {
		if !f.Modified.Equal(r.time) {
			t.Errorf("%s is of %s, not of %s", f.Name, f.Modified, r.time)
		}
	}
}

// TestBill reads what this test was compiled from. The compiler lists no modules in a test:
// TestRelease looks at those of the tool.
func TestBill(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "bill")
	if err := newRelease(t).writeBill(here, self, file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b cyclonedx.Bill
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	sum, err := sumFile(self)
	if err != nil || b.Metadata.Component.Hashes[0].Content != sum {
		t.Errorf("the sum is not that of the program: %s, %v", text, err)
	}
	if b.Components[0].PURL != "pkg:golang/std@"+strings.TrimPrefix(runtime.Version(), "go") {
		t.Errorf("the standard library is not there: %s", text)
	}
}

// TestSign: what is signed is verified as the documentation says, and anything else is not.
func TestSign(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	argv := []string{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "c", "-f", key}
	if _, err := runProgram(t.Context(), program{argv: argv}); err != nil {
		t.Fatal(err)
	}
	r := newRelease(t)
	r.key = key
	file := filepath.Join(dir, sumsFile)
	trial.Write(t, file, "sum  name\n", 0o644)
	if err := errors.Join(checkKey(key), r.sign(t.Context(), file)); err != nil {
		t.Fatal(err)
	}
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	trial.Write(t, filepath.Join(dir, "signers"), "kbootstrap "+string(public), 0o644)
	verify := func() error {
		_, err := runProgram(t.Context(), program{dir: dir, argv: []string{"sh", "-c", "ssh-keygen -Y verify " +
			"-f signers -I kbootstrap -n file -s SHA256SUMS.sig <SHA256SUMS"}})
		return err
	}
	if err := verify(); err != nil {
		t.Errorf("the signature is not good: %v", err)
	}
	trial.Write(t, file, "SUM  name\n", 0o644)
	if verify() == nil {
		t.Error("another text has the same signature")
	}
	if err := checkKey(filepath.Join(dir, "none")); err == nil {
		t.Error("a key that is not there is taken")
	}
}

// TestFormula keeps the formula for Homebrew; none is made without an address.
func TestFormula(t *testing.T) {
	r := newRelease(t)
	r.targets = allTargets
	sums := map[string]string{}
	for _, target := range allTargets {
		sums[r.file(target)] = "sum-of-" + target.String()
	}
	dir := t.TempDir()
	if err := r.writeFormula(sums, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "kbootstrap.rb")); err == nil {
		t.Error("there is a formula without an address")
	}
	r.url = "https://downloads.example/v1.2.3/"
	if err := r.writeFormula(sums, dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "kbootstrap.rb"))
	if err != nil {
		t.Fatal(err)
	}
	golden.File(t, "testdata/kbootstrap.rb", string(text))
}

// TestInstaller runs the installer as users do, from a server on loopback and from a directory.
func TestInstaller(t *testing.T) {
	r, dir, prefix := newRelease(t), t.TempDir(), filepath.Join(t.TempDir(), "prefix")
	publish := func(files map[string]string) {
		t.Helper()
		archive := filepath.Join(dir, r.archive(here)+".tar.gz")
		_ = os.Remove(archive)
		if err := r.pack(here, newTree(t, files), dir); err != nil {
			t.Fatal(err)
		}
		sums, err := sumFiles(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.writeInstaller(sums, dir); err != nil {
			t.Fatal(err)
		}
	}
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer server.Close()
	install := func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), "sh",
			append([]string{filepath.Join(dir, "install.sh"), "--prefix", prefix}, args...)...).CombinedOutput()
		return string(out), err
	}
	must := func(args ...string) {
		t.Helper()
		if out, err := install(args...); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	refuse := func(want string, args ...string) {
		t.Helper()
		if out, err := install(args...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(prefix, name))
		return err == nil
	}

	publish(map[string]string{"lib/kbootstrap/kbootstrap-linux-arm64": "1", "share/man/man1/kbootstrap-old.1": "1"})
	refuse("where is")
	refuse("is not known", "--form", server.URL)
	refuse("cannot fetch", "--from", server.URL+"/none")
	if exists("") {
		t.Error("a refused installation left something")
	}
	must("--from", server.URL)
	if !exists("bin/kbootstrap") || !exists("lib/kbootstrap/kbootstrap-linux-arm64") {
		t.Error("not all is installed")
	}
	trial.Write(t, filepath.Join(prefix, "share/man/man1/other.1"), "another's", 0o644)

	// The next release has lost a page.
	publish(map[string]string{"lib/kbootstrap/kbootstrap-linux-arm64": "2"})
	must("--from", dir)
	if exists("share/man/man1/kbootstrap-old.1") || !exists("share/man/man1/other.1") {
		t.Error("what only the release before had is there, or what is another's is not")
	}

	// A file that was changed on the way.
	archive := filepath.Join(dir, r.archive(here)+".tar.gz")
	if err := os.Truncate(archive, 100); err != nil {
		t.Fatal(err)
	}
	refuse("is not that of v1.2.3", "--from", server.URL)
	if !exists("bin/kbootstrap") {
		t.Error("a refused installation took away the one before")
	}

	must("--remove")
	if exists("bin/kbootstrap") || exists("lib/kbootstrap") || !exists("share/man/man1/other.1") {
		t.Error("what was installed is there, or what is another's is not")
	}
	refuse("nothing was installed", "--remove")
	publish(nil)
	trial.Write(t, filepath.Join(prefix, "bin/kbootstrap"), "another's", 0o755)
	refuse("was not put there by this script", "--from", dir)
}
