package remote

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

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
		trial.Write(t, s.host.SSH.KnownHosts, good+c.line+"\n", 0o600)
		err := dial(s.host)
		if !c.bad && err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.bad {
			refusal(t, err, fault.KnownHosts, s.host.SSH.KnownHosts+":2")
		}
	}
}

// A new key is recorded under a hashed name when ssh_config says so, and ssh-keygen finds it.
func TestRecordHashed(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	config := filepath.Join(t.TempDir(), "config")
	trial.Write(t, config, "HashKnownHosts yes\n", 0o600)
	s.host.SSH.Config, s.host.SSH.HostKeyPolicy = config, "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if text := trial.Read(t, s.host.SSH.KnownHosts); !strings.HasPrefix(text, "|1|") {
		t.Errorf("recorded %q", text)
	}
	out, err := exec.CommandContext(t.Context(), trial.Program(t, "ssh-keygen"), "-l", "-F", nameOf(s.host), "-f",
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
	trial.Write(t, config, "UserKnownHostsFile none\n", 0o600)
	s.host.SSH.KnownHosts, s.host.SSH.Config = "", config
	refusal(t, dial(s.host), fault.KnownHosts, "there is no file to record a new key in")
}

// HostKeyAlias is the name under which a key is recorded and looked up, whatever the address and
// the port.
func TestHostKeyAlias(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	config := filepath.Join(t.TempDir(), "config")
	trial.Write(t, config, "HostKeyAlias Machine-7\n", 0o600)
	s.host.SSH.Config, s.host.SSH.HostKeyPolicy = config, "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if text := trial.Read(t, s.host.SSH.KnownHosts); !strings.HasPrefix(text, "machine-7 ssh-ed25519 ") {
		t.Errorf("recorded %q", text)
	}
}
