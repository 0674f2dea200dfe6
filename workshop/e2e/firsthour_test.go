//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// notRun are the command lines of README and of the start page that TestFirstHour does not type.
var notRun = map[string]string{
	"make test": "it is what runs this test",
}

// typedAnswers are what commands are answered with, at a terminal.
var typedAnswers = map[string]string{
	"kbootstrap reset": "demo\n",
}

// TestFirstHour does what README and the start page say, in their order: it types each command line
// that they have and is not in notRun, as a user would, and compares what it prints with what
// the page shows.
func TestFirstHour(t *testing.T) {
	used := map[string]bool{}
	t.Run("README", func(t *testing.T) { readmeHour(t, used) })
	t.Run("start", func(t *testing.T) { startHour(t, used) })
	for line := range notRun {
		if !used[line] {
			t.Errorf("notRun has %q, which no page has", line)
		}
	}
}

// typist is a person with a home directory of their own who types commands.
type typist struct {
	t     *testing.T
	enter []string // the command that enters their network, or nothing
	state string   // a file with their working directory and variables
	env   []string
	used  map[string]bool
}

func newUser(t *testing.T, dir string, used map[string]bool, enter ...string) *typist {
	t.Helper()
	u := &typist{t: t, enter: enter, state: filepath.Join(t.TempDir(), "state"), used: used}
	home := t.TempDir()
	u.env = []string{
		"HOME=" + home, "PATH=" + filepath.Join(home, ".local", "bin") + ":" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"TERM=dumb",
	}
	// What was built or fetched once is found.
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOTOOLCHAIN"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		u.env = append(u.env, name+"="+strings.TrimSpace(string(value)))
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	u.env = append(u.env, "XDG_CACHE_HOME="+cache)
	u.write(u.state, "cd '"+dir+"'\n", 0o600)
	return u
}

func (u *typist) write(path, text string, mode os.FileMode) {
	u.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		u.t.Fatal(err)
	}
}

// types types the lines of a block into a shell, which remembers where it is, and returns what is
// printed. A line that does not exit with 0 ends the test.
func (u *typist) types(lines ...string) string {
	u.t.Helper()
	var output strings.Builder
	for _, line := range lines {
		command, _, _ := strings.Cut(line, "  #")
		command = strings.TrimSpace(command)
		if notRun[command] != "" {
			u.used[command] = true
			continue
		}
		output.WriteString(u.typesOne(command))
	}
	return output.String()
}

func (u *typist) typesOne(command string) string {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	typed := command
	answer, hasTerminal := typedAnswers[command]
	if hasTerminal {
		typed = fmt.Sprintf("script --quiet --return --command '%s' /dev/null", command)
	}
	// The shell of the line goes on where that of the line before ended.
	script := fmt.Sprintf(". '%s'\n%s\n{ printf 'cd %%q\\n' \"$PWD\"; export -p; } >'%s'", u.state, typed, u.state)
	argv := append(slices.Clone(u.enter), "bash", "-euo", "pipefail", "-c", script)
	c := exec.CommandContext(ctx, argv[0], argv[1:]...)
	c.Env, c.Stdin = u.env, strings.NewReader(answer)
	begin := time.Now()
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		u.t.Fatalf("%s: %v (%v)\n%s%s", command, err, ctx.Err(), &stdout, &stderr)
	}
	u.t.Logf("%s: %.1f s", command, time.Since(begin).Seconds())
	return stdout.String() + "\n" + stderr.String() + "\n"
}

// readmeHour types what README says: `make demo`, and then the rest with the hosts that it made.
func readmeHour(t *testing.T, used map[string]bool) {
	const page = "README.md"
	root := mustAbs(t, "../..")
	demo := filepath.Join(t.TempDir(), "demo")
	u := newUser(t, root, used)
	u.env = append(u.env, "DEMO_DIR="+demo, "PATH="+filepath.Join(root, "bin")+":"+os.Getenv("PATH"))
	t.Cleanup(func() { u.typesOne("cd '" + root + "' && make demo-down") })

	blocks := readBlocks(t, page)
	var shown [][]string
	var commands []block
	for _, b := range blocks {
		switch {
		case b.isOutput:
			shown = append(shown, b.lines)
		case b.language == "yaml":
			dir := t.TempDir()
			u.write(filepath.Join(dir, "hosts.yaml"), strings.Join(b.lines, "\n")+"\n", 0o600)
			u.typesOne("(cd '" + dir + "' && kbootstrap validate)")
		case !b.isCode:
			commands = append(commands, b)
		default:
			t.Fatalf("%s has a block of %s, of which this test knows nothing", page, b.language)
		}
	}
	if len(shown) != 2 || len(commands) != 2 {
		t.Fatalf("%s has %d blocks of output and %d of commands: teach this test", page, len(shown), len(commands))
	}
	// The page has shortened the path.
	prints(t, "make demo", strings.ReplaceAll(u.types(commands[0].lines...), demo+"/", "demo/"), shown[0])

	// "Your own hosts" are those of the demo. Its artifacts were built here, so that they are
	// locked once more.
	inventory := filepath.Join(demo, "hosts.yaml")
	text := string(fileText(t, inventory))
	text = regexp.MustCompile(`(?m)^(artifacts: \{mirror: [^,]*), lock: [^,]*`).ReplaceAllString(text, "$1")
	u.write(inventory, text, 0o600)
	u.typesOne("cd '" + demo + "'")
	u.types(commands[1].lines...)
	u.write(inventory, text+"network: {nodePorts: 30000-32000}\n", 0o600)
	prints(t, "plan", u.typesOne("kbootstrap plan"), shown[1])
}

// startHour types what the start page says. Its hosts are those of a lab, from whose network there
// is no way to the internet: the inventory names the lab's artifacts, and the guestbook's image is
// carried.
func startHour(t *testing.T, used map[string]bool) {
	const page = "docs/start.md"
	l := newLab(t, "start", "--control-planes", "1", "--workers", "2")
	root := mustAbs(t, "../..")
	u := newUser(t, root, used, "nsenter", "--net=/run/netns/"+l.netns(), "--")
	home := strings.TrimPrefix(u.env[0], "HOME=")
	l.letIn(u, home)
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(root, "demo")) })

	last, output := "", ""
	for _, b := range readBlocks(t, page) {
		switch {
		case b.isOutput:
			prints(t, last, output, b.lines)
		case b.language == "yaml":
			l.describe(u, filepath.Join(root, "demo", "hosts.yaml"), b.lines)
		case b.isCode:
			t.Fatalf("%s has a block of %s, of which this test knows nothing", page, b.language)
		default:
			if strings.Contains(b.lines[0], "examples/guestbook") {
				l.carryGuestbook()
			}
			last, output = strings.Join(b.lines, "; "), u.types(b.lines...)
		}
	}
}

// letIn gives the hosts a user "admin" with sudo, to whom the user's key is known as the hosts'
// keys are to the user, and the user kubectl.
func (l *lab) letIn(u *typist, home string) {
	l.t.Helper()
	key := filepath.Join(home, ".ssh", "id_ed25519")
	u.write(filepath.Join(home, ".ssh", "known_hosts"), "", 0o600)
	u.typesOne("ssh-keygen -q -t ed25519 -N '' -f " + key)
	public := strings.TrimSpace(string(fileText(l.t, key+".pub")))
	for _, h := range l.hosts() {
		l.exec(h.Name, "sh", "-ec", "useradd --create-home --shell /bin/bash admin && "+
			"echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin && "+
			"install -d -o admin -m 700 /home/admin/.ssh && "+
			"echo '"+public+"' >/home/admin/.ssh/authorized_keys && chown admin /home/admin/.ssh/authorized_keys")
		known := filepath.Join(home, ".ssh", "known_hosts")
		u.typesOne("ssh-keyscan -t ed25519 " + h.Address + " 2>/dev/null >>" + known)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		l.t.Fatal(err)
	}
	kubectl, err := filepath.Glob(filepath.Join(cache,
		"kbootstrap/lab/mirror/dl.k8s.io/release/v1.36.*/bin/linux/*/kubectl"))
	if err != nil || len(kubectl) == 0 {
		l.t.Fatalf("no kubectl in the lab's mirror: %v", err)
	}
	u.typesOne("install -D -t " + filepath.Join(home, ".local", "bin") + " " + kubectl[0])
}

// describe checks that the tool wrote the hosts that the page shows, gives them the roles that the
// page does, and names the lab's artifacts.
func (l *lab) describe(u *typist, inventory string, page []string) {
	l.t.Helper()
	text := string(fileText(l.t, inventory))
	role := regexp.MustCompile(`(?m)^    roles: .*$`)
	for _, line := range page {
		switch {
		case strings.HasPrefix(line, "    roles: [etcd"):
			at := role.FindStringIndex(text)
			if at == nil {
				l.t.Fatalf("no roles in\n%s", text)
			}
			text = text[:at[0]] + line + text[at[1]:]
		case !strings.Contains(text, line):
			l.t.Errorf("init does not write\n%s\nbut\n%s", line, text)
		}
	}
	lab := string(fileText(l.t, l.inventory))
	from, to := strings.Index(lab, "artifacts:"), strings.Index(lab, "ssh:")
	u.write(inventory, text+lab[from:to], 0o600)
}

// carryGuestbook puts the image of the guestbook onto the hosts.
func (l *lab) carryGuestbook() {
	l.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		l.t.Fatal(err)
	}
	for _, h := range l.hosts() {
		image, err := os.Open(filepath.Join(cache,
			"kbootstrap/lab/mirror/registry.k8s.io/e2e-test-images/agnhost/2.63.0.tar"))
		if err != nil {
			l.t.Fatal(err)
		}
		l.input(image, h.Name, "ctr", "-n", "k8s.io", "images", "import", "-")
		image.Close()
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func fileText(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
