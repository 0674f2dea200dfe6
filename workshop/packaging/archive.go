package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// pack makes the target's archive of its tree. Its entries are sorted, and have the time of the
// commit and no owner.
func (r *release) pack(t target, tree, files string) error {
	out, err := os.OpenFile(filepath.Join(files, r.file(t)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if t.os == "windows" {
		return errors.Join(r.writeZip(t, tree, out), out.Close())
	}
	return errors.Join(r.writeTar(t, tree, out), out.Close())
}

func (r *release) writeZip(t target, tree string, out io.Writer) error {
	w := zip.NewWriter(out)
	err := r.eachFile(t, tree, func(name string, mode fs.FileMode, content *os.File, _ int64) error {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: r.time.UTC()}
		h.SetMode(mode)
		entry, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = io.Copy(entry, content)
		return err
	})
	return errors.Join(err, w.Close())
}

func (r *release) writeTar(t target, tree string, out io.Writer) error {
	z, err := gzip.NewWriterLevel(out, gzip.DefaultCompression)
	if err != nil {
		return err
	}
	w := tar.NewWriter(z)
	err = r.eachFile(t, tree, func(name string, mode fs.FileMode, content *os.File, size int64) error {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: int64(mode), ModTime: r.time,
			Format: tar.FormatUSTAR}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		_, err := io.Copy(w, content)
		return err
	})
	return errors.Join(err, w.Close(), z.Close())
}

// eachFile calls add with the files of a tree, by their names in the archive, in order.
func (r *release) eachFile(t target, tree string, add func(string, fs.FileMode, *os.File, int64) error) error {
	return filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		below, err := filepath.Rel(tree, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return add(r.archive(t)+"/"+filepath.ToSlash(below), modeOf(info), f, info.Size())
	})
}

// modeOf is the mode that a file has in archives and packages: what its owner may, without the
// umask of whoever made the release.
func modeOf(info fs.FileInfo) fs.FileMode {
	if info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}
