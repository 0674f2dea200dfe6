// Package hostkey decides whether the key that a host shows is the right one, as OpenSSH would: by
// known_hosts files, by a key that the inventory pins, and for a host that is not known by the
// policy. It also records new keys.
//
// Start at New, and Checker.Check, which is called in a handshake. The lines of known_hosts are in
// known_hosts.go, what they say about one key in finding.go, what is told of a key that is refused
// in wording.go.
package hostkey

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
)

// SystemFile is the machine-wide file that ssh reads in addition to the user's.
const SystemFile = "/etc/ssh/ssh_known_hosts"

// Trust is what decides whether a host's key is the right one.
type Trust struct {
	Names     []string // of the host in known_hosts. A key is recorded under the first
	Principal string   // whom a host certificate must name
	Files     []string // known_hosts files
	Record    string   // the one of them that gets new keys, or empty
	Hash      bool     // hash the names in it
	Policy    string   // "strict", "ask" or "accept-new"
	Pin       string   // the only right key: "SHA256:…" or "ssh-ed25519 AAAA…"
}

// keyTypes are the algorithms of host keys in OpenSSH's order. A certificate that no authority on
// record has signed does no harm:
// the key in it counts then.
var keyTypes = []string{
	ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01, ssh.CertAlgoECDSA521v01,
	ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01,
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// Checker decides whether a host's key is the right one, for one Dial. What it decides is what
// OpenSSH would, but for two things: a line about the host that cannot be read is an error, because
// it might be the one that revokes; and no setting turns the check off.
type Checker struct {
	Algorithms []string // what to ask the host for, in order
	Verdict    error    // why the key was refused in the last handshake, or nil
	Accepted   bool     // in the last handshake

	host    string // in what is said
	trust   Trust
	notice  func(string)
	pin     string          // "SHA256:…", or empty
	seen    []ssh.PublicKey // keys that differ from the pinned one
	unknown ssh.PublicKey   // the key to ask about, of the last handshake
}

// New reads what is known about the host, to ask it for the types of key that are on record.
func New(host string, t Trust, notice func(string)) (*Checker, error) {
	k := &Checker{host: host, trust: t, notice: notice, Algorithms: slices.Clone(keyTypes)}
	if t.Pin != "" {
		return k, k.setPin(t.Pin)
	}
	db, err := readKnownHosts(t.Files...)
	if err != nil {
		return nil, unusable(err)
	}
	k.Algorithms = preferred(db.about(t.Names[0]))
	return k, nil
}

// preferred puts the types on record first, or a host with two keys would show the one that is not
// on record and look like an impostor. The others follow: a host that has none of the recorded
// types must be seen to be refused.
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
func (k *Checker) setPin(text string) error {
	k.Algorithms = slices.DeleteFunc(k.Algorithms, func(a string) bool { return strings.Contains(a, "-cert-") })
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
	k.Algorithms = append(pinned, slices.DeleteFunc(k.Algorithms,
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

// IsUnknown reports whether the key of the last handshake is one to ask about.
func (k *Checker) IsUnknown() bool { return k.unknown != nil }

// Begin is called before each handshake.
func (k *Checker) Begin() { k.Verdict, k.unknown, k.Accepted = nil, nil, false }

// Check is the ssh.HostKeyCallback. It keeps its verdict, because x/crypto does not promise to keep
// the error's type.
func (k *Checker) Check(_ string, _ net.Addr, key ssh.PublicKey) error {
	k.Verdict = k.judge(key)
	k.Accepted = k.Verdict == nil
	return k.Verdict
}

// judge reads the files again: another connection may have recorded the key meanwhile.
func (k *Checker) judge(offered ssh.PublicKey) error {
	db, err := readKnownHosts(k.trust.Files...)
	if err != nil {
		return unusable(err)
	}
	f := k.find(db, offered)
	switch {
	case f.bad != nil:
		return unusable(f.bad)
	case f.revoked != nil:
		return refuse(fault.HostKeyRevoked, fmt.Errorf("%s is revoked by %s", Describe(f.revoked.key), f.revoked),
			"the host must get a new key")
	case k.pin != "" && ssh.FingerprintSHA256(f.key) == k.pin:
		return nil
	case k.pin != "":
		k.seen = append(k.seen, f.key)
		return k.Mismatch()
	case f.known:
		return nil
	case f.changed != nil:
		return k.changed(*f.changed, f.key)
	}
	switch k.trust.Policy {
	case "accept-new":
		return k.Record(f.key)
	case "ask":
		k.unknown = f.key
	}
	return k.notKnown(f)
}

// DropRefusedType removes the type of the key that was just refused from those to ask for, and
// reports whether any is left to try.
func (k *Checker) DropRefusedType() bool {
	if !strings.HasPrefix(k.trust.Pin, "SHA256:") || len(k.seen) == 0 || fault.Of(k.Verdict) != fault.HostKeyPinned {
		return false
	}
	used := algorithmsOf(k.seen[len(k.seen)-1].Type())
	k.Algorithms = slices.DeleteFunc(k.Algorithms, func(a string) bool { return slices.Contains(used, a) })
	return len(k.Algorithms) > 0
}

// IsExhausted reports whether the host has no key of the types that are left to try for the pin.
func (k *Checker) IsExhausted(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return len(k.seen) > 0 && errors.As(err, &none)
}
