package resource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
		out, err := sys.Run(ctx, s.argv("content", "get", digest)...)
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
