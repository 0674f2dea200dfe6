package resource_test

import (
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
