package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// copyFile copies a program or an image.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return writeProgram(to, in)
}

// writeProgram writes an executable file and the directories above it.
func writeProgram(to string, content io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}

// unpack takes programs out of a tar.gz.
func unpack(archive, dir string, programs []string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	missing := map[string]bool{}
	for _, name := range programs {
		missing[name] = true
	}
	for t := tar.NewReader(z); ; {
		header, err := t.Next()
		if errors.Is(err, io.EOF) {
			if len(missing) > 0 {
				return fmt.Errorf("does not hold %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", "))
			}
			return nil
		}
		if err != nil {
			return err
		}
		if name := path.Base(header.Name); missing[name] {
			delete(missing, name)
			if err := writeProgram(filepath.Join(dir, name), t); err != nil {
				return err
			}
		}
	}
}
