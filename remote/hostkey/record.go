package hostkey

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"kbootstrap/fault"
)

// Record appends the key of a new host to known_hosts. Hosts are dialled in parallel and two
// operators may share the file, so it happens under the file's lock, and what came in meanwhile is
// looked at again.
func (k *Checker) Record(key ssh.PublicKey) error {
	key = plainKey(key)
	file := k.trust.Record
	if file == "" {
		return unusable(errors.New("UserKnownHostsFile is none, so there is no file to record a new key in"))
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return unusable(err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return unusable(fmt.Errorf("record new key: %w", err))
	}
	defer f.Close() // and with it the lock
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return unusable(fmt.Errorf("record new key: %s does not keep what is written to it", file))
	}
	if err := lock(f); err != nil {
		return unusable(fmt.Errorf("lock %s: %w", file, err))
	}
	db, err := readKnownHosts(k.trust.Files...)
	if err != nil {
		return unusable(err)
	}
	switch found := k.find(db, key); {
	case found.bad != nil:
		return unusable(found.bad)
	case found.known:
		return nil
	case found.changed != nil:
		return k.changed(*found.changed, key)
	}
	name := k.trust.Names[0]
	if k.trust.Hash {
		name = xknownhosts.HashHostname(name)
	}
	line := name + " " + string(ssh.MarshalAuthorizedKey(key))
	if !endsInNewline(f) {
		line = "\n" + line
	}
	if _, err := f.WriteString(line); err != nil {
		return unusable(fmt.Errorf("record new key: %w", err))
	}
	k.notice(fmt.Sprintf("%s: recorded the %s of %s in %s", k.host, Describe(key), k.trust.Names[0], file))
	return nil
}

// Ask asks about the unknown key of the last handshake, and records it after a yes. There is no
// connection meanwhile: the host would hang up before a slow answer, and its key is checked again
// anyway. The caller lets one host ask at a time, which looks first whether the key of another was
// the same.
func (k *Checker) Ask(ctx context.Context, confirm func(context.Context, string) (bool, error)) error {
	key := k.unknown
	k.unknown = nil
	if refused := k.judge(key); k.unknown == nil {
		return refused
	}
	yes, err := confirm(ctx, fmt.Sprintf("%s: the host key of %s is not known: %s\nRecord it in %s and go on?",
		k.host, k.trust.Names[0], Describe(key), k.trust.Record))
	switch {
	case err != nil:
		return fault.Of(k.Verdict).Wrap(err)
	case !yes:
		return k.Verdict
	}
	return k.Record(key)
}

// endsInNewline reports whether a line may be appended as it is; true for an empty file.
func endsInNewline(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return true
	}
	last := make([]byte, 1)
	if _, err := f.ReadAt(last, info.Size()-1); err != nil {
		return false
	}
	return last[0] == '\n'
}
