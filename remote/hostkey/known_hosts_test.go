package hostkey

import (
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/internal/trial"
)

// TestKnownHostsAgainstSSHKeygen: the lines that we find for a host are those that ssh-keygen -F
// finds.
func TestKnownHostsAgainstSSHKeygen(t *testing.T) {
	keygen := trial.Program(t, "ssh-keygen")
	file := filepath.Join(t.TempDir(), "known_hosts")
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	names := []string{
		"m1", "M1.Example.ORG", "192.0.2.1", "192.0.2.?", "192.*", "*", "*,!m1", "!192.0.2.1,192.0.2.*", "m?",
		"*.example.org", "a,b,m1",
		"[192.0.2.1]:2222", "[m1]:2222", "[*]:2222", "::1", "[::1]:2222", "2001:db8::*",
		"|1|not|ahash", "[192.0.2.1]:22",
	}
	var text strings.Builder
	for i, name := range names {
		fmt.Fprintf(&text, "%s %s line%d\n# a comment\n\n", name, key, i)
	}
	for i, name := range []string{"m1", "[m1]:2222", "192.0.2.1"} {
		hashed := hashedName(t, keygen, name, key)
		fmt.Fprintf(&text, "%s %s hashed%d\n", hashed, key, i)
	}
	fmt.Fprintf(&text, "@cert-authority *.example.org %s\n@revoked m1 %s\n", key, key)
	trial.Write(t, file, text.String(), 0o600)
	lines, err := readKnownHosts(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"m1", "m2", "w1", "m1.example.org", "192.0.2.1", "192.0.2.9", "192.0.3.1",
		"[192.0.2.1]:2222", "[m1]:2222", "[m2]:2222", "::1", "[::1]:2222", "2001:db8::5"} {
		out, err := exec.CommandContext(t.Context(), keygen, "-F", host, "-f", file).Output()
		if err != nil && len(out) > 0 {
			t.Fatalf("ssh-keygen -F %s: %v: %s", host, err, out)
		}
		var want []int
		for line := range strings.Lines(string(out)) {
			// "# Host m1 found: line 3 CA"
			if _, after, ok := strings.Cut(line, " found: line "); ok {
				number, err := strconv.Atoi(strings.Fields(after)[0])
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, number)
			}
		}
		var got []int
		for _, l := range lines.about(host) {
			got = append(got, l.line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: lines %v, ssh-keygen says %v", host, got, want)
		}
	}
}

// hashedName is a name as ssh-keygen -H hashes it.
func hashedName(t *testing.T, keygen, name, key string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "plain")
	trial.Write(t, file, name+" "+key+"\n", 0o600)
	if out, err := exec.CommandContext(t.Context(), keygen, "-H", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen -H: %v: %s", err, out)
	}
	return strings.Fields(trial.Read(t, file))[0]
}
