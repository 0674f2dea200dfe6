package remote

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"kbootstrap/inventory"
)

// systemKnownHosts is the machine-wide file that ssh reads beside the user's.
const systemKnownHosts = "/etc/ssh/ssh_known_hosts"

// keyTypes is the order in which host keys are asked for when nothing is recorded. It is that of OpenSSH without its
// certificates, which x/crypto puts first: a host certificate without a matching @cert-authority line would be refused
// although the host has a plain key too.
var keyTypes = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// hostKeys decides whether a host's key is the right one, for one Dial.
type hostKeys struct {
	host       inventory.Host
	address    string // host:port
	file       string // the user's known_hosts, where new keys are recorded
	files      []string
	db         *knownhosts.HostKeyDB
	pin        string // "SHA256:…", or empty
	log        func(string)
	algorithms []string // what to ask the host for, in order

	seen     []ssh.PublicKey // keys that differ from the pinned one
	verdict  *Error          // of the last handshake
	accepted bool            // in the last handshake
}

// newHostKeys reads what is known about the host. A file that is not there knows nothing; one that cannot be read or
// understood is an error, since a line that is skipped might be the one that revokes.
func newHostKeys(h inventory.Host, log func(string)) (*hostKeys, error) {
	k := &hostKeys{host: h, address: joinAddress(h.SSH), log: log}
	switch h.SSH.HostKeyPolicy {
	case "", "strict", "accept-new":
	default:
		return nil, k.refuse(fmt.Errorf("no such policy: %q", h.SSH.HostKeyPolicy), `use "strict" or "accept-new"`)
	}
	var err error
	if k.file, err = homePath(h.SSH.KnownHosts, ".ssh/known_hosts"); err != nil {
		return nil, k.refuse(err, "")
	}
	k.files = []string{k.file, systemKnownHosts}
	if k.db, err = openKnownHosts(k.files...); err != nil {
		return nil, k.refuse(err, "ssh skips lines that it does not understand, this tool does not: remove or comment out that line")
	}
	k.algorithms = slices.Clone(keyTypes)
	if h.SSH.HostKey != "" {
		return k, k.setPin(h.SSH.HostKey)
	}
	// The types on record come first, or a host with two keys would show the one that nobody recorded and look like an
	// impostor. The others follow: a host that has none of the recorded types must be seen to be refused.
	k.prefer(k.db.HostKeyAlgorithms(k.address)...)
	return k, nil
}

// setPin makes the key of the inventory the only right one.
func (k *hostKeys) setPin(text string) error {
	if strings.HasPrefix(text, "SHA256:") {
		k.pin = strings.TrimRight(text, "=")
		return nil
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return k.refuse(fmt.Errorf("pinned key: %w", err), `write "SHA256:…" or "ssh-ed25519 AAAA…"`)
	}
	k.pin = ssh.FingerprintSHA256(key)
	k.prefer(algorithmsOf(key.Type())...)
	return nil
}

func (k *hostKeys) prefer(algorithms ...string) {
	k.algorithms = slices.DeleteFunc(k.algorithms, func(a string) bool { return slices.Contains(algorithms, a) })
	k.algorithms = append(algorithms, k.algorithms...)
}

// algorithmsOf are the signature algorithms of a key type; RSA has several.
func algorithmsOf(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

func (k *hostKeys) begin() { k.verdict, k.accepted = nil, false }

// check is the ssh.HostKeyCallback. It keeps its verdict, because x/crypto does not promise to keep the error's type.
func (k *hostKeys) check(_ string, _ net.Addr, key ssh.PublicKey) error {
	k.verdict = k.judge(key)
	k.accepted = k.verdict == nil
	if k.verdict != nil { // a nil *Error is not a nil error
		return k.verdict
	}
	return nil
}

func (k *hostKeys) judge(key ssh.PublicKey) *Error {
	err := lookUp(k.db, k.address, key)
	var revoked *xknownhosts.RevokedError
	if errors.As(err, &revoked) {
		return k.refuse(fmt.Errorf("%s is revoked by %s:%d", describe(key), revoked.Revoked.Filename, revoked.Revoked.Line),
			"the host must get a new key")
	}
	if k.pin != "" {
		if ssh.FingerprintSHA256(key) == k.pin {
			return nil
		}
		k.seen = append(k.seen, key)
		return k.mismatch()
	}
	switch {
	case err == nil:
		return nil
	case !isUnrecorded(err):
		return k.refuse(err, "")
	}
	if old := recorded(err, k.db, k.address, key); old != nil {
		return k.changed(*old, key)
	}
	if k.host.SSH.HostKeyPolicy == "accept-new" {
		return k.record(key)
	}
	return k.unknown(key)
}

// another removes the type of the key that was just refused from those to ask for, and says whether any is left to try.
func (k *hostKeys) another() bool {
	if k.pin == "" || !strings.HasPrefix(k.host.SSH.HostKey, "SHA256:") || len(k.seen) == 0 || k.verdict == nil {
		return false
	}
	used := algorithmsOf(k.seen[len(k.seen)-1].Type())
	k.algorithms = slices.DeleteFunc(k.algorithms, func(a string) bool { return slices.Contains(used, a) })
	return len(k.algorithms) > 0
}

// noMore says that the host has no key of the types that are left to try for the pin.
func (k *hostKeys) noMore(err error) bool {
	var none *ssh.AlgorithmNegotiationError
	return len(k.seen) > 0 && errors.As(err, &none)
}

func (k *hostKeys) mismatch() *Error {
	var offers []string
	for _, key := range k.seen {
		offers = append(offers, describe(key))
	}
	return k.refuse(fmt.Errorf("the host offers %s, the inventory pins %s", strings.Join(offers, " and "), k.pin),
		"if the host was rebuilt on purpose, correct its pinned host key in the inventory; if not, somebody may be between you and the host")
}

func (k *hostKeys) changed(old xknownhosts.KnownKey, key ssh.PublicKey) *Error {
	return k.refuse(fmt.Errorf("changed: the host offers %s, %s:%d records %s", describe(key), old.Filename, old.Line, describe(old.Key)),
		fmt.Sprintf("if the host was rebuilt on purpose: ssh-keygen -f %s -R '%s'\nif not, somebody may be between you and the host",
			old.Filename, knownhosts.Normalize(k.address)))
}

func (k *hostKeys) unknown(key ssh.PublicKey) *Error {
	host, port, _ := net.SplitHostPort(k.address)
	return k.refuse(fmt.Errorf("unknown: %s of %s is not in %s", describe(key), knownhosts.Normalize(k.address), k.file),
		fmt.Sprintf("compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub there), then either\n"+
			"record it: ssh-keyscan -p %s %s >> %s\n"+
			"or pin it in the inventory: hostKey: %s\n"+
			"or have new keys recorded without a question: hostKeyPolicy: accept-new",
			port, host, k.file, ssh.FingerprintSHA256(key)))
}

func (k *hostKeys) refuse(err error, hint string) *Error {
	return &Error{Host: k.host.Name, Op: "host key", Kind: HostKey, Err: err, hint: hint}
}

// describe is the key's type and fingerprint, as ssh-keygen -l prints them.
func describe(key ssh.PublicKey) string { return key.Type() + " key " + ssh.FingerprintSHA256(key) }

// openKnownHosts reads the files that exist.
func openKnownHosts(files ...string) (*knownhosts.HostKeyDB, error) {
	var there []string
	for _, f := range files {
		if _, err := os.Stat(f); err == nil {
			there = append(there, f)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return knownhosts.NewDB(there...)
}

// lookUp asks the files about a key. It goes by the name only: the address behind a name may change, and ssh no longer
// looks at it either (CheckHostIP is off since OpenSSH 8.5).
func lookUp(db *knownhosts.HostKeyDB, address string, key ssh.PublicKey) error {
	return db.HostKeyCallback()(address, &net.TCPAddr{IP: net.IPv4zero}, key)
}

func isUnrecorded(err error) bool {
	var unrecorded *xknownhosts.KeyError
	return errors.As(err, &unrecorded)
}

// recorded is the line that contradicts the key: one of the same type when there is one. Lines of authorities do not
// contradict a plain key; `@cert-authority *` would otherwise make every host look changed.
func recorded(err error, db *knownhosts.HostKeyDB, address string, key ssh.PublicKey) *xknownhosts.KnownKey {
	var unrecorded *xknownhosts.KeyError
	if !errors.As(err, &unrecorded) {
		return nil
	}
	authorities := map[string]bool{}
	for _, known := range db.HostKeys(address) {
		if known.Cert {
			authorities[string(known.Marshal())] = true
		}
	}
	var found *xknownhosts.KnownKey
	for i, want := range unrecorded.Want {
		if authorities[string(want.Key.Marshal())] {
			continue
		}
		if found == nil || want.Key.Type() == key.Type() && found.Key.Type() != key.Type() {
			found = &unrecorded.Want[i]
		}
	}
	return found
}

// homePath resolves a path that may begin with "~/"; the empty path is def below the home directory.
func homePath(path, def string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	switch {
	case path == "":
		rest = def
	case !ok:
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, rest), nil
}
