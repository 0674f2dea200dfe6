package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
	"golang.org/x/sys/unix"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
)

// dial connects and hangs up again.
func dial(h inventory.Host) error {
	c, err := Dial(context.Background(), h, Options{})
	if err != nil {
		return err
	}
	return c.Close()
}

// refusal fails the test unless the host's key was refused for this reason and with these words.
func refusal(t *testing.T, err error, code fault.Code, words ...string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != HostKey || fault.Of(err) != code {
		t.Fatalf("got %v (%s), want a refusal of the host's key (%s)", err, fault.Of(err), code)
	}
	for _, word := range words {
		if !strings.Contains(e.Error()+"\n"+e.Hint(), word) {
			t.Errorf("message %q\nhint %q\nlack %q", e.Error(), e.Hint(), word)
		}
	}
}

// nameOf is the host in known_hosts.
func nameOf(h inventory.Host) string {
	return hostkey.NameOf(net.JoinHostPort(h.SSH.Address, strconv.Itoa(h.SSH.Port)))
}

func recordOf(h inventory.Host, key ssh.PublicKey) string {
	return nameOf(h) + " " + string(ssh.MarshalAuthorizedKey(key))
}

func TestStrictRefusesUnknown(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	for name, prepare := range map[string]func(){
		"no file":    func() {},
		"empty file": func() { trial.Write(t, s.host.SSH.KnownHosts, "", 0o600) },
		"other host": func() {
			trial.Write(t, s.host.SSH.KnownHosts, "192.0.2.1 "+string(ssh.MarshalAuthorizedKey(key.PublicKey())), 0o600)
		},
		"other port": func() {
			trial.Write(t, s.host.SSH.KnownHosts, "[127.0.0.1]:1 "+
				string(ssh.MarshalAuthorizedKey(key.PublicKey())), 0o600)
		},
		// Without the port it is another host, whose key need not be the same.
		"other key without the port": func() {
			trial.Write(t, s.host.SSH.KnownHosts,
				"127.0.0.1 "+string(ssh.MarshalAuthorizedKey(newEd25519(t).PublicKey())), 0o600)
		},
		"@cert-authority": func() {
			trial.Write(t, s.host.SSH.KnownHosts,
				"@cert-authority * "+string(ssh.MarshalAuthorizedKey(newEd25519(t).PublicKey())), 0o600)
		},
	} {
		prepare()
		before, _ := os.ReadFile(s.host.SSH.KnownHosts)
		refusal(t, dial(s.host), fault.HostKeyUnknown, "unknown", ssh.FingerprintSHA256(key.PublicKey()),
			"kbootstrap hosts trust", "hostKey: SHA256:", "--host-key accept-new")
		if after, _ := os.ReadFile(s.host.SSH.KnownHosts); string(after) != string(before) {
			t.Errorf("%s: known_hosts was changed to %q", name, after)
		}
	}
}

func TestStrictAcceptsKnown(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	name := nameOf(s.host)
	for form, line := range map[string]string{
		"[host]:port": recordOf(s.host, key.PublicKey()),
		"hashed":      xknownhosts.HashHostname(name) + " " + string(ssh.MarshalAuthorizedKey(key.PublicKey())),
		"wildcard":    "127.* " + string(ssh.MarshalAuthorizedKey(key.PublicKey())),
		"no port":     "127.0.0.1 " + string(ssh.MarshalAuthorizedKey(key.PublicKey())),
		"negated":     "!192.0.2.1,* " + string(ssh.MarshalAuthorizedKey(key.PublicKey())),
		"second line": "# a comment\n\n" + recordOf(s.host, key.PublicKey()),
	} {
		trial.Write(t, s.host.SSH.KnownHosts, line, 0o600)
		if err := dial(s.host); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
}

func TestChangedKeyIsRefusedByEveryPolicy(t *testing.T) {
	key, old := newEd25519(t), newEd25519(t)
	s := newServer(t, key)
	for _, policy := range []string{"", "strict", "accept-new"} {
		for form, former := range map[string]ssh.Signer{"same type": old, "other type": newECDSA(t)} {
			text := "# one line above\n" + recordOf(s.host, former.PublicKey())
			trial.Write(t, s.host.SSH.KnownHosts, text, 0o600)
			s.host.SSH.HostKeyPolicy = policy
			refusal(t, dial(s.host), fault.HostKeyChanged, "changed", ssh.FingerprintSHA256(key.PublicKey()),
				ssh.FingerprintSHA256(former.PublicKey()),
				s.host.SSH.KnownHosts+":2", "-R '"+nameOf(s.host)+"'")
			if after := trial.Read(t, s.host.SSH.KnownHosts); after != text {
				t.Errorf("%s, %s: known_hosts was changed to %q", policy, form, after)
			}
		}
	}
}

func TestAcceptNewRecordsThenVerifies(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.KnownHosts = filepath.Join(t.TempDir(), "not/there/known_hosts")
	s.host.SSH.HostKeyPolicy = "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if got, want := trial.Read(t, s.host.SSH.KnownHosts), recordOf(s.host, key.PublicKey()); got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
	if info, err := os.Stat(s.host.SSH.KnownHosts); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	s.host.SSH.HostKeyPolicy = "strict"
	if err := dial(s.host); err != nil {
		t.Error(err)
	}
}

func TestAcceptNewAppendsToUnfinishedLine(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	other := strings.TrimSpace("192.0.2.1 " + string(ssh.MarshalAuthorizedKey(newEd25519(t).PublicKey())))
	trial.Write(t, s.host.SSH.KnownHosts, other, 0o600)
	s.host.SSH.HostKeyPolicy = "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if got, want := trial.Read(t, s.host.SSH.KnownHosts), other+"\n"+recordOf(s.host, key.PublicKey()); got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

func TestAcceptNewInParallelRecordsOnce(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "accept-new"
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if err := dial(s.host); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, want := trial.Read(t, s.host.SSH.KnownHosts), recordOf(s.host, key.PublicKey()); got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// While we wait for the file, another operator records another key for the host. Ours must not be
// added to it.
func TestAcceptNewWaitsForTheLock(t *testing.T) {
	key, other := newEd25519(t), newEd25519(t)
	s := newServer(t, key)
	s.host.SSH.HostKeyPolicy = "accept-new"
	trial.Write(t, s.host.SSH.KnownHosts, "", 0o600)
	f, err := os.OpenFile(s.host.SSH.KnownHosts, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	dialled := make(chan error, 1)
	go func() { dialled <- dial(s.host) }()
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	waiter := regexp.MustCompile(fmt.Sprintf(`-> FLOCK .*:%d `, stat.Ino))
	for !waiter.MatchString(trial.Read(t, "/proc/locks")) {
		select {
		case err := <-dialled:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := f.WriteString(recordOf(s.host, other.PublicKey())); err != nil {
		t.Fatal(err)
	}
	f.Close()
	refusal(t, <-dialled, fault.HostKeyChanged, "changed", ssh.FingerprintSHA256(other.PublicKey()))
	if got, want := trial.Read(t, s.host.SSH.KnownHosts), recordOf(s.host, other.PublicKey()); got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}

// With two keys on the host and one on record, the recorded one must be asked for.
func TestOneOfTwoKeysRecorded(t *testing.T) {
	ed, ec := newEd25519(t), newECDSA(t)
	s := newServer(t, ed, ec)
	for _, key := range []ssh.Signer{ed, ec} {
		trial.Write(t, s.host.SSH.KnownHosts, recordOf(s.host, key.PublicKey()), 0o600)
		if err := dial(s.host); err != nil {
			t.Errorf("%s: %v", key.PublicKey().Type(), err)
		}
	}
}

func TestPinnedKey(t *testing.T) {
	ed, ec := newEd25519(t), newECDSA(t)
	s := newServer(t, ed, ec)
	for _, key := range []ssh.Signer{ed, ec} {
		for _, pin := range []string{ssh.FingerprintSHA256(key.PublicKey()),
			string(ssh.MarshalAuthorizedKey(key.PublicKey()))} {
			s.host.SSH.HostKey = pin
			if err := dial(s.host); err != nil {
				t.Errorf("pin %q: %v", pin, err)
			}
		}
	}
	other := newEd25519(t).PublicKey()
	trial.Write(t, s.host.SSH.KnownHosts, recordOf(s.host, ed.PublicKey()), 0o600) // the pin wins
	for _, policy := range []string{"strict", "accept-new"} {
		s.host.SSH.HostKeyPolicy = policy
		s.host.SSH.HostKey = ssh.FingerprintSHA256(other)
		refusal(t, dial(s.host), fault.HostKeyPinned, ssh.FingerprintSHA256(other),
			ssh.FingerprintSHA256(ed.PublicKey()),
			ssh.FingerprintSHA256(ec.PublicKey()))
		s.host.SSH.HostKey = string(ssh.MarshalAuthorizedKey(other))
		refusal(t, dial(s.host), fault.HostKeyPinned, ssh.FingerprintSHA256(other),
			ssh.FingerprintSHA256(ed.PublicKey()))
	}
	s.host.SSH.HostKey = "ssh-ed25519 rubbish"
	refusal(t, dial(s.host), fault.HostKeyPinned, "pinned key")
}

func TestRevokedKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	trial.Write(t, s.host.SSH.KnownHosts, recordOf(s.host,
		key.PublicKey())+"@revoked * "+string(ssh.MarshalAuthorizedKey(key.PublicKey())), 0o600)
	for _, policy := range []string{"strict", "accept-new"} {
		for _, pin := range []string{"", ssh.FingerprintSHA256(key.PublicKey())} {
			s.host.SSH.HostKeyPolicy, s.host.SSH.HostKey = policy, pin
			refusal(t, dial(s.host), fault.HostKeyRevoked, "revoked", s.host.SSH.KnownHosts+":2")
		}
	}
}

func TestKnownHostsThatCannotBeUsed(t *testing.T) {
	s := newServer(t, newEd25519(t))
	s.host.SSH.HostKeyPolicy = "accept-new"
	trial.Write(t, s.host.SSH.KnownHosts, "# fine\n127.0.* ssh-ed25519 rubbish\n", 0o600)
	refusal(t, dial(s.host), fault.KnownHosts, s.host.SSH.KnownHosts+":2")
	// A directory cannot be read by anybody, whereas root reads a file of mode 0.
	s.host.SSH.KnownHosts = t.TempDir()
	refusal(t, dial(s.host), fault.KnownHosts, s.host.SSH.KnownHosts)
}

// TestHostKeysAgainstSSH: ssh accepts and refuses what we do, with a real server that has two keys
// and a certificate.
func TestHostKeysAgainstSSH(t *testing.T) {
	client := newHome(t)
	keygen := trial.Program(t, "ssh-keygen")
	h := startSSHD(t, client, usual)
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), keygen, args...).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen %q: %v: %s", args, err, out)
		}
	}
	run("-q", "-N", "", "-t", "ed25519", "-f", dir+"/authority")
	run("-q", "-N", "", "-t", "ed25519", "-f", dir+"/other")
	run("-q", "-N", "", "-t", "ecdsa", "-f", dir+"/same-type")
	run("-q", "-N", "", "-t", "ecdsa", "-b", "384", "-f", dir+"/other-type")
	run("-q", "-N", "", "-t", "ed25519", "-f", dir+"/key")
	run("-q", "-s", dir+"/authority", "-I", "test", "-h", "-n", "127.0.0.1", dir+"/key.pub")
	certified := startSSHD(t, client, usual, "HostKey "+dir+"/key", "HostCertificate "+dir+"/key-cert.pub")
	authority, other := strings.TrimSpace(trial.Read(t, dir+"/authority.pub")),
		strings.TrimSpace(trial.Read(t, dir+"/other.pub"))
	sameType, otherType := strings.TrimSpace(trial.Read(t, dir+"/same-type.pub")),
		strings.TrimSpace(trial.Read(t, dir+"/other-type.pub"))
	scan := func(keyType string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), trial.Program(t, "ssh-keyscan"), "-t", keyType, "-p",
			strconv.Itoa(h.SSH.Port), "127.0.0.1").Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(out))[1:], " ")
	}
	ecdsa, ed25519 := scan("ecdsa"), scan("ed25519")
	for name, text := range map[string]string{
		"nothing":               "",
		"authority of all":      "@cert-authority * " + authority,
		"authority of loopback": "@cert-authority 127.0.0.? " + authority,
		"authority revoked":     "@cert-authority * " + authority + "\n@revoked * " + authority,
		"other authority":       "@cert-authority * " + other,
		"second key":            "NAME " + ecdsa,
		"without the port":      "127.0.0.1 " + ecdsa,
		"other key":             "NAME " + other,
		"changed on the port":   "NAME " + sameType + "\n127.0.0.1 " + ecdsa,
		"other type on port":    "NAME " + otherType + "\n127.0.0.1 " + ed25519,
		"two keys, one of them": "NAME " + other + "\nNAME " + ecdsa,
		"revoked elsewhere":     "NAME " + ecdsa + "\n@revoked *.example.org " + ecdsa,
		"revoked":               "NAME " + ecdsa + "\n@revoked * " + ecdsa,
		"negated":               "*,!NAME " + ecdsa,
	} {
		for server, h := range map[string]inventory.Host{"two keys": h, "with a certificate": certified} {
			trial.Write(t, h.SSH.KnownHosts, strings.ReplaceAll(text, "NAME", nameOf(h))+"\n", 0o600)
			out, err := exec.CommandContext(t.Context(), trial.Program(t, "ssh"), "-F", "none", "-p",
				strconv.Itoa(h.SSH.Port), "-o", "BatchMode=yes",
				"-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no",
				"-o", "UserKnownHostsFile="+h.SSH.KnownHosts,
				"-i", homeKeyPath(), h.SSH.User+"@127.0.0.1", "true").CombinedOutput()
			h.SSH.HostKeyPolicy = "strict"
			if ours := dial(h); (ours == nil) != (err == nil) {
				t.Errorf("%s, %s: ssh: %v: %s\nwe: %v", name, server, err, out, ours)
			}
		}
	}
}
