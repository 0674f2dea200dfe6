package release

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"kbootstrap/internal/interruptible"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// maxPlain is how many bytes an image may have whose layers are unpacked here: it is in memory
// then.
const maxPlain = 256 << 20

// A plain image is the archive of an image with its layers as they are unpacked. It is the same
// image, with the same ID: that is the sum of its configuration, which has the sums of the unpacked
// layers. Gzipped, a program is like no other one; plain, an image can be a delta.
//
// The name of its file says which archive it was made of, what its sum is, and its size.
var plainName = regexp.MustCompile(`^[0-9a-f]{64}-([0-9a-f]{64})-([0-9]+)\.zst$`)

// plain returns the plain form of an image. It is known to be none when there is nothing to unpack.
func (c cache) plain(image Content) (plain Content, isKnown bool) {
	if _, err := os.Stat(c.noPlain(image)); err == nil {
		return image, true
	}
	files, err := filepath.Glob(filepath.Join(c.dir, "plain", image.SHA256+"-*.zst"))
	if err != nil || len(files) != 1 {
		return image, false
	}
	words := plainName.FindStringSubmatch(filepath.Base(files[0]))
	info, err := os.Stat(files[0])
	if err != nil || words == nil {
		return image, false
	}
	size, err := strconv.ParseInt(words[2], 10, 64)
	plain = Content{Name: image.Name, ImageID: image.ImageID, SHA256: words[1], Size: size, Compressed: info.Size(),
		path: files[0]}
	return plain, err == nil
}

// noPlain is the file that says that the archive of an image has nothing to unpack.
func (c cache) noPlain(image Content) string {
	return filepath.Join(c.dir, "plain", image.SHA256+".none")
}

// makePlain puts the plain form of an image into the cache.
func (c cache) makePlain(ctx context.Context, image Content) error {
	raw, err := image.bytes(ctx)
	if err != nil {
		return err
	}
	plain, err := unpackLayers(raw)
	switch {
	case err != nil:
		return err
	case plain == nil:
		return os.WriteFile(c.noPlain(image), nil, 0o600)
	}
	staged, err := c.stage(interruptible.Reader(ctx, bytes.NewReader(plain)), maxPlain)
	if err != nil {
		return err
	}
	defer staged.discard()
	if err := errors.Join(staged.file.Sync(), staged.file.Close()); err != nil {
		return err
	}
	name := fmt.Sprintf("%s-%s-%d.zst", image.SHA256, staged.sum, staged.size)
	return os.Rename(staged.file.Name(), filepath.Join(c.dir, "plain", name))
}

// unpackLayers returns the archive of an image with plain layers, or nil where it has no other
// ones, is too large, or is an OCI layout: there the manifest has the sums of the packed layers.
func unpackLayers(archive []byte) ([]byte, error) {
	layers, err := layersOf(archive)
	if err != nil || len(layers) == 0 {
		return nil, err
	}
	var plain bytes.Buffer
	out := tar.NewWriter(&plain)
	unpacked := false
	err = eachFile(archive, func(h *tar.Header, in *tar.Reader) error {
		text, err := io.ReadAll(in)
		if err != nil {
			return err
		}
		if want, ok := layers[h.Name]; ok && bytes.HasPrefix(text, []byte("\x1f\x8b")) {
			if text, err = gunzip(text, maxPlain-plain.Len()); err != nil {
				return fmt.Errorf("layer %s: %w", h.Name, err)
			}
			if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != want {
				return fmt.Errorf("layer %s: it is another one than its image says", h.Name)
			}
			unpacked = true
		}
		header := *h
		header.Size = int64(len(text))
		if err := out.WriteHeader(&header); err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	})
	switch {
	case errors.Is(err, errTooLarge):
		return nil, nil
	case err != nil:
		return nil, notAnImage(err)
	case !unpacked:
		return nil, nil
	}
	return plain.Bytes(), out.Close()
}

// layersOf are the sums of the unpacked layers of an image by the names of their files; none where
// the archive is an OCI layout.
func layersOf(archive []byte) (map[string]string, error) {
	small := map[string][]byte{}
	err := eachFile(archive, func(h *tar.Header, in *tar.Reader) (err error) {
		if h.Size <= maxManifest {
			small[h.Name], err = io.ReadAll(in)
		}
		return err
	})
	if err != nil {
		return nil, notAnImage(err)
	}
	if small["index.json"] != nil {
		return nil, nil
	}
	var saved []struct {
		Config string
		Layers []string
	}
	var config struct {
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	err = json.Unmarshal(small["manifest.json"], &saved)
	if err == nil && len(saved) == 1 {
		err = json.Unmarshal(small[saved[0].Config], &config)
	}
	if err != nil || len(saved) != 1 || len(saved[0].Layers) != len(config.RootFS.DiffIDs) {
		return nil, notAnImage(errors.Join(errors.New("manifest.json does not describe one image"), err))
	}
	sums := map[string]string{}
	for i, name := range saved[0].Layers {
		sums[name] = config.RootFS.DiffIDs[i][slices.Index([]byte(config.RootFS.DiffIDs[i]), ':')+1:]
	}
	return sums, nil
}

// eachFile calls a function with each regular file of a tar.
func eachFile(archive []byte, do func(h *tar.Header, in *tar.Reader) error) error {
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && h.Typeflag == tar.TypeReg {
			err = do(h, r)
		}
		if err != nil {
			return err
		}
	}
}

// gunzip unpacks a text of a limited size.
func gunzip(packed []byte, limit int) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(&boundedReader{r: z, left: int64(limit)})
}
