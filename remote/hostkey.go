package remote

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/shell"
)

// systemKnownHosts is the machine-wide file that ssh reads in addition to the user's.
const systemKnownHosts = "/etc/ssh/ssh_known_hosts"

// keyTypes are the algorithms of host keys in OpenSSH's order. A certificate that no authority on
// record has signed does no harm:
// the key in it counts then.
var keyTypes = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// hostKeys decides whether a host's key is the right one, for one Dial. What it decides is what OpenSSH would, but for two
// things: a line about the host that cannot be read is an error, because it might be the one that
// revokes; and no setting
// turns the check off.
type hostKeys struct {
	host       string // in what is said
	trust      trust
	notice     func(string)
	pin        string   // "SHA256:…", or empty
	algorithms []string // what to ask the host for, in order

	seen     []ssh.PublicKey // keys that differ from the pinned one
	verdict  error           // of the last handshake
	unknown  ssh.PublicKey   // the key to ask about, of the last handshake
	accepted bool            // in the last handshake
}

// newHostKeys reads what is known about the host, to ask it for the types of key that are on record.
func newHostKeys(host string, t trust, notice func(string)) (*hostKeys, error) {
	k := &hostKeys{host: host, trust: t, notice: notice, algorithms: slices.Clone(keyTypes)}
	if t.pin != "" {
		return k, k.setPin(t.pin)
	}
	db, err := readKnownHosts(t.files...)
	if err != nil {
		return nil, unusable(err)
	}
	k.algorithms = preferred(db.about(t.names[0]))
	return k, nil
}

// preferred puts the types on record first, or a host with two keys would show the one that is not
// on record and look like
// an impostor. The others follow: a host that has none of the recorded types must be seen to be refused.
func preferred(lines knownHosts) []string {
	var first, last []string
	for _, algorithm := range keyTypes {
		certificate := strings.Contains(algorithm, "-cert-")
		if slices.ContainsFunc(lines, func(l knownKey) bool {
			switch {
			case l.bad != nil || l.marker == revoked:
				return false
			case l.marker == authority:
				return certificate
			}
			return !certificate && slices.Contains(algorithmsOf(l.key.Type()), algorithm)
		}) {
			first = append(first, algorithm)
		} else {
			last = append(last, algorithm)
		}
	}
	return append(first, last...)
}

// setPin makes the key of the inventory the only right one. Certificates are not asked for then.
func (k *hostKeys) setPin(text string) error {
	k.algorithms = slices.DeleteFunc(k.algorithms, func(a string) bool { return strings.Contains(a, "-cert-") })
	if strings.HasPrefix(text, "SHA256:") {
		k.pin = strings.TrimRight(text, "=")
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return refuse(fault.HostKeyPinned, fmt.Errorf("pinned key: %w", err), `write "SHA256:…" or "ssh-ed25519 AAAA…"`)
	}
	k.pin = ssh.FingerprintSHA256(key)
	pinned := algorithmsOf(key.Type())
	k.algorithms = append(pinned, slices.DeleteFunc(k.algorithms,
		func(a string) bool { return slices.Contains(pinned, a) })...)
	return nil
}

// algorithmsOf are the signature algorithms of a key type; RSA has several.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

func (k *hostKeys) begin() { k.verdict, k.unknown, k.accepted = nil, nil, false }

// check is the ssh.HostKeyCallback. It keeps its verdict, because x/crypto does not promise to keep the error's type.
func (k *hostKeys) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	k.verdict = k.judge(key)
	k.accepted = k.verdict == nil
	return k.verdict
}

// judge reads the files again: another connection may have recorded the key meanwhile.
func (k *hostKeys) judge(offered ssh.PublicKey) error {
	db, err := readKnownHosts(k.trust.files...)
	if err != nil {
		return unusable(err)
	}
	f := k.find(db, offered)
	switch {
	case f.bad != nil:
		return unusable(f.bad)
	case f.revoked != nil:
		return refuse(fault.HostKeyRevoked, fmt.Errorf("%s is revoked by %s", describe(f.revoked.key), f.revoked),
			"the host must get a new key")
	case k.pin != "" && ssh.FingerprintSHA256(f.key) == k.pin:
		return nil
	case k.pin != "":
		k.seen = append(k.seen, f.key)
		return k.mismatch()
	case f.known:
		return nil
	case f.changed != nil:
		return k.changed(*f.changed, f.key)
	}
	switch k.trust.policy {
	case "accept-new":
		return k.record(f.key)
	case "ask":
		k.unknown = f.key
	}
	return k.notKnown(f)
}

// finding is what the files say about a key that a host offers.
type finding struct {
	key     ssh.PublicKey // the plain key, also of a certificate
	known   bool
	changed *knownKey // the line that says otherwise
	revoked *knownKey
	bad     error // a line about the host that cannot be read
	flaw    error // why its certificate does not count, when an authority on record signed it
}

// find looks a key up. It goes by the name only: the address behind a name may change, and ssh does not look at it either
// (CheckHostIP is off since OpenSSH 8.5).
func (k *hostKeys) find(db knownHosts, offered ssh.PublicKey) finding {
	f := finding{key: plainKey(offered)}
	certificate, certified := offered.(*ssh.Certificate)
	for i, name := range k.trust.names {
		lines := db.about(name)
		if f.bad = lines.bad(); f.bad != nil {
			return f
		}
		for _, l := range lines {
			switch l.marker {
			case revoked:
				if sameKey(l.key, f.key) || certified && sameKey(l.key, certificate.SignatureKey) {
					f.revoked = &l
				}
			case authority:
				if certified && sameKey(l.key, certificate.SignatureKey) {
					f.flaw = flaw(certificate, k.trust.principal)
					f.known = f.known || f.flaw == nil
				}
			default:
				// As with ssh, a key under the name without the port says nothing where one under the name with it differs.
				if i == 0 || f.changed == nil {
					f.known = f.known || sameKey(l.key, f.key)
				}
				// A line of the same type says more.
				if i == 0 && (f.changed == nil || f.changed.key.Type() != f.key.Type() && l.key.Type() == f.key.Type()) {
					f.changed = &l
				}
			}
		}
	}
	return f
}

// plainKey is the key in a certificate, or the key itself.
func plainKey(key ssh.PublicKey) ssh.PublicKey {
	if c, ok := key.(*ssh.Certificate); ok {
		return c.Key
	}
	return key
}

func sameKey(a, b ssh.PublicKey) bool { return string(a.Marshal()) == string(b.Marshal()) }

// flaw says why a host certificate is not good for a host. Its principals may be patterns.
func flaw(c *ssh.Certificate, host string) error {
	switch {
	case c.CertType != ssh.HostCert:
		return errors.New("the certificate is not for hosts")
	case c.Signature.Format == ssh.KeyAlgoRSA:
		return errors.New("the certificate is signed with SHA-1")
	}
	for _, p := range c.ValidPrincipals {
		if match(strings.ToLower(p), host) {
			host = p
			break
		}
	}
	return (&ssh.CertChecker{}).CheckCert(host, c)
}

// dropRefusedType removes the type of the key that was just refused from those to ask for, and
// reports whether any is left to try.
func (k *hostKeys) dropRefusedType() bool {
	if !strings.HasPrefix(k.trust.pin, "SHA256:") || len(k.seen) == 0 || fault.Of(k.verdict) != fault.HostKeyPinned {
		return false
	}
	used := algorithmsOf(k.seen[len(k.seen)-1].Type())
	k.algorithms = slices.DeleteFunc(k.algorithms, func(a string) bool { return slices.Contains(used, a) })
	return len(k.algorithms) > 0
}

// isExhausted reports whether the host has no key of the types that are left to try for the pin.
func (k *hostKeys) isExhausted(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return len(k.seen) > 0 && errors.As(err, &none)
}

func (k *hostKeys) mismatch() error {
	var offers []string
	for _, key := range k.seen {
		offers = append(offers, describe(key))
	}
	return refuse(fault.HostKeyPinned, fmt.Errorf("the host offers %s, the inventory pins %s",
		strings.Join(offers, " and "), k.pin),
		"if the host was rebuilt on purpose, correct its pinned host key in the inventory; if not, someone may be "+
			"intercepting the connection")
}

func (k *hostKeys) changed(old knownKey, key ssh.PublicKey) error {
	return refuse(fault.HostKeyChanged, fmt.Errorf("changed: the host offers %s, %s records %s",
		describe(key), old, describe(old.key)),
		fmt.Sprintf("if the host was rebuilt on purpose: ssh-keygen %s-R '%s'\n"+
			"if not, someone may be intercepting the connection",
			fileFlag(old.file), k.trust.names[0]))
}

// fileFlag names the file for ssh-keygen, unless it is the one that it takes by itself.
func fileFlag(file string) string {
	if home, err := os.UserHomeDir(); err == nil && file == filepath.Join(home, ".ssh/known_hosts") {
		return ""
	}
	return "-f " + shell.Quote(file) + " "
}

func (k *hostKeys) notKnown(f finding) error {
	where := "any known_hosts file"
	if k.trust.record != "" {
		where = k.trust.record
	}
	cause := fmt.Errorf("unknown: %s of %s is not in %s", describe(f.key), k.trust.names[0], where)
	if f.flaw != nil {
		cause = fmt.Errorf("%w, and its certificate does not count: %w", cause, f.flaw)
	}
	return refuse(fault.HostKeyUnknown, cause,
		"compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub there), then either\n"+
			"record it: kbootstrap hosts trust\n"+
			"or pin it in the inventory: hostKey: "+ssh.FingerprintSHA256(f.key)+"\n"+
			"or let the tool record new keys without asking: --host-key accept-new")
}

// unusable is the error of files that cannot be read or written.
func unusable(err error) error {
	return refuse(fault.KnownHosts, err, "")
}

func refuse(code fault.Code, err error, hint string) error {
	return &fault.Error{Code: code, Err: err, Advice: hint}
}

// describe is the key's type and fingerprint, as ssh-keygen -l prints them.
func describe(key ssh.PublicKey) string { return key.Type() + " key " + ssh.FingerprintSHA256(key) }
