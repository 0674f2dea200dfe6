//go:build packaging

package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/cyclonedx"
)

// made is a directory with a release for this machine, made before by the same checkout.
var made = flag.String("release", "", "a directory with a release to install, instead of one that is made")

// checkout returns a copy of the files of this checkout that git knows or would take.
func checkout(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	execute(t, "../..", "sh", "-c", "git ls-files -z --cached --others --exclude-standard | "+
		"xargs -0 sh -c 'for f; do [ ! -e \"$f\" ] || printf \"%s\\0\" \"$f\"; done' sh | "+
		"tar --null --files-from - -cf - | tar -xf - -C "+dir)
	return dir
}

// makeHere makes the release of a checkout for this machine; "" is the user's own cache.
func makeHere(t *testing.T, root, cache string) string {
	t.Helper()
	r := newRelease(t)
	begin := time.Now()
	r.log = func(line string) { t.Logf("%.0f s: %s", time.Since(begin).Seconds(), line) }
	r.root, r.url, r.cache = root, "https://downloads.example/v1.2.3", cache
	out := filepath.Join(t.TempDir(), "dist")
	if err := r.make(t.Context(), out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestRelease makes a release, holds it to what a release has, and installs its packages.
func TestRelease(t *testing.T) {
	files := *made
	if files == "" {
		files = makeHere(t, checkout(t), "")
	}
	t.Run("same bytes again", func(t *testing.T) { sameAgain(t, files) })
	t.Run("bill of materials", func(t *testing.T) { billed(t, files) })
	t.Run("packages", func(t *testing.T) { installed(t, files) })
}

// sameAgain makes the release of another copy of the checkout, in another time zone and with other
// settings of Go, and compares all files. Of what the compiler has kept nothing goes into the tool:
// its cache is a new one. The packager is the same program both times, so it need not be compiled
// again.
func sameAgain(t *testing.T, first string) {
	sums, err := os.ReadFile(filepath.Join(first, sumsFile))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TZ", "Asia/Shanghai")
	t.Setenv("GOFLAGS", "-buildvcs=true")
	second, err := os.ReadFile(filepath.Join(makeHere(t, checkout(t), t.TempDir()), sumsFile))
	if err != nil || string(sums) != string(second) {
		t.Errorf("%v: the first time\n%s\nand the second\n%s", err, sums, second)
	}
	for want := range strings.FieldsSeq(".tar.gz .deb .rpm .cdx.json install.sh kbootstrap.rb") {
		if !strings.Contains(string(sums), want+"\n") {
			t.Errorf("there is no %q in\n%s", want, sums)
		}
	}
	execute(t, first, "sha256sum", "--check", "--quiet", sumsFile)
}

// billed checks that the bill of materials has the modules that the tool is compiled from.
func billed(t *testing.T, first string) {
	text, err := os.ReadFile(filepath.Join(first, newRelease(t).archive(here)+".cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	var b cyclonedx.Bill
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, c := range b.Components {
		found[c.Name] = strings.HasSuffix(c.PURL, "@"+c.Version) && (c.Name == "std" || c.Properties[0].Value != "")
	}
	for module := range strings.FieldsSeq("std github.com/spf13/cobra golang.org/x/crypto github.com/pkg/sftp") {
		if !found[module] {
			t.Errorf("%s is not in the bill of materials:\n%s", module, text)
		}
	}
}

// execute runs a program and returns what it printed.
func execute(t *testing.T, dir string, argv ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(argv, " "), err, out)
	}
	return string(out)
}

// root is the root file system of a machine.
type root struct {
	t   *testing.T
	dir string
}

// newRoot makes a root file system with the files of a release in /release.
func newRoot(t *testing.T, files, packages string) root {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	execute(t, ".", "mmdebstrap", "--quiet", "--variant=minbase", "--include="+packages, "bookworm", dir)
	execute(t, ".", "cp", "-r", files, filepath.Join(dir, "release"))
	return root{t, dir}
}

// run runs a shell's command line in the root, which has no network.
func (r root) run(line string) string {
	r.t.Helper()
	const inside = `mount -t proc proc "$0/proc" && exec chroot "$0" "$@"` // a shell's <( ) needs it
	return execute(r.t, ".", "unshare", "--net", "--mount", "sh", "-ec", inside, r.dir, "/usr/bin/env", "-i",
		"HOME=/root", "TERM=dumb",
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "sh", "-ec", line)
}

// files are all files of the root that a package may have.
func (r root) files() string {
	return r.run("find /usr /etc /opt /var/lib /root \\( -path '/var/lib/dpkg*' -o -path '/var/lib/apt*' " +
		"-o -path '/var/lib/dnf*' -o -path '/var/lib/rpm*' -o -path '/root/.rpmdb*' -o -path /etc/dnf " +
		"-o -name '*.pyc' -o -name __pycache__ \\) -prune -o -print | sort")
}

// use does what a user does first with the tool.
func (r root) use(version string) {
	r.t.Helper()
	said := r.run("kbootstrap version")
	if !strings.Contains(said, "kbootstrap "+version+" (linux/"+runtime.GOARCH) {
		r.t.Errorf("version says %q", said)
	}
	r.run("mkdir /work && cd /work && kbootstrap init && test -s hosts.yaml && kbootstrap validate && rm -r /work")
	// compopt is an error outside of a completion that a user asked for; the script does without.
	completed := r.run(`bash -ec '. /usr/share/bash-completion/bash_completion; compopt() { :; }
		COMP_WORDS=(kbootstrap pref); COMP_CWORD=1
		COMP_LINE="kbootstrap pref"; COMP_POINT=15; _completion_loader kbootstrap || [ $? = 124 ]
		__start_kbootstrap; echo "${COMPREPLY[@]}"'`)
	if !strings.Contains(completed, "preflight") {
		r.t.Errorf("bash completes to %q", completed)
	}
	if page := r.run("man kbootstrap-up | col -b"); !strings.Contains(page, "--inventory") {
		r.t.Errorf("man shows %q", page)
	}
	for _, arch := range here.agents() {
		r.run("test -x /usr/lib/kbootstrap/kbootstrap-linux-" + arch)
	}
}

// nothingLeft compares the files of the root with those of before.
func (r root) nothingLeft(before string) {
	r.t.Helper()
	old := map[string]bool{}
	for line := range strings.Lines(before) {
		old[line] = true
	}
	for line := range strings.Lines(r.files()) {
		if !old[line] {
			r.t.Errorf("left behind: %s", line)
		}
		delete(old, line)
	}
	for line := range old {
		r.t.Errorf("taken away: %s", line)
	}
}

// installed installs the packages in a root file system without a network, each with the package
// manager that it is for, uses the tool and removes it.
func installed(t *testing.T, files string) {
	r := newRoot(t, files, "man-db,bsdextrautils,bash-completion,rpm,dnf,createrepo-c")
	// minbase leaves manual pages out where a machine has them.
	r.run("rm -f /etc/dpkg/dpkg.cfg.d/*; mkdir -p /usr/share/man/man1; man -w man >/dev/null 2>&1 || true")
	archive := "/release/" + newRelease(t).archive(here)

	t.Run("deb", func(t *testing.T) {
		r := root{t, r.dir}
		before := r.files()
		r.run("apt-get install --yes " + archive + ".deb")
		r.use("v1.2.3")
		r.run("apt-get purge --yes kbootstrap")
		r.nothingLeft(before)
	})
	t.Run("rpm", func(t *testing.T) {
		r := root{t, r.dir}
		r.run("mkdir -p /srv/repo /etc/yum.repos.d && cp " + archive + ".rpm /srv/repo && " +
			"createrepo_c -q /srv/repo && printf '[local]\\nname=local\\nbaseurl=file:///srv/repo\\ngpgcheck=0\\n' " +
			">/etc/yum.repos.d/local.repo && mkdir -p /etc/rpm && echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros.el")
		before := r.files()
		r.run("dnf install --assumeyes --quiet --releasever=9 kbootstrap && rpm --query kbootstrap")
		r.use("v1.2.3")
		r.run("dnf remove --assumeyes --quiet --releasever=9 kbootstrap")
		r.nothingLeft(before)
	})
}
