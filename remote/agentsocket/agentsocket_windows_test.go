package agentsocket

import (
	"crypto/ed25519"
	"crypto/rand"
	"testing"

	"github.com/Microsoft/go-winio"
	"golang.org/x/crypto/ssh/agent"
)

// TestAgentPipe asks an agent behind a named pipe for its keys.
func TestAgentPipe(t *testing.T) {
	const pipe = `\\.\pipe\kbootstrap-test-agent`
	l, err := winio.ListenPipe(pipe, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: &key}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return // the test has ended
			}
			go func() { _ = agent.ServeAgent(keys, conn); _ = conn.Close() }()
		}
	}()
	for _, socket := range []string{pipe, `//./pipe/kbootstrap-test-agent`} {
		conn, err := Dial(t.Context(), socket)
		if err != nil {
			t.Fatalf("%s: %v", socket, err)
		}
		found, err := agent.NewClient(conn).List()
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %d keys, %v", socket, len(found), err)
		}
		_ = conn.Close()
	}
}
