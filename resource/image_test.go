package resource_test

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/converge"
)

// TestImageUnderTheSameName: another image under the name is replaced, whether it was imported,
// pulled from a registry with an index, or is nothing that can be read.
func TestImageUnderTheSameName(t *testing.T) {
	for _, other := range []string{"older", "pulled", "pushed"} {
		t.Run(other, func(t *testing.T) {
			m := newMachine(t)
			wanted := imageLaws()[0].wanted.(resource.Image)
			imageLaws()[0].start(m)
			ctr := []string{wanted.Program, "--address", wanted.Socket, "-n", "k8s.io", "another", other}
			_, err := m.Run(t.Context(), ctr...)
			m.must(err)
			found, err := wanted.Observe(t.Context(), m.System)
			m.must(err)
			if found.State() == "" || found.State() == wanted.State() {
				t.Errorf("found:\n%s", found.State())
			}
			m.must(converge.Converge(t.Context(), m.System, []resource.Resource{wanted}, func(resource.Change) {}))
			found, err = wanted.Observe(t.Context(), m.System)
			m.must(err)
			if found.State() != wanted.State() {
				t.Errorf("afterwards:\n%s", found.State())
			}
			imported := 0
			for _, argv := range m.ran {
				if strings.Contains(argv, " images import ") {
					imported++
				}
			}
			if imported != 1 {
				t.Errorf("imported %d times: %q", imported, m.ran)
			}
			// Without an ID to compare with, a name is enough.
			wanted.Digest = ""
			found, err = wanted.Observe(t.Context(), m.System)
			m.must(err)
			if found.State() != wanted.State() {
				t.Errorf("without an ID:\n%s", found.State())
			}
		})
	}
}

// TestImageIDFromTheStore: the ID of an image is read from containerd's directory, and asked of
// containerd where a file there is not what its name says.
func TestImageIDFromTheStore(t *testing.T) {
	m := newMachine(t)
	wanted := imageLaws()[0].wanted.(resource.Image)
	m.executable(wanted.Program)
	m.put(wanted.Socket, "")
	manifest := `{"config":{"digest":"sha256:` + wanted.Digest + `"}}`
	index := `{"manifests":[{"digest":"sha256:` + resource.Sum([]byte(manifest)) + `"}]}`
	m.fakes[wanted.Program] = func(argv []string) (string, error) {
		switch strings.Join(argv[len(argv)-2:], " ") {
		case "images ls":
			return "REF TYPE DIGEST\n" + wanted.Ref + " type sha256:" + resource.Sum([]byte(index)) + "\n", nil
		case "get sha256:" + resource.Sum([]byte(index)):
			return index, nil
		case "get sha256:" + resource.Sum([]byte(manifest)):
			return manifest, nil
		}
		return "", errors.New("no such content")
	}
	const dir = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256/"
	for _, c := range []struct {
		what            string
		index, manifest string // in the directory
		asked           int    // how often ctr was started
	}{
		{"whole", index, manifest, 1},
		{"cut off", index, manifest[:len(manifest)-1], 2},
		{"changed", strings.ReplaceAll(index, "s", "t"), manifest, 2},
	} {
		m.put(dir+resource.Sum([]byte(index)), c.index)
		m.put(dir+resource.Sum([]byte(manifest)), c.manifest)
		m.ran = nil
		found, err := wanted.Observe(t.Context(), m.System)
		m.must(err)
		if found.State() != wanted.State() || len(m.ran) != c.asked {
			t.Errorf("%s: found:\n%s\nran %q", c.what, found.State(), m.ran)
		}
	}
}
