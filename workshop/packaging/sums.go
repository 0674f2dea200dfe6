package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile has the sums of all other files, as sha256sum(1) reads them.
const sumsFile = "SHA256SUMS"

// namespace is what a signature is about, so that one of another thing by the same key is no
// signature of a release. "file" is ssh-keygen's own word for files.
const namespace = "file"

// sumFiles returns the sha256 sums in hex of the files in a directory, by name.
func sumFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for _, e := range entries {
		if sums[e.Name()], err = sumFile(filepath.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

func sumFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeSums writes the sums of all files in the directory.
func writeSums(dir string) error {
	sums, err := sumFiles(dir)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&b, "%s  %s\n", sums[name], name)
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), []byte(b.String()), 0o644)
}

// sign writes file.sig, by ssh-keygen: users of a tool that works over SSH have it, on every
// system. A passphrase is asked for at the terminal.
func (r *release) sign(ctx context.Context, file string) error {
	if r.key == "" {
		r.log("not signed: there is no key (make release KEY=~/.ssh/id_ed25519)")
		return nil
	}
	if _, err := runProgram(ctx, program{
		argv: []string{"ssh-keygen", "-Y", "sign", "-q", "-f", r.key, "-n", namespace, file},
	}); err != nil {
		return fmt.Errorf("sign with %s: %w", r.key, err)
	}
	r.log("signed " + filepath.Base(file))
	return nil
}
