package component

import (
	"slices"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

// TestDockerFile: dockerd does not start when a flag and a key of its file say the same thing, and
// a logging driver of another kind has other options.
func TestDockerFile(t *testing.T) {
	for _, test := range []struct {
		flags    templates.Flags
		has      []string // the keys in the file
		owns     []string // some of the keys that are not left to the owner
		defaults int
	}{
		{
			templates.Flags{"host": "unix:///run/docker.sock"},
			[]string{"containerd", "exec-opts", "live-restore", "log-driver", "log-opts", "storage-driver"},
			[]string{"containerd", "exec-opts", "hosts"}, 3,
		},
		{
			templates.Flags{"host": "x", "log-driver": "journald", "data-root": "/data", "registry-mirror": "https://m"},
			[]string{"containerd", "exec-opts", "live-restore", "storage-driver"},
			[]string{"data-root", "registry-mirrors", "log-driver"}, 2,
		},
		{
			templates.Flags{"storage-driver": "btrfs", "live-restore": "false"},
			[]string{"containerd", "exec-opts", "log-driver", "log-opts"}, []string{"storage-driver",
				"live-restore"}, 1,
		},
	} {
		file := dockerFile(test.flags)
		if got := resource.KeysOf(file.Content); !slices.Equal(got, test.has) {
			t.Errorf("%v: the file has %q, want %q", test.flags, got, test.has)
		}
		for _, key := range test.owns {
			if !slices.Contains(file.Keys, key) {
				t.Errorf("%v: %s is left to the owner", test.flags, key)
			}
		}
		if len(file.Defaults) != test.defaults || slices.Contains(file.Keys, "bip") {
			t.Errorf("%v: keys %q, %d groups of defaults", test.flags, file.Keys, len(file.Defaults))
		}
	}
}
