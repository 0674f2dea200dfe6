package component_test

import (
	"slices"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// TestDockerFile: dockerd does not start when a flag and a key of its file say the same thing, and
// a logging driver of another kind has other options. What the inventory says is not left to the
// file's owner.
func TestDockerFile(t *testing.T) {
	for _, test := range []struct {
		arguments string
		has       []string // the keys in the file
		owns      []string // some of the keys that are not left to the owner
		defaults  int
	}{
		{
			"", []string{"containerd", "exec-opts", "live-restore", "log-driver", "log-opts", "storage-driver"},
			[]string{"containerd", "exec-opts", "hosts"}, 3,
		},
		{
			"arguments: {dockerd: {log-driver: journald, data-root: /data, registry-mirror: 'https://m'}}\n",
			[]string{
				"containerd", "data-root", "exec-opts", "live-restore", "log-driver", "log-opts", "registry-mirrors",
				"storage-driver",
			},
			[]string{"data-root", "registry-mirrors", "log-driver", "log-opts"}, 2,
		},
		{
			"arguments: {dockerd: {storage-driver: btrfs, live-restore: 'false'}}\n",
			[]string{"containerd", "exec-opts", "live-restore", "log-driver", "log-opts", "storage-driver"},
			[]string{"storage-driver", "live-restore"}, 1,
		},
	} {
		file := dockerFileOf(t, fixture.Small+test.arguments)
		if got := resource.KeysOf(file.Content); !slices.Equal(got, test.has) {
			t.Errorf("%q: the file has %q, want %q", test.arguments, got, test.has)
		}
		for _, key := range test.owns {
			if !slices.Contains(file.Keys, key) {
				t.Errorf("%q: %s is left to the owner", test.arguments, key)
			}
		}
		if len(file.Defaults) != test.defaults || slices.Contains(file.Keys, "bip") {
			t.Errorf("%q: keys %q, %d groups of defaults", test.arguments, file.Keys, len(file.Defaults))
		}
	}
}

// dockerFileOf is the daemon.json of the first host of an inventory.
func dockerFileOf(t *testing.T, text string) resource.File {
	t.Helper()
	target := fixture.TargetsOf(t, text)[0]
	for _, c := range component.Components() {
		if c.Name != "docker" {
			continue
		}
		for _, r := range c.Resources(target) {
			if file, ok := r.(resource.File); ok && file.Path == component.DockerConfig {
				return file
			}
		}
	}
	t.Fatal("no daemon.json")
	return resource.File{}
}
