package release

import (
	"fmt"
	"io"

	"kbootstrap/release/airgap"
)

// Content is one binary or image archive in the cache.
type Content struct {
	Name       string  // such as "kubelet" or "image/pause"
	SHA256     string  // of the raw bytes, lower case hex
	Size       int64   // of the raw bytes
	Compressed int64   // bytes of the zstd stream
	ImageID    string  // of an image: the sha256 sum of its configuration, lower case hex
	Deltas     []Delta // to other contents, the smallest first

	path string
	at   int64 // where the stream begins in the file, which is longer than it in a bundle
}

// Open returns the zstd stream of the content. Open does not verify the stream: the host that
// unpacks it compares SHA256 of the raw bytes.
func (c Content) Open() (io.ReadCloser, error) {
	f, err := airgap.OpenSection(c.path, c.at, c.Compressed)
	if err != nil {
		return nil, fmt.Errorf("content %s: %w", c.Name, err)
	}
	return f, nil
}
