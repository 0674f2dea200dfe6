package certs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
)

// issueIn makes the test binary a second run of the tool: it issues into the store that the
// variable names.
const issueIn = "CERTS_TEST_ISSUE_IN"

func TestMain(m *testing.M) {
	dir := os.Getenv(issueIn)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := create(dir)
	if err == nil {
		var p *PKI
		if p, err = previewAndKeep(s, lab(), start); err == nil {
			_, err = os.Stdout.Write(p.Kubeconfig(lab()))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// TestProcessesAgree: runs that begin together end with the same certificates. It also shows that
// cfssl keeps quiet.
func TestProcessesAgree(t *testing.T) {
	dir := newStore(t).dir
	var runs []*exec.Cmd
	for range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), issueIn+"="+dir)
		cmd.Stdout, cmd.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, cmd)
	}
	for _, cmd := range runs {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, cmd.Stderr)
		}
		if text := cmd.Stderr.(*bytes.Buffer).String(); text != "" {
			t.Errorf("standard error: %q, want nothing", text)
		}
	}
	want := issue(t, open(t, dir), lab(), start).Kubeconfig(lab())
	for _, cmd := range runs {
		if diff := cmp.Diff(string(want), cmd.Stdout.(*bytes.Buffer).String()); diff != "" {
			t.Errorf("a run has another kubeconfig:\n%s", diff)
		}
	}
}

func TestGoroutinesAgree(t *testing.T) {
	s, c := newStore(t), lab()
	results := make([]*PKI, 8)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			var err error
			if results[i], err = previewAndKeep(s, c, start); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for _, p := range results[1:] {
		if diff := cmp.Diff(hostFiles(results[0], c), hostFiles(p, c)); diff != "" {
			t.Errorf("they differ:\n%s", diff)
		}
	}
}

// TestLockHasADeadline: a run that holds the store for too long is named, not waited for without
// end.
func TestLockHasADeadline(t *testing.T) {
	s := newStore(t)
	unlock, err := s.lock()
	if err != nil {
		t.Fatal(err)
	}
	hurried := &Store{dir: s.dir, patience: 50 * time.Millisecond}
	_, err = hurried.Preview(lab(), start)
	if err == nil || !strings.Contains(err.Error(), ".lock") || fault.Of(err) != fault.StoreBusy {
		t.Errorf("error = %v, want one that names the lock", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	issue(t, hurried, lab(), start)
}

// TestKilledAnywhere: a run that is killed leaves what the next one completes, with the keys that
// were there.
func TestKilledAnywhere(t *testing.T) {
	for _, at := range []string{".lock", ".tmp-ca.key", "ca.key", "etcd/ca.key", "sa.key", "hosts", ".tmp-admin.crt",
		"ca.crt", "hosts/w1/kubelet.key"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			killAt(t, s.dir, filepath.Join(s.dir, at))
			keys := map[string][]byte{}
			for _, name := range []string{"ca.key", "etcd/ca.key", "front-proxy-ca.key", "sa.key"} {
				if text, err := os.ReadFile(filepath.Join(s.dir, name)); err == nil {
					keys[name] = text
				}
			}
			s = open(t, s.dir)
			issue(t, s, lab(), start)
			for name, want := range keys {
				got, err := os.ReadFile(filepath.Join(s.dir, name))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s was replaced (%v)", name, err)
				}
			}
			before := snapshot(t, s.dir)
			issue(t, s, lab(), start)
			if diff := cmp.Diff(before, snapshot(t, s.dir)); diff != "" {
				t.Errorf("not complete after one run:\n%s", diff)
			}
		})
	}
}

// killAt starts a run and kills it when the file appears, or lets it end if it is too fast to be
// caught.
func killAt(t *testing.T, dir, file string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), issueIn+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(50 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			return
		case <-tick.C:
			if _, err := os.Lstat(file); err == nil {
				if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
					t.Fatal(err)
				}
				if err := <-ended; err != nil && !errors.As(err, new(*exec.ExitError)) {
					t.Fatal(err)
				}
				return
			}
		}
	}
}
