package remote

import (
	"context"
	"io"
	"os"
	"testing"

	"kbootstrap/internal/trial"
)

// BenchmarkDial is the handshake and the login, most of which is sshd's fork.
func BenchmarkDial(b *testing.B) {
	h := newSSHD(b, usual)
	for b.Loop() {
		_ = connect(b, h, Options{}).Close()
	}
}

// BenchmarkNode is the start of an agent that is there already.
func BenchmarkNode(b *testing.B) {
	c := connect(b, newSSHD(b, usual), Options{Agent: agentFile(b, "cat"), root: b.TempDir()})
	for b.Loop() {
		s, err := c.Node(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
}

// BenchmarkFirstContact uploads an agent of the size of this test's own program, some 10 MB, and
// starts it.
func BenchmarkFirstContact(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	agent := agentFile(b, "cat")
	trial.Write(b, agent, trial.Read(b, agent)+trial.Read(b, self), 0o755)
	c := connect(b, newSSHD(b, usual), Options{Agent: agent})
	for b.Loop() {
		c.o.root = b.TempDir()
		s, err := c.Node(context.Background())
		if err != nil {
			b.Fatal(err)
		}
		_ = s.Close()
	}
}

// BenchmarkWrite pumps into a process that reads and does nothing.
func BenchmarkWrite(b *testing.B) { pump(b, "cat > /dev/null", (*Session).Write) }

// BenchmarkRead pumps out of a process that does nothing but write.
func BenchmarkRead(b *testing.B) {
	pump(b, "cat /dev/zero", func(s *Session, p []byte) (int, error) { return io.ReadFull(s, p) })
}

func pump(b *testing.B, command string, move func(*Session, []byte) (int, error)) {
	c := connect(b, newSSHD(b, usual), Options{Agent: agentFile(b, command), root: b.TempDir()})
	s, err := c.Node(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	chunk := make([]byte, 1<<20)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		if _, err := move(s, chunk); err != nil {
			b.Fatal(err)
		}
	}
}
