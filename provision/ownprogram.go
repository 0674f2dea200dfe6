package provision

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/atomic"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// withOwnProgram returns the contents for hosts of an architecture, and the tool's own program
// among them when they keep it.
func withOwnProgram(r *Run, set *release.Set, arch string) (*release.Set, error) {
	if !r.Cluster.Backup.Schedule.IsSet() {
		return set, nil
	}
	own, err := r.options.Remote.Program(arch)
	if err != nil {
		return nil, err
	}
	packed, err := packedProgram(own.Path, arch, own.SHA256)
	if err != nil {
		return nil, err
	}
	content, err := release.FileContent(component.OwnProgram, packed, own.SHA256, own.Size)
	if err != nil {
		return nil, err
	}
	return set.With(content), nil
}

// programAge is how long a compressed program that no run has used is kept.
const programAge = 24 * time.Hour

// packedProgram compresses a program as hosts get it, once for each build.
func packedProgram(path, arch, sum string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "kbootstrap", "program")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	to := filepath.Join(dir, arch+"-"+sum+".zst")
	now := time.Now()
	if os.Chtimes(to, now, now) == nil {
		return to, nil
	}
	if err := removeUnused(dir, now); err != nil {
		return "", err
	}
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	return to, atomic.Write(to, 0o644, func(w io.Writer) error {
		packed, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		if _, err := io.Copy(packed, in); err != nil {
			return err
		}
		return packed.Close()
	})
}

// removeUnused removes the programs of other builds that no run has used for a while.
func removeUnused(dir string, now time.Time) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < programAge || !strings.HasSuffix(e.Name(), ".zst") {
			continue // it is gone by now, or in use
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
