package remote

import (
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// The certificate of an authority on record is as good as a key on record. One that does not count
// does no harm: then its plain key counts, as with ssh.
func TestHostCertificate(t *testing.T) {
	authority, key := newEd25519(t), newEd25519(t)
	certify := func(kind uint32, until uint64, principals ...string) ssh.Signer {
		cert := &ssh.Certificate{Key: key.PublicKey(), CertType: kind, ValidPrincipals: principals, ValidBefore: until}
		if err := cert.SignCert(strings.NewReader(strings.Repeat("seed", 64)), authority); err != nil {
			t.Fatal(err)
		}
		signer, err := ssh.NewCertSigner(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		return signer
	}
	text := func(names string, key ssh.Signer) string {
		return names + " " + string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	}
	const forever = ssh.CertTimeInfinity
	good := certify(ssh.HostCert, forever, "127.0.0.1")
	for _, c := range []struct {
		name  string
		cert  ssh.Signer
		known string
		want  fault.Code
		words string
	}{
		{"good", good, text("@cert-authority 127.*", authority), "", ""},
		{"for all hosts", good, text("@cert-authority *", authority), "", ""},
		{"for all hosts on this port", good, text("@cert-authority [*]:PORT", authority), "", ""},
		{"for others", good, text("@cert-authority *.example.org", authority), fault.HostKeyUnknown, ""},
		{"a principal is a pattern", certify(ssh.HostCert, forever, "x", "127.0.*"),
			text("@cert-authority *", authority),
			"", ""},
		{"no principals", certify(ssh.HostCert, forever), text("@cert-authority *", authority), "", ""},
		{"expired", certify(ssh.HostCert, 1, "127.0.0.1"), text("@cert-authority *", authority), fault.HostKeyUnknown,
			"expired"},
		{"other principal", certify(ssh.HostCert, forever, "192.0.2.1"), text("@cert-authority *", authority),
			fault.HostKeyUnknown, "192.0.2.1"},
		{"expired, plain key known", certify(ssh.HostCert, 1, "127.0.0.1"),
			text("@cert-authority *", authority) + text("127.0.0.1", key), "", ""},
		{"of an unknown authority", good, text("@cert-authority *", newEd25519(t)), fault.HostKeyUnknown, ""},
		{"of an unknown authority, plain key known", good, text("[127.0.0.1]:PORT", key), "", ""},
		{"of an unknown authority, plain key changed", good,
			text("[127.0.0.1]:PORT", newEd25519(t)), fault.HostKeyChanged,
			""},
		{"authority revoked", good, text("@cert-authority *", authority) + text("@revoked *", authority),
			fault.HostKeyRevoked, ""},
		{"key revoked", good, text("@cert-authority *", authority) +
			text("@revoked 127.*", key), fault.HostKeyRevoked, ""},
		{"revoked for others", good, text("@cert-authority *", authority) +
			text("@revoked *.example.org", authority), "",
			""},
		{"the authority as a plain key", good, text("*", authority), fault.HostKeyChanged, ""},
		{"a plain key as the authority", key, text("@cert-authority *", key), fault.HostKeyUnknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, c.cert)
			trial.Write(t, s.host.SSH.KnownHosts,
				strings.ReplaceAll(c.known, "PORT", strconv.Itoa(s.host.SSH.Port)), 0o600)
			err := dial(s.host)
			if c.want == "" && err != nil {
				t.Error(err)
			}
			if c.want != "" {
				refusal(t, err, c.want, c.words)
			}
		})
	}
}

// With a bare "@cert-authority *" every host has a line, and yet one with a plain key is new, and
// not changed.
func TestAuthorityOfAllHostsAndAPlainKey(t *testing.T) {
	key := newEd25519(t)
	s := newServer(t, key)
	authority := "@cert-authority * " + string(ssh.MarshalAuthorizedKey(newECDSA(t).PublicKey()))
	trial.Write(t, s.host.SSH.KnownHosts, authority, 0o600)
	refusal(t, dial(s.host), fault.HostKeyUnknown)
	s.host.SSH.HostKeyPolicy = "accept-new"
	if err := dial(s.host); err != nil {
		t.Fatal(err)
	}
	if got, want := trial.Read(t, s.host.SSH.KnownHosts), authority+recordOf(s.host, key.PublicKey()); got != want {
		t.Errorf("recorded %q, want %q", got, want)
	}
}
