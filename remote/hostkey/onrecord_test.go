package hostkey

import (
	"crypto/ed25519"
	"crypto/rand"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/internal/trial"
)

// TestOnRecord: the keys that known_hosts has for a host and the one that is pinned; authorities
// and revoked keys are not what a host may show, and a file that is not there has none.
func TestOnRecord(t *testing.T) {
	key := func() ssh.PublicKey {
		public, _, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	line := func(key ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))) }
	own, other, pinned := key(), key(), key()
	file := filepath.Join(t.TempDir(), "known_hosts")
	trial.Write(t, file, "[127.0.0.1]:2222 "+line(own)+"\n[127.0.0.1]:2222 "+line(own)+" again\n"+
		"[127.0.0.1]:2200 "+line(other)+"\n@cert-authority * "+line(other)+"\n@revoked * "+line(other)+"\n"+
		"[127.0.0.1]:2222 no key\n", 0o600)
	trust := Trust{Names: []string{"[127.0.0.1]:2222", "127.0.0.1"}, Files: []string{file, file + ".none"}}
	if got := OnRecord(trust); !slices.Equal(got, []string{ssh.FingerprintSHA256(own)}) {
		t.Errorf("on record: %q", got)
	}
	trust.Pin = line(pinned)
	if got := OnRecord(trust); !slices.Contains(got, ssh.FingerprintSHA256(pinned)) || len(got) != 2 {
		t.Errorf("with a pin: %q", got)
	}
	if got := OnRecord(Trust{Names: []string{"m1"}, Files: []string{file + ".none"}}); got != nil {
		t.Errorf("of a host that is not there: %q", got)
	}
}
