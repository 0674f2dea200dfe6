package remote

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// TestKnownHostsAgainstSSHKeygen: the lines that we find for a host are those that ssh-keygen -F finds.
func TestKnownHostsAgainstSSHKeygen(t *testing.T) {
	keygen := tool(t, "ssh-keygen")
	file := filepath.Join(t.TempDir(), "known_hosts")
	key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(newEd25519(t).PublicKey())))
	names := []string{
		"m1", "M1.Example.ORG", "192.0.2.1", "192.0.2.?", "192.*", "*", "*,!m1", "!192.0.2.1,192.0.2.*", "m?",
		"*.example.org", "a,b,m1",
		"[192.0.2.1]:2222", "[m1]:2222", "[*]:2222", "::1", "[::1]:2222", "2001:db8::*", "|1|not|ahash", "[192.0.2.1]:22",
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
	writeFile(t, file, text.String(), 0o600)
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
	writeFile(t, file, name+" "+key+"\n", 0o600)
	if out, err := exec.CommandContext(t.Context(), keygen, "-H", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen -H: %v: %s", err, out)
	}
	return strings.Fields(readFile(t, file))[0]
}

// Lines that cannot be read matter to the hosts that they name, and to no others.
func TestBadLines(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	good := recordOf(s.host, key.PublicKey())
	for _, c := range []struct {
		name, line string
		bad        bool
	}{
		{"of another host", "192.0.2.1 ssh-ed25519 rubbish", false},
		{"of this host", nameOf(s.host) + " ssh-ed25519 rubbish", true},
		{"without a key", nameOf(s.host), true},
		{"revoked, without a key", "@revoked *", true},
		{"with an unknown marker", "@certauthority * " + string(ssh.MarshalAuthorizedKey(key.PublicKey())), true},
		{"of a type of the future", nameOf(s.host) + " ssh-future AAAA", false},
		{"of protocol 1", nameOf(s.host) + " 1024 35 1234567890", false},
		{"of a type of the future, revoked", "@revoked * ssh-future AAAA", true},
	} {
		writeFile(t, s.host.SSH.KnownHosts, good+c.line+"\n", 0o600)
		err := dial(s.host)
		if !c.bad && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.bad {
			refusal(t, err, fault.KnownHosts, s.host.SSH.KnownHosts+":2")
		}
	}
}

// A pattern that has stars takes no longer than one that has none.
func TestPatternsAreQuick(t *testing.T) {
	if match(strings.Repeat("*a", 200)+"b", strings.Repeat("a", 4000)) {
		t.Error("it matched")
	}
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{{"", "", true}, {"*", "", true}, {"?", "", false}, {"a*c", "abbc", true}, {"a*c", "abbcd", false},
		{"*?", "a", true}, {"a**", "a", true}} {
		if match(c.pattern, c.text) != c.want {
			t.Errorf("match(%q, %q) is not %v", c.pattern, c.text, c.want)
		}
	}
}

// A new key is recorded under a hashed name when ssh_config says so, and ssh-keygen finds it.
func TestRecordHashed(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	config := filepath.Join(t.TempDir(), "config")
	writeFile(t, config, "HashKnownHosts yes\n", 0o600)
	s.host.SSH.Config, s.host.SSH.HostKeyPolicy = config, "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if text := readFile(t, s.host.SSH.KnownHosts); !strings.HasPrefix(text, "|1|") {
		t.Errorf("recorded %q", text)
	}
	out, err := exec.CommandContext(t.Context(), tool(t, "ssh-keygen"), "-l", "-F", nameOf(s.host), "-f",
		s.host.SSH.KnownHosts).CombinedOutput()
	if err != nil || !strings.Contains(string(out), ssh.FingerprintSHA256(key.PublicKey())) {
		t.Errorf("ssh-keygen -F: %v: %s", err, out)
	}
	s.host.SSH.HostKeyPolicy = "strict"
	if err := dial(s.host); err != nil {
		t.Error(err)
	}
}

// A file that does not keep what is written to it would turn the check off.
func TestRecordWhereNothingIsKept(t *testing.T) {
	s := newServer(t, newEd25519(t))
	s.host.SSH.HostKeyPolicy = "accept-new"
	s.host.SSH.KnownHosts = os.DevNull
	refusal(t, dial(s.host), fault.KnownHosts, os.DevNull+" does not keep what is written to it")
	config := filepath.Join(t.TempDir(), "config")
	writeFile(t, config, "UserKnownHostsFile none\n", 0o600)
	s.host.SSH.KnownHosts, s.host.SSH.Config = "", config
	refusal(t, dial(s.host), fault.KnownHosts, "there is no file to record a new key in")
}

// HostKeyAlias is the name under which a key is recorded and looked up, whatever the address and the port.
func TestHostKeyAlias(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	config := filepath.Join(t.TempDir(), "config")
	writeFile(t, config, "HostKeyAlias Machine-7\n", 0o600)
	s.host.SSH.Config, s.host.SSH.HostKeyPolicy = config, "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if text := readFile(t, s.host.SSH.KnownHosts); !strings.HasPrefix(text, "machine-7 ssh-ed25519 ") {
		t.Errorf("recorded %q", text)
	}
}

// The names of an IPv6 address, with and without a port.
func TestIPv6(t *testing.T) {
	h := hostAt("[2001:DB8::7]:22")
	h.SSH.Config = "none"
	for port, want := range map[int]string{0: "2001:db8::7", 22: "2001:db8::7", 2222: "[2001:db8::7]:2222"} {
		h.SSH.Port = port
		e, _ := resolved(t, h, "", nil)
		if e.trust.names[0] != want {
			t.Errorf("port %d: %q, want %q", port, e.trust.names[0], want)
		}
		if want := "[2001:db8::7]:" + strconv.Itoa(max(port, 22)); e.Address != want {
			t.Errorf("port %d: %q, want %q", port, e.Address, want)
		}
	}
}
