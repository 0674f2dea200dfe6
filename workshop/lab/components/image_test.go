package components

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestImage(t *testing.T) {
	tag, err := name.NewTag("docker.io/library/busybox:1.36.1")
	if err != nil {
		t.Fatal(err)
	}
	i := image{
		Tag:        "docker.io/library/busybox:1.36.1",
		Members:    []member{{"/bin/busybox", "busybox"}},
		Applets:    "busybox",
		Dirs:       []string{"/var/tmp"},
		Entrypoint: []string{"/bin/busybox"},
		Cmd:        []string{"sh"},
	}
	const busybox = "#!/bin/sh\nprintf 'sh\\nbusybox\\nhttpd\\n'\n"
	file := filepath.Join(t.TempDir(), "image.tar")
	if err := os.WriteFile(file, pack(t, i, map[string]string{"busybox": busybox}), 0o644); err != nil {
		t.Fatal(err)
	}

	img, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Error(err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != runtime.GOARCH {
		t.Errorf("image for %s/%s", config.OS, config.Architecture)
	}
	if config.Created.Unix() != 0 {
		t.Errorf("image has the time %v", config.Created)
	}
	path := []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	if c := config.Config; !slices.Equal(c.Env, path) || !slices.Equal(c.Cmd, i.Cmd) ||
		!slices.Equal(c.Entrypoint, i.Entrypoint) || c.User != "" {
		t.Errorf("config is %+v", c)
	}

	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	if len(layers) != 1 {
		t.Fatalf("image has %d layers, want 1", len(layers))
	}
	packed, err := layers[0].Compressed()
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	if _, err := gzip.NewReader(packed); err != nil {
		t.Errorf("the layer is not gzipped: %v", err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	want := []entry{
		{"var/", "", "", 0o755, tar.TypeDir},
		{"var/tmp/", "", "", 0o1777, tar.TypeDir},
		{"bin/", "", "", 0o755, tar.TypeDir},
		{"bin/busybox", "", busybox, 0o755, tar.TypeReg},
		{"bin/sh", "busybox", "", 0o777, tar.TypeSymlink},
		{"bin/httpd", "busybox", "", 0o777, tar.TypeSymlink},
	}
	if got := readTar(t, content); !slices.Equal(got, want) {
		t.Errorf("layer has\n%v\nwant\n%v", got, want)
	}
}
