package remote

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sys/unix"
)

// record appends the key of a new host to known_hosts. Hosts are dialled in parallel and two operators may share the
// file, so it happens under the file's lock, and what came in meanwhile is looked at again.
func (k *hostKeys) record(key ssh.PublicKey) *Error {
	if err := os.MkdirAll(filepath.Dir(k.file), 0o700); err != nil {
		return k.refuse(err, "")
	}
	f, err := os.OpenFile(k.file, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return k.refuse(fmt.Errorf("record new key: %w", err), "")
	}
	defer f.Close() // and with it the lock
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		return k.refuse(fmt.Errorf("lock %s: %w", k.file, err), "")
	}
	db, err := openKnownHosts(k.files...)
	if err != nil {
		return k.refuse(err, "")
	}
	err = lookUp(db, k.address, key)
	if err == nil {
		return nil
	}
	if old := recorded(err, db, k.address, key); old != nil {
		return k.changed(*old, key)
	}
	if !isUnrecorded(err) {
		return k.refuse(err, "")
	}
	line := knownhosts.Line([]string{k.address}, key) + "\n"
	if !endsInNewline(f) {
		line = "\n" + line
	}
	if _, err := f.WriteString(line); err != nil {
		return k.refuse(fmt.Errorf("record new key: %w", err), "")
	}
	k.log(fmt.Sprintf("%s: recorded the %s of %s in %s", k.host.Name, describe(key), knownhosts.Normalize(k.address), k.file))
	return nil
}

// endsInNewline says whether a line may be appended as it is; true for an empty file.
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
