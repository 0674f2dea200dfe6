package components

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// image is the packing of an artifact that is a container image with one layer, in the format of
// "docker save", which both "docker load" and "ctr images import" take. The layer is gzipped, as
// those of registries are: what hosts do with it is what users' hosts do.
type image struct {
	Tag        string   // "registry.k8s.io/pause:3.10.2", the name that a host knows the image by
	Members    []member // programs, named by their absolute path in the image
	Root       string   `json:",omitempty"` // a directory of programs: all that is in it is in the image
	Applets    string   // a busybox among the members: it gets a link for every command that it lists
	Dirs       []string // further directories, writable for everybody like /tmp
	Entrypoint []string
	Cmd        []string
}

// revision is 2 since the layer is gzipped.
func (image) revision() int { return 2 }

func (i image) pack(ctx context.Context, dir, dst string) error {
	tag, err := name.NewTag(i.Tag)
	if err != nil {
		return err
	}
	content, err := i.layer(ctx, dir)
	if err != nil {
		return err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithCompressionLevel(gzip.DefaultCompression))
	if err != nil {
		return err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return err
	}
	file = file.DeepCopy()
	file.OS = "linux"
	file.Architecture = runtime.GOARCH
	file.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	file.Config = v1.Config{
		Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Entrypoint: i.Entrypoint,
		Cmd:        i.Cmd,
		WorkingDir: "/",
	}
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return err
	}
	return tarball.WriteToFile(dst, tag, img)
}

// layer is the image's file system as a tar archive, without times. Every directory has an entry of
// its own.
func (i image) layer(ctx context.Context, dir string) ([]byte, error) {
	var content bytes.Buffer
	t := tar.NewWriter(&content)
	made := map[string]bool{"/": true, ".": true}
	for _, d := range i.Dirs {
		if err := mkdirs(t, made, d, 0o1777); err != nil {
			return nil, err
		}
	}
	members, err := i.members(dir)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if err := mkdirs(t, made, path.Dir(m.Name), 0o755); err != nil {
			return nil, err
		}
		inside := member{Name: strings.TrimPrefix(m.Name, "/"), From: m.From}
		if err := writeProgram(t, inside, dir); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		if m.From == i.Applets {
			if err := linkApplets(ctx, t, m, dir); err != nil {
				return nil, err
			}
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// members are the programs of the image, and the files of its Root.
func (i image) members(dir string) ([]member, error) {
	all := slices.Clone(i.Members)
	if i.Root == "" {
		return all, nil
	}
	err := filepath.WalkDir(filepath.Join(dir, i.Root), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		from, err := filepath.Rel(dir, file)
		all = append(all, member{Name: strings.TrimPrefix(from, i.Root), From: from})
		return err
	})
	return all, err
}

// mkdirs adds a directory and those above it. Only the last one has the mode.
func mkdirs(t *tar.Writer, made map[string]bool, dir string, mode int64) error {
	if made[dir] {
		return nil
	}
	if err := mkdirs(t, made, path.Dir(dir), 0o755); err != nil {
		return err
	}
	made[dir] = true
	return t.WriteHeader(&tar.Header{
		Typeflag: tar.TypeDir, Name: strings.TrimPrefix(dir, "/") + "/", Mode: mode, Format: tar.FormatUSTAR,
	})
}

// linkApplets adds a symbolic link next to busybox for every command that it has.
func linkApplets(ctx context.Context, t *tar.Writer, busybox member, dir string) error {
	out, err := run(ctx, command{argv: []string{filepath.Join(dir, busybox.From), "--list"}})
	if err != nil {
		return err
	}
	self := path.Base(busybox.Name)
	for _, applet := range strings.Fields(out) {
		if applet == self {
			continue
		}
		link := path.Join(strings.TrimPrefix(path.Dir(busybox.Name), "/"), applet)
		header := &tar.Header{Typeflag: tar.TypeSymlink, Name: link, Linkname: self, Mode: 0o777,
			Format: tar.FormatUSTAR}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
	}
	return nil
}
