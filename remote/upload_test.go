package remote

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// cutting is a connection that ends after so many bytes were sent.
type cutting struct {
	net.Conn
	left atomic.Int64
}

func (c *cutting) Write(p []byte) (int, error) {
	if c.left.Add(-int64(len(p))) < 0 {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	return c.Conn.Write(p)
}

// An upload that is cut off says how far it came, and the next one of the same run leaves nothing
// of it behind.
func TestUploadIsCut(t *testing.T) {
	for name, noSFTP := range map[string]bool{"sftp": false, "no sftp": true} {
		t.Run(name, func(t *testing.T) {
			key := newEd25519(t)
			s := newServer(t, key)
			s.noSFTP = noSFTP
			h := s.trust(key)
			ballast := make([]byte, 5<<18) // packed they are well between two and three megabytes
			rand.Read(ballast)
			path := agentFile(t, "cat\n# "+hex.EncodeToString(ballast))
			o := Options{Agent: path, root: filepath.Join(t.TempDir(), "agent"), Agents: &Agents{}}
			o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				raw, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				c := &cutting{Conn: raw}
				c.left.Store(600_000)
				return c, nil
			}
			_, err := connect(t, h, o).Node(context.Background())
			failed(t, err, Unreachable, "m1: upload the agent: after 59", " kB of 2 MB: connection lost")
			coding(t, err, fault.HostLost)
			o.Dial = nil
			session, err := connect(t, h, o).Node(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			echo(t, session, 1<<10)
			if left, _ := filepath.Glob("/tmp/" + o.Agents.name("*")); len(left) != 0 {
				t.Errorf("left behind: %q", left)
			}
		})
	}
}

// An upload may take as long as a slow line needs, and not for ever.
func TestUploadTimeout(t *testing.T) {
	for size, want := range map[int64]time.Duration{0: time.Minute, 32 << 10: 61 * time.Second,
		10 << 20: 380 * time.Second} {
		if got := uploadTimeout(size); got != want {
			t.Errorf("%d bytes: %v, want %v", size, got, want)
		}
	}
}

// A long transfer goes on while new keys are agreed on, which ssh does after a gigabyte and this
// server every 256 KiB.
func TestTransferAcrossRekeys(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.configure(func(c *ssh.ServerConfig) { c.RekeyThreshold = 256 << 10 })
	ballast := make([]byte, 1<<20)
	rand.Read(ballast)
	path := agentFile(t, "cat\n# "+hex.EncodeToString(ballast))
	session, err := connect(t, s.trust(key), Options{Agent: path,
		root: filepath.Join(t.TempDir(), "agent")}).Node(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	echo(t, session, 8<<20)
}

// staged is the directory that a command for staging makes, as mktemp would name it.
func staged(command string) string {
	return "/tmp/" + regexp.MustCompile(`kbootstrap\.[a-z0-9]{8}-[a-z0-9-]+`).FindString(command) + ".aaaaaaaaaa"
}

// TestStageDirectory: root removes no directory but one that this run has asked for.
func TestStageDirectory(t *testing.T) {
	for _, answer := range []string{
		"/var/lib/etcd", "/tmp", "/tmp/kbootstrap.x", "/tmp/x/../../etc", "/tmp/kbootstrap.aaaaaaaa-m1.aaaaaaaaaa",
	} {
		inMemory(t, func(t *testing.T, s *server, h inventory.Host, o Options) {
			var commands []string
			s.exec = func(command string, ch ssh.Channel) uint32 {
				commands = append(commands, command)
				if strings.Contains(command, stageMark) {
					_, _ = io.WriteString(ch, stageMark+ownMachine()+" "+answer+"\n")
					return 0
				}
				return 127
			}
			_, err := connect(t, h, o).Node(context.Background())
			failed(t, err, Agent, "expected an architecture and a directory")
			if last := commands[len(commands)-1]; !strings.Contains(last, stageMark) {
				t.Errorf("%s: %s", answer, last)
			}
		})
	}
}
