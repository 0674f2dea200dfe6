package release

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"kbootstrap/fault"
)

// maxManifest is how large the files are that describe an image; Docker and registries allow 4 MB.
const maxManifest = 4 << 20

// stageImage stages the wanted files of an image.
func (c cache) stageImage(a artifact, file archiveFile, l limits, staged map[string]*staging) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	image, err := tarball.Image(func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(file, 0, size)), nil
	}, nil)
	if err != nil {
		return notAnImage(err)
	}
	files := mutate.Extract(image)
	defer files.Close()
	return c.stageTar(a, files, l, staged)
}

// imageID returns the sum of an image's configuration, which Docker calls the image's ID: it has
// the sums of all layers as they are unpacked, so images with the same ID have the same content,
// however they are packed. The stream is an archive as `docker save` writes it, or an OCI layout
// in a tar.
func imageID(archive io.Reader, arch string) (string, error) {
	sums, small := map[string]string{}, map[string][]byte{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", notAnImage(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		name, sum := strings.TrimPrefix(h.Name, "./"), sha256.New()
		if h.Size > maxManifest {
			continue // a layer
		}
		text, err := io.ReadAll(io.TeeReader(r, sum))
		if err != nil {
			return "", notAnImage(err)
		}
		sums[name], small[name] = hex.EncodeToString(sum.Sum(nil)), text
	}
	var saved []struct{ Config string }
	if text, ok := small["manifest.json"]; ok {
		if err := json.Unmarshal(text, &saved); err != nil {
			return "", notAnImage(err)
		}
		if len(saved) != 1 || sums[saved[0].Config] == "" {
			return "", notAnImage(errors.New("manifest.json does not name the configuration of one image"))
		}
		return sums[saved[0].Config], nil
	}
	return layoutID(small, "index.json", arch)
}

// layoutID follows the descriptors of an OCI layout from the file to the configuration.
func layoutID(files map[string][]byte, name, arch string) (string, error) {
	const deepest = 4 // index.json, an index, a manifest
	for range deepest {
		text, ok := files[name]
		if !ok {
			return "", notAnImage(fmt.Errorf("there is no %s", name))
		}
		var described struct {
			Config    struct{ Digest string }
			Manifests []struct {
				Digest   string
				Platform *struct{ OS, Architecture string }
			}
		}
		if err := json.Unmarshal(text, &described); err != nil {
			return "", notAnImage(err)
		}
		if sum, ok := strings.CutPrefix(described.Config.Digest, "sha256:"); ok {
			return sum, nil
		}
		list := slices.Clone(described.Manifests)
		if len(list) > 1 {
			list = list[:0]
			for _, m := range described.Manifests {
				if m.Platform != nil && m.Platform.OS == "linux" && m.Platform.Architecture == arch {
					list = append(list, m)
				}
			}
		}
		if len(list) != 1 {
			return "", notAnImage(fmt.Errorf("%s does not lead to one image for %s", name, arch))
		}
		name = "blobs/" + strings.ReplaceAll(list[0].Digest, ":", "/")
	}
	return "", notAnImage(errors.New("its descriptors lead nowhere"))
}

// notAnImage is the error of an archive that no runtime could load.
func notAnImage(err error) error {
	return fault.ArtifactNotIt.Errorf("not an archive of an image: %w", err)
}
