package light

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// writeMirror writes the mirror of the hosts' programs, which nothing runs: each is random bytes,
// which do not compress, so that their number is that on the line.
func (l *Lab) writeMirror() error {
	sources := component.Sources()
	versions, err := release.Versions(&inventory.Cluster{Kubernetes: l.Kubernetes}, sources)
	if err != nil {
		return err
	}
	dir := filepath.Join(l.Dir, mirrorDir)
	lock := release.Lock{Version: 1}
	machine := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]
	for _, s := range sources {
		texts := strings.NewReplacer("{version}", strings.TrimPrefix(versions[s.Component], "v"), "{arch}",
			runtime.GOARCH,
			"{machine}", machine)
		url, file := texts.Replace(s.URL), []byte(nil)
		switch {
		case s.URL != "" && s.Archive:
			file, err = l.archive(texts.Replace(s.Directory), s.Programs)
		case s.URL != "":
			file = l.program(s.Programs[0])
		default:
			image := texts.Replace(s.Image)
			url = "https://" + strings.ReplaceAll(image, ":", "/") + ".tar"
			file, err = l.image(image, texts.Replace(s.ImageDirectory), s.Programs)
		}
		if err != nil {
			return err
		}
		path := filepath.Join(dir, strings.TrimPrefix(url, "https://"))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, file, 0o644); err != nil {
			return err
		}
		sum := sha256.Sum256(file)
		lock.Artifacts = append(lock.Artifacts,
			release.LockedEntry{URL: url, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(file))})
	}
	return lock.Write(filepath.Join(dir, "artifacts.lock"))
}

// program is the content of a program: the same for the same name.
func (l *Lab) program(name string) []byte {
	random := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	content := make([]byte, l.Programs)
	_, _ = random.Read(content) // it never fails
	return content
}

// archive is a gzipped tar of programs.
func (l *Lab) archive(directory string, programs []string) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	text, err := l.tar(directory, programs)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	err = z.Close() // which writes the end
	return b.Bytes(), err
}

func (l *Lab) tar(directory string, programs []string) ([]byte, error) {
	var b bytes.Buffer
	t := tar.NewWriter(&b)
	for _, p := range programs {
		content := l.program(p)
		if err := t.WriteHeader(&tar.Header{Name: directory + p, Mode: 0o755, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := t.Write(content); err != nil {
			return nil, err
		}
	}
	err := t.Close() // which writes the end
	return b.Bytes(), err
}

// image is an image as `docker save` writes it, with the programs in its one layer.
func (l *Lab) image(image, directory string, programs []string) ([]byte, error) {
	tag, err := name.NewTag(image)
	if err != nil {
		return nil, err
	}
	if programs == nil {
		programs = []string{tag.RepositoryStr()}
	}
	text, err := l.tar(strings.TrimPrefix(directory, "/"), programs)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	})
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = tarball.Write(tag, img, &b)
	return b.Bytes(), err
}
