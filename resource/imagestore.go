package resource

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"kbootstrap/host"
)

// imageStore is one namespace of one containerd, and the program that speaks to it.
type imageStore struct{ program, socket, namespace string }

func (i Image) store() imageStore {
	s := imageStore{i.Program, i.Socket, i.Namespace}
	if s.namespace == "" {
		s.namespace = "k8s.io"
	}
	return s
}

func (s imageStore) argv(args ...string) []string {
	return append([]string{s.program, "--address", s.socket, "-n", s.namespace}, args...)
}

// list returns the digest of what each reference leads to; none when there is no store.
func (s imageStore) list(ctx context.Context, sys *host.System) map[string]string {
	if !sys.Exists(s.program) || !sys.Exists(s.socket) {
		return nil
	}
	out, err := sys.Run(ctx, s.argv("images", "ls")...)
	if err != nil {
		sys.Logf("no list of images: %v", err)
		return nil
	}
	digests := map[string]string{}
	for line := range strings.Lines(string(out)) {
		// REF TYPE DIGEST SIZE PLATFORMS LABELS
		if fields := strings.Fields(line); len(fields) > 2 && strings.HasPrefix(fields[2], "sha256:") {
			digests[fields[0]] = fields[2]
		}
	}
	return digests
}

// id returns the ID of the image that a digest leads to: the sum of its configuration, in hex.
func (s imageStore) id(ctx context.Context, sys *host.System, digest string) (string, error) {
	const deepest = 3 // an index of indexes, an index, a manifest
	for range deepest {
		out, err := s.content(ctx, sys, digest)
		if err != nil {
			return "", err
		}
		var described struct {
			Config    struct{ Digest string }
			Manifests []struct {
				Digest   string
				Platform *struct{ OS, Architecture string }
			}
		}
		if err := json.Unmarshal(out, &described); err != nil {
			return "", fmt.Errorf("content %s: %w", digest, err)
		}
		if sum, ok := strings.CutPrefix(described.Config.Digest, "sha256:"); ok {
			return sum, nil
		}
		digest = ""
		for _, m := range described.Manifests {
			p := m.Platform
			if len(described.Manifests) == 1 || p != nil && p.OS == "linux" && p.Architecture == runtime.GOARCH {
				digest = m.Digest
				break
			}
		}
		if digest == "" {
			break
		}
	}
	return "", errors.New("no configuration for this platform")
}

// contentDir is where containerd keeps what it has of images, each file named by its sum
// (https://github.com/containerd/containerd/blob/main/docs/content-flow.md).
const contentDir = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256"

// largestDescription bounds the description of an image; registries refuse larger ones.
const largestDescription = 4 << 20

// content returns what has a digest. It is read from containerd's directory where it is what its
// name says: to ask containerd takes a process, and there are several contents to each image. Where
// it is not there, as with a directory of another place, containerd is asked.
func (s imageStore) content(ctx context.Context, sys *host.System, digest string) ([]byte, error) {
	if sum, ok := strings.CutPrefix(digest, "sha256:"); ok && !strings.Contains(sum, "/") {
		path := sys.Path(contentDir + "/" + sum)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Size() <= largestDescription {
			text, err := os.ReadFile(path)
			if found := sha256.Sum256(text); err == nil && hex.EncodeToString(found[:]) == sum {
				return text, nil
			}
		}
	}
	return sys.Run(ctx, s.argv("content", "get", digest)...)
}
