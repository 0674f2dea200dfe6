package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"kbootstrap/host"
	"kbootstrap/internal/trial"
)

// The test binary started with this variable is a node whose root is the variable's value.
const rootVariable = "KBOOTSTRAP_TEST_NODE_ROOT"

// TestMain checks that no test leaves a goroutine, and lets the test binary be a node.
func TestMain(m *testing.M) {
	root := os.Getenv(rootVariable)
	if root == "" {
		goleak.VerifyTestMain(m)
	}
	options := Options{Root: root, around: killing(os.Getenv(killVariable))}
	// The one program that tests ask for over the wire is journalctl; here it takes for ever and
	// leaves a child.
	if root != "/" {
		options.Run = func(ctx context.Context, argv ...string) ([]byte, error) {
			if argv[0] != "journalctl" {
				return nil, fmt.Errorf("unexpected program: %q", argv)
			}
			return host.Run(ctx, "sh", "-c", "sleep 1000 & echo $$ $! > "+filepath.Join(root, "pids")+"; wait")
		}
	}
	if err := Process(context.Background(), os.Stdin, os.Stdout, options); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// pipes returns the two ends of a wire made of two pipes, as a process's standard input and output
// are.
func pipes(t testing.TB) (near, far io.ReadWriteCloser) {
	t.Helper()
	return pipePair(t)
}

func pipePair(t testing.TB) (near, far stdio) {
	t.Helper()
	toFar, fromNear, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	toNear, fromFar, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return stdio{toNear, fromNear}, stdio{toFar, fromFar}
}

func memory(testing.TB) (near, far io.ReadWriteCloser) { return net.Pipe() }

// NewClient speaks to a node over rwc, from which the sentinel line has been read. Its session is
// not replaced when it is lost.
func NewClient(rwc io.ReadWriteCloser) *Client { return newClient(rwc, idleTimeout) }

func newClient(rwc io.ReadWriteCloser, idle time.Duration) *Client {
	c := &Client{keptSession{idle: idle, link: newLink(rwc, idle), turn: make(chan struct{}, 1)}}
	c.stopped, c.stop = context.WithCancel(context.Background())
	return c
}

// connect starts a node in this process and returns its client. The node must end when the test
// does, without an error.
func connect(t testing.TB, options Options, wire func(testing.TB) (near, far io.ReadWriteCloser)) *Client {
	t.Helper()
	near, far := wire(t)
	served := make(chan error, 1)
	go func() { served <- Serve(context.Background(), far, options) }()
	client := NewClient(near)
	t.Cleanup(func() {
		_ = client.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return client
}

// process is a node that is a process of its own.
type process struct {
	*Client
	cmd    *exec.Cmd
	stderr *bytes.Buffer
}

func start(t *testing.T, root string) *process {
	t.Helper()
	p, near := launch(t, root)
	p.Client = NewClient(near)
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// launch starts the process alone; no client speaks to it yet. The shell lets it begin as a careful
// user's login does.
func launch(t *testing.T, root string) (p *process, near stdio) {
	t.Helper()
	ours, theirs := pipePair(t)
	p = &process{
		stderr: new(bytes.Buffer),
		cmd:    exec.CommandContext(t.Context(), "sh", "-c", `umask 077; exec "$0"`, os.Args[0]),
	}
	p.cmd.Env = append(os.Environ(), rootVariable+"="+root)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs.in, theirs.out, p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close()
	sentinel := make([]byte, len(Sentinel))
	if _, err := io.ReadFull(ours, sentinel); err != nil || string(sentinel) != Sentinel {
		t.Fatalf("the node began with %q, %v", sentinel, err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
	return p, ours
}

// ends waits for the process's end and returns its error.
func (p *process) ends(t *testing.T) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if p.stderr.Len() > 0 {
			t.Errorf("the node wrote: %s", p.stderr)
		}
		return err
	case <-time.After(5 * time.Minute):
		_ = p.cmd.Process.Kill()
		t.Fatalf("the node did not end until it was killed: %v", <-ended)
		return nil
	}
}

// Facts asks for the facts of the host, and again after each loss of the connection.
func (c *Client) Facts(ctx context.Context) (host.Facts, error) {
	var g Greeting
	err := c.again(ctx, "facts", func() (err error) {
		g, err = c.open(ctx, nil, nil, []string{"etcd.service"})
		return err
	})
	return g.Facts, err
}

// Lock makes the session the only one that may change the host.
func (c *Client) Lock(ctx context.Context, holder Holder) error {
	_, err := c.open(ctx, &holder, nil, nil)
	return err
}

// content is something to send.
type content struct {
	plain, zstd []byte
	sum         string
}

// random returns a content of that size; incompressible, so that it is as long on the wire.
func random(t testing.TB, size int) content {
	t.Helper()
	plain := make([]byte, size)
	_, _ = rand.Read(plain)
	return compress(t, plain)
}

func compress(t testing.TB, plain []byte) content {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(plain)
	c := content{plain: plain, zstd: encoder.EncodeAll(plain, nil), sum: hex.EncodeToString(sum[:])}
	if err := encoder.Close(); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c content) send(ctx context.Context, client *Client) error {
	return client.Send(ctx, Upload{Sum: c.sum, Size: int64(len(c.plain))}, bytes.NewReader(c.zstd))
}

// store lists what lies in the store of contents of a node.
func store(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, "opt/kbootstrap/blobs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// equal compares two lists.
func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// The wires that a session must work over: one without any buffer, and the kind that it has on a
// host.
var wires = map[string]func(testing.TB) (near, far io.ReadWriteCloser){"memory": memory, "pipes": pipes}

func TestSession(t *testing.T) {
	for name, wire := range wires {
		t.Run(name, func(t *testing.T) {
			client := connect(t, Options{Root: t.TempDir()}, wire)
			facts, err := client.Facts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if hostname, _ := os.Hostname(); facts.Hostname != hostname {
				t.Errorf("hostname %q, want %q", facts.Hostname, hostname)
			}
		})
	}
}

func TestProcessEndsWithItsInput(t *testing.T) {
	p := start(t, t.TempDir())
	if _, err := p.Facts(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.ends(t); err != nil {
		t.Error(err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	near, far := pipes(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, far, Options{Root: t.TempDir()}) }()
	client := NewClient(near)
	t.Cleanup(func() { _ = client.Close() })
	if _, err := client.Facts(t.Context()); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the host goes down")
	cancel(cause)
	if err := <-served; !errors.Is(err, cause) {
		t.Errorf("Serve: %v, want %v", err, cause)
	}
	var lost *LostError
	if _, err := client.Facts(t.Context()); !errors.As(err, &lost) {
		t.Errorf("Facts: %v, want a *LostError", err)
	}
}

func TestNothingIsLeftRunning(t *testing.T) {
	for name, end := range map[string]func(*process){
		"its input closes": func(p *process) { _ = p.Close() },
		"it is killed":     func(p *process) { _ = p.cmd.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			p := start(t, root)
			asked := make(chan error, 1)
			go func() {
				_, err := p.Journal(context.Background(), "etcd.service", 10)
				asked <- err
			}()
			var pids []string
			trial.Eventually(t, "the program runs", func() bool {
				text, _ := os.ReadFile(filepath.Join(root, "pids"))
				pids = strings.Fields(string(text))
				return len(pids) == 2
			})
			end(p)
			var lost *LostError
			if err := <-asked; !errors.As(err, &lost) {
				t.Errorf("Journal: %v, want a *LostError", err)
			}
			_ = p.ends(t)
			trial.Eventually(t, "the program has ended", func() bool { return !trial.Alive(pids[0]) })
			if name == "it is killed" {
				// The kernel kills the program alone.
				if _, err := host.Run(t.Context(), "kill", pids[1]); err != nil {
					t.Error(err)
				}
			}
			trial.Eventually(t, "its child has ended", func() bool { return !trial.Alive(pids[1]) })
		})
	}
}
