package preflight

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/host"
	"kbootstrap/provision/component"
)

// TestInstallers: each tool of the table is named with the command that removes it, by a service
// alone, by a path alone and by an interface alone.
func TestInstallers(t *testing.T) {
	type sight struct {
		see  func(*Host)
		want Level
	}
	for _, i := range installers {
		var sights []sight
		for _, name := range i.units {
			sights = append(sights,
				sight{func(h *Host) { h.Survey.Units = []host.Unit{{Name: name, Active: true, PID: 9}} }, Fail},
				sight{func(h *Host) { h.Survey.Units = []host.Unit{{Name: name, File: "enabled"}} }, Fail},
				sight{func(h *Host) { h.Survey.Units = []host.Unit{{Name: name, File: "disabled"}} }, Warn})
		}
		for _, path := range i.against {
			sights = append(sights, sight{func(h *Host) { h.Survey.Traces = []string{path} }, Fail})
		}
		for _, path := range i.data {
			sights = append(sights, sight{func(h *Host) { h.Survey.Traces = []string{path} }, Warn})
		}
		for _, name := range i.links {
			sights = append(sights, sight{func(h *Host) { h.Facts.Interfaces = []host.Interface{{Name: name}} }, Warn})
		}
		if len(sights) == 0 {
			t.Errorf("%s shows nothing", i.name)
		}
		for n, s := range sights {
			var h Host
			h.Name = "m1"
			s.see(&h)
			found := otherInstallers(h)
			if len(found) != 1 || found[0].Level != s.want || !strings.HasPrefix(found[0].Evidence, i.name+" ") ||
				!strings.Contains(found[0].Hint, i.remove) {
				t.Errorf("%s, sight %d: %+v", i.name, n, found)
			}
		}
	}
}

// TestInstallersAreOthers: nothing of the table is what our components have.
func TestInstallersAreOthers(t *testing.T) {
	for _, name := range installerUnits() {
		if slices.Contains(component.Units(), name) {
			t.Errorf("%s is ours", name)
		}
	}
	for _, i := range installers {
		for _, link := range i.links {
			if component.IsOwnInterface(link) {
				t.Errorf("%s is ours", link)
			}
		}
	}
}
