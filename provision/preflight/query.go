package preflight

import (
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// places are the paths that the tool and what it starts write to: what components leave there,
// besides the runtime's own.
func places() []string {
	all := []string{"/", "/opt/kbootstrap", "/run", "/usr/local/bin", "/var/lib/kbootstrap", "/var/log"}
	for _, dir := range component.AllResidue().Data {
		if !strings.HasPrefix(dir, "/run/") && !strings.HasPrefix(dir, "/var/log/") {
			all = append(all, dir)
		}
	}
	return all
}

// Place returns that of the paths in a Query under which a path is; Writes are counted by it.
func Place(path string) string {
	best := "/"
	for _, place := range places() {
		if (path == place || strings.HasPrefix(path, place+"/")) && len(place) > len(best) {
			best = place
		}
	}
	return best
}

// Query is what the checks want to know of a host besides its facts.
func Query(c *inventory.Cluster, h inventory.Host) host.SurveyQuery {
	q := host.SurveyQuery{
		Paths:   places(),
		Units:   slices.Concat([]string{firewalld}, runtimes, clusters(), installerUnits()),
		Modules: component.Modules(c),
		Traces:  traces(), DataDir: component.EtcdData, Taken: api.TakenDir, CA: "/etc/kubernetes/pki/ca.crt",
		Packages: true,
		SSH:      []int{22}, Surroundings: SurroundingsQuery(c, h),
	}
	if h.SSH.Port != 0 && h.SSH.Port != 22 {
		q.SSH = append(q.SSH, h.SSH.Port)
	}
	for _, l := range component.Listeners(c, h) {
		if l.Network == "udp" {
			q.UDP = append(q.UDP, l.Number)
		} else {
			q.TCP = append(q.TCP, l.Number)
		}
	}
	return q
}
