package light

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

// AgentLayer makes a layer of hosts' roots that has a program where the tool puts it, so that
// hundreds of hosts share one copy on the disk and in memory, and with the mark by which a host
// says that it is as is wanted.
func AgentLayer(dir, program string) error {
	from, err := os.Open(program)
	if err != nil {
		return err
	}
	defer from.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, from); err != nil {
		return err
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return err
	}
	place := filepath.Join(dir, "opt/kbootstrap/agent", hex.EncodeToString(sum.Sum(nil)))
	for _, d := range []string{place, filepath.Join(dir, "etc")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	to, err := os.OpenFile(filepath.Join(place, "kbootstrap"), os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		_ = to.Close()
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "etc/kbootstrap-light-converged"), nil, 0o644)
}
