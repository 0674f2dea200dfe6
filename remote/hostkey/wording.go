package hostkey

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"

	"kbootstrap/fault"
	"kbootstrap/internal/shell"
)

// Mismatch is the error of a host none of whose keys is the pinned one.
func (k *Checker) Mismatch() error {
	var offers []string
	for _, key := range k.seen {
		offers = append(offers, Describe(key))
	}
	return refuse(fault.HostKeyPinned, fmt.Errorf("the host offers %s, the inventory pins %s",
		strings.Join(offers, " and "), k.pin),
		"if the host was rebuilt on purpose, correct its pinned host key in the inventory; if not, someone may be "+
			"intercepting the connection")
}

func (k *Checker) changed(old knownKey, key ssh.PublicKey) error {
	return refuse(fault.HostKeyChanged, fmt.Errorf("changed: the host offers %s, %s records %s",
		Describe(key), old, Describe(old.key)),
		fmt.Sprintf("if the host was rebuilt on purpose: ssh-keygen %s-R '%s'\n"+
			"if not, someone may be intercepting the connection",
			fileFlag(old.file), k.trust.Names[0]))
}

// fileFlag names the file for ssh-keygen, unless it is the one that it takes by itself.
func fileFlag(file string) string {
	if home, err := os.UserHomeDir(); err == nil && file == filepath.Join(home, ".ssh/known_hosts") {
		return ""
	}
	return "-f " + shell.Quote(file) + " "
}

func (k *Checker) notKnown(f finding) error {
	where := "any known_hosts file"
	if k.trust.Record != "" {
		where = k.trust.Record
	}
	cause := fmt.Errorf("unknown: %s of %s is not in %s", Describe(f.key), k.trust.Names[0], where)
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

// Describe is the key's type and fingerprint, as ssh-keygen -l prints them.
func Describe(key ssh.PublicKey) string { return key.Type() + " key " + ssh.FingerprintSHA256(key) }
