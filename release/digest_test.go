package release

import (
	"archive/tar"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// digestOf returns the digest of the index that the upstream's registry has under an image's tag.
func (u *upstream) digestOf(t *testing.T, image string) string {
	t.Helper()
	tag, err := name.NewTag(image)
	must(t, err)
	d, err := remote.Head(tag, remote.WithTransport(u.client().Transport))
	must(t, err)
	return d.Digest.Hex
}

// artifactOf returns the artifact of a component of the sources.
func artifactOf(t *testing.T, c *inventory.Cluster, component, arch string) artifact {
	t.Helper()
	versions, err := Versions(c, testSources())
	must(t, err)
	artifacts, err := expand(c, testSources(), versions, arch)
	must(t, err)
	for _, a := range artifacts {
		if a.component == component {
			return a
		}
	}
	t.Fatalf("no artifact of %s", component)
	return artifact{}
}

func newTestFetcher(t *testing.T, c *inventory.Cluster, u *upstream) *fetcher {
	t.Helper()
	f, err := newFetcher(c, u.options(t.TempDir()))
	must(t, err)
	return f
}

func TestPullByDigest(t *testing.T) {
	c := fullCluster()
	u := newUpstream(t, c, "amd64", "arm64")
	a := artifactOf(t, c, "pause", "arm64")
	a.index = u.digestOf(t, a.image)
	// Whoever moves the tag moves nothing for the tool.
	u.set("registry.k8s.io/v2/pause/manifests/3.10.2", func(w http.ResponseWriter, _ *http.Request) {
		t.Error("the tag was asked for")
		w.WriteHeader(http.StatusNotFound)
	})
	f := newTestFetcher(t, c, u)
	entries, err := f.all(t.Context(), []artifact{a})
	must(t, err)
	s := &Set{contents: map[string]Content{"image/pause": f.cache.content(a.members[0], entries[0])}}
	raw := read(t, s, "image/pause")
	tag, err := name.NewTag(a.image)
	must(t, err)
	// The archive has the image under its tag, as kubelets ask for it.
	image, err := tarball.Image(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }, &tag)
	must(t, err)
	config, err := image.ConfigName()
	must(t, err)
	if got := s.contents["image/pause"].ImageID; got != config.Hex {
		t.Errorf("the image's ID is %s, want %s", got, config.Hex)
	}
	file, err := image.ConfigFile()
	must(t, err)
	if file.Architecture != "arm64" {
		t.Errorf("the image is for %s", file.Architecture)
	}
	// The next run needs no registry, and no other run does that has the archive's sum from a lock.
	before := u.total()
	locked := a
	locked.sum = sum(raw)
	_, err = f.all(t.Context(), []artifact{a, locked})
	must(t, err)
	if u.total() != before {
		t.Error("the image was pulled again")
	}
}

// TestPullRefusesAnotherContent lets the registry answer something else at each place where the
// digest of it is known.
func TestPullRefusesAnotherContent(t *testing.T) {
	c := fullCluster()
	other := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oci.image.index.v1+json")
		send(w, []byte(`{"schemaVersion":2,"manifests":[]}`))
	}
	for name, at := range map[string]func(a artifact, image v1.Image) string{
		"index": func(a artifact, _ v1.Image) string { return "manifests/sha256:" + a.index },
		"manifest": func(_ artifact, image v1.Image) string {
			d, err := image.Digest()
			must(t, err)
			return "manifests/" + d.String()
		},
		"configuration": func(_ artifact, image v1.Image) string {
			d, err := image.ConfigName()
			must(t, err)
			return "blobs/" + d.String()
		},
		"layer": func(_ artifact, image v1.Image) string {
			layers, err := image.Layers()
			must(t, err)
			d, err := layers[0].Digest()
			must(t, err)
			return "blobs/" + d.String()
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpstream(t, c, "amd64")
			a := artifactOf(t, c, "pause", "amd64")
			a.index = u.digestOf(t, a.image)
			u.set("registry.k8s.io/v2/pause/"+at(a, fakeImage(t, a, "amd64")), other)
			f := newTestFetcher(t, c, u)
			_, err := f.all(t.Context(), []artifact{a})
			if fault.Of(err) != fault.ArtifactMismatch {
				t.Errorf("code %q: %v", fault.Of(err), err)
			}
			if kept := blobs(t, f.cache.dir); len(kept) > 0 {
				t.Errorf("kept: %v", kept)
			}
		})
	}
}

func TestProgramsOfAnImage(t *testing.T) {
	c := fullCluster()
	u := newUpstream(t, c, "amd64")
	a := *artifactOf(t, c, "flannel", "amd64").orImage
	content := fakeBinary("flanneld", "amd64")
	layer := func(files map[string][]byte) v1.Layer {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		for path, text := range files {
			must(t, w.WriteHeader(&tar.Header{Name: path, Typeflag: tar.TypeReg, Mode: 0o755, Size: int64(len(text))}))
			_, err := w.Write(text)
			must(t, err)
		}
		must(t, w.Close())
		l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(b.Bytes())), nil
		})
		must(t, err)
		return l
	}
	// The upper layer counts, as it does for a container.
	image, err := mutate.AppendLayers(empty.Image,
		layer(map[string][]byte{"opt/bin/flanneld": []byte("older"), "etc/passwd": []byte("root")}),
		layer(map[string][]byte{"opt/bin/flanneld": content}))
	must(t, err)
	index := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: image,
		Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: "amd64"}}})
	tag, err := name.NewTag(a.image)
	must(t, err)
	must(t, remote.WriteIndex(tag, index, remote.WithTransport(u.client().Transport)))
	digest, err := index.Digest()
	must(t, err)
	a.index = digest.Hex

	f := newTestFetcher(t, c, u)
	entries, err := f.all(t.Context(), []artifact{a})
	must(t, err)
	s := &Set{contents: map[string]Content{"flanneld": f.cache.content(a.members[0], entries[0])}}
	if !bytes.Equal(read(t, s, "flanneld"), content) {
		t.Error("flanneld is another content")
	}
	e := lockedEntry(a, entries[0], LockedEntry{})
	if e.Index != a.index || e.Members["opt/bin/flanneld"] != sum(content) || !sumPattern.MatchString(e.SHA256) {
		t.Errorf("locked: %+v", e)
	}

	a.members = []member{{name: "other", path: "opt/bin/other"}}
	if _, err := f.all(t.Context(), []artifact{a}); err == nil || !strings.Contains(err.Error(), "opt/bin/other") {
		t.Errorf("a program that the image lacks: %v", err)
	}
}

// TestFlannelComesFromWhereItsSumIsKnown: the archive where a lock has it, else the image, unless
// there is a mirror, which has the archive.
func TestFlannelComesFromWhereItsSumIsKnown(t *testing.T) {
	c := fullCluster()
	a := artifactOf(t, c, "flannel", "amd64")
	archive := a.url
	const image = "ghcr.io/flannel-io/flannel:v0.28.4"
	if p := (pins{}); !p.pin(&a) || a.image != image || a.index != builtInIndex(image) {
		t.Errorf("without a lock: %+v", a)
	}
	a = artifactOf(t, c, "flannel", "amd64")
	locked := map[string]LockedEntry{archive: {URL: archive, SHA256: strings.Repeat("a", 64)}}
	if p := (pins{locked: locked}); !p.pin(&a) || a.url != archive || a.image != "" {
		t.Errorf("with a lock: %+v", a)
	}
	a = artifactOf(t, c, "flannel", "amd64")
	if p := (pins{mirror: true}); p.pin(&a) || a.url != archive {
		t.Errorf("with a mirror: %+v", a)
	}
}
