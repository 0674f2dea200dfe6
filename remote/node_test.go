package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// agentFile is an agent that says that it is there and then becomes the command.
func agentFile(t testing.TB, command string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kbootstrap")
	trial.Write(t, path,
		"#!/bin/sh\n[ \"$1\" = node ] || exit 64\nprintf '"+strings.TrimSpace(sentinel)+
			"\\n'\nexec "+command+"\n", 0o755)
	return path
}

func sumOfFile(t *testing.T, path string) string {
	sum := sha256.Sum256([]byte(trial.Read(t, path)))
	return hex.EncodeToString(sum[:])
}

// echo sends bytes through a session whose process is cat and ends it.
func echo(t *testing.T, s *Session, size int) {
	t.Helper()
	sent := make([]byte, size)
	rand.Read(sent)
	wrote := make(chan error, 1)
	go func() { _, err := s.Write(sent); wrote <- err }()
	got := make([]byte, size)
	if _, err := io.ReadFull(s, got); err != nil {
		t.Fatal(err)
	}
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Error("what came back differs from what was sent")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	if n, err := s.Read(got); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("read %d bytes, %v, want io.EOF", n, err)
	}
}

// The first contact uploads, the second is one exec.
func TestNodeUploadsOnce(t *testing.T) {
	for name, noSFTP := range map[string]bool{"sftp": false, "no sftp": true} {
		t.Run(name, func(t *testing.T) {
			key := newEd25519(t)
			s := newServer(t, key)
			s.noSFTP = noSFTP
			root := filepath.Join(t.TempDir(), "opt/agent")
			c := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat"), root: root})
			for _, commands := range []int{3, 4} {
				session, err := c.Node(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				echo(t, session, 1<<20)
				if noSFTP {
					commands++ // the one that receives the upload
				}
				if ran := s.ran(); len(ran) != commands {
					t.Errorf("%d commands, want %d: %q", len(ran), commands, ran)
				}
			}
			staged := regexp.MustCompile(`/tmp/kbootstrap\.[\w.-]+\.\w{10}`)
			for _, dir := range staged.FindAllString(strings.Join(s.ran(), "\n"), -1) {
				if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is still there: %v", dir, err)
				}
			}
			if files, err := os.ReadDir(filepath.Join(root, sumOfFile(t, c.o.Agent))); err != nil || len(files) != 1 {
				t.Errorf("installed %v, %v, want one file", files, err)
			}
			installed := agentPath(root, sumOfFile(t, c.o.Agent))
			if trial.Read(t, installed) != trial.Read(t, c.o.Agent) {
				t.Error("the host has another agent")
			}
			if info, err := os.Stat(installed); err != nil || info.Mode() != 0o755 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
		})
	}
}

// An agent that the host cannot run, such as one that a bad disk has cut, is replaced.
func TestNodeReplacesBrokenAgent(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	root := t.TempDir()
	c := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat"), root: root})
	trial.Write(t, agentPath(root, sumOfFile(t, c.o.Agent)), "\x7fELF", 0o755)
	session, err := c.Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	echo(t, session, 10)
}

func TestNoiseBeforeSentinel(t *testing.T) {
	key := newEd25519(t)
	for name, noise := range map[string]string{
		"none": "", "lines": "Welcome!\nToday is fine.\n", "unfinished line": "Welcome! ",
		"sentinel's beginning": sentinel[:9],
		"60 KB":                strings.Repeat("x", 60_000),
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, key)
			s.exec = func(_ string, ch ssh.Channel) uint32 {
				_, _ = io.WriteString(ch, noise+sentinel+"first bytes")
				_, _ = io.Copy(ch, ch)
				return 0
			}
			session, err := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat")}).Node(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len("first bytes"))
			if _, err := io.ReadFull(session, got); err != nil || string(got) != "first bytes" {
				t.Errorf("got %q, %v", got, err)
			}
			echo(t, session, 1000)
		})
	}
}

// The sentinel may come in pieces.
func TestSentinelByteByByte(t *testing.T) {
	s := &Session{stdout: iotest.OneByteReader(strings.NewReader("noise " + sentinel + "rest"))}
	if !s.skipNoise(sentinel) {
		t.Fatalf("not found; noise %q", s.noise.String())
	}
	if rest, err := io.ReadAll(s.stdout); err != nil || string(s.early)+string(rest) != "rest" {
		t.Errorf("left %q and %q, %v", s.early, rest, err)
	}
}

func TestTooMuchNoise(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.exec = func(_ string, ch ssh.Channel) uint32 {
		for {
			if _, err := io.WriteString(ch, "no end of it\n"); err != nil {
				return 1
			}
		}
	}
	_, err := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat")}).Node(context.Background())
	failed(t, err, Agent, "more than 64 KiB", "no end of it")
	coding(t, err, fault.ShellNoise)
}

func TestAgentThatEndsAtOnce(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	root := t.TempDir()
	path := filepath.Join(t.TempDir(), "kbootstrap")
	trial.Write(t, path, "#!/bin/sh\necho to the output\necho the lock is held >&2\nexit 8\n", 0o755)
	c := connect(t, s.trust(key), Options{Agent: path, root: root})
	for range 2 { // after the upload, and without one
		_, err := c.Node(context.Background())
		failed(t, err, Agent, "exit status 8", "stderr: the lock is held", "stdout: to the output")
		coding(t, err, fault.AgentEnded)
	}
}

func TestAgentThatEndsLater(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	path := agentFile(t, `sh -c "read x; echo broken >&2; exit 3"`)
	session, err := connect(t, s.trust(key), Options{Agent: path, root: t.TempDir()}).Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(session, "\n")
	failed(t, session.Wait(), Agent, "m1: agent: exit status 3: broken")
	if got := session.Stderr(); got != "broken" {
		t.Errorf("stderr %q", got)
	}
	_ = session.Close()
}

// TestCloseOfAFrozenHost: what is closed ends, although the host says nothing any more and another
// goroutine reads what its process would say.
func TestCloseOfAFrozenHost(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	c := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat"), root: t.TempDir()})
	session, err := c.Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	go func() { _, err := session.Read(make([]byte, 1)); ended <- err }()
	s.each((*frozenConn).freeze)
	go func() { ended <- errors.Join(session.Close(), c.Close()) }()
	for range cap(ended) {
		select {
		case err := <-ended:
			t.Log(err)
		case <-time.After(time.Minute):
			t.Fatal("closing does not end")
		}
	}
}

func TestOtherArchitecture(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	fake := t.TempDir()
	trial.Write(t, filepath.Join(fake, "uname"), "#!/bin/sh\necho riscv64\n", 0o755)
	t.Setenv("PATH", fake+":"+os.Getenv("PATH"))
	path, root := agentFile(t, "sh -c 'echo wrong; cat'"), t.TempDir()
	c := connect(t, s.trust(key), Options{Agent: path, root: root})
	_, err := c.Node(context.Background())
	failed(t, err, Agent, path+"-linux-riscv64", "the host is riscv64", "linux/riscv64 binary")

	trial.Write(t, path+"-linux-riscv64", trial.Read(t, agentFile(t, "cat")), 0o755)
	for range 2 {
		session, err := c.Node(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		echo(t, session, 10)
	}
	uploads := 0
	for _, command := range s.ran() {
		if strings.Contains(command, "gzip -dc") {
			uploads++
		}
	}
	if uploads != 1 {
		t.Errorf("%d uploads, want one", uploads)
	}

	trial.Write(t, filepath.Join(fake, "uname"), "#!/bin/sh\necho pdp11\n", 0o755)
	_, err = c.Node(context.Background())
	failed(t, err, Agent, `"pdp11"`)
	coding(t, err, fault.AgentMachine)
}

// The file on this machine is replaced between the reading of its sum and the upload.
func TestUploadWithAnotherSum(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	path, root := agentFile(t, "cat # and nothing of it is in the cache"), filepath.Join(t.TempDir(), "agent")
	c := connect(t, s.trust(key), Options{Agent: path, root: root})
	old, err := c.o.Agents.own(path)
	if err != nil {
		t.Fatal(err)
	}
	sum, err := old.sum()
	if err != nil {
		t.Fatal(err)
	}
	trial.Write(t, path, trial.Read(t, path)+"# newer\n", 0o755)
	_, err = c.Node(context.Background())
	failed(t, err, Agent, "sha256 sum of the upload is "+sumOfFile(t, path)+", want "+sum)
	left, _ := filepath.Glob(filepath.Join(root, sum, "*"))
	hidden, _ := filepath.Glob(filepath.Join(root, sum, ".*"))
	if len(left)+len(hidden) != 0 {
		t.Errorf("left behind: %q %q", left, hidden)
	}
}

// Agents of other builds go, unless they are new or something runs from them.
func TestInstallRemovesOldAgents(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	root := t.TempDir()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"old", "new", "running"} {
		trial.Write(t, filepath.Join(root, name, "kbootstrap"), trial.Read(t, sleep), 0o755)
	}
	running := exec.CommandContext(t.Context(), filepath.Join(root, "running/kbootstrap"), "60")
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = running.Process.Kill(); _ = running.Wait() })
	for _, name := range []string{"old", "running"} {
		if out, err := exec.CommandContext(t.Context(), "touch", "-d", "2 hours ago",
			filepath.Join(root, name)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	session, err := connect(t, s.trust(key), Options{Agent: agentFile(t, "cat"), root: root}).Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	echo(t, session, 10)
	for name, want := range map[string]bool{"old": false, "new": true, "running": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != want {
			t.Errorf("%s: there %v, want %v", name, err == nil, want)
		}
	}
}
