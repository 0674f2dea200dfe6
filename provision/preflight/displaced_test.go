package preflight

import (
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// TestDisplaced: what the plan takes the place of is named in words for its owner, and what it
// leaves alone is not.
func TestDisplaced(t *testing.T) {
	ours := resource.File{Path: component.ContainerdConfig,
		Content: []byte("version = 3\n[plugins.'a.b'.cni]\nconf_dir = '/x'\n")}
	docker := resource.File{Path: component.DockerConfig, Keys: []string{"containerd", "hosts"},
		Content: []byte(`{"containerd": "/c"}`)}
	with := func(f resource.File, text string) resource.File {
		f.Content = []byte(text)
		return f
	}
	link := resource.Link{Path: "/usr/local/bin/kubectl", Target: "/opt/kbootstrap/kubernetes-1.36.3/kubectl"}
	for _, test := range []struct {
		found, wanted resource.Resource
		want          string
	}{
		{resource.File{Path: ours.Path, Absent: true}, ours, ""},
		{
			with(ours, "version = 2\nroot = '/data'\n[plugins.'io.grpc.a.b'.cni]\nconf_dir = '/x'\n"), ours,
			"/etc/containerd/config.toml would be replaced, and with it root",
		},
		{with(ours, "no toml"), ours, "/etc/containerd/config.toml would be replaced"},
		{with(docker, `{"bip": "10.0.0.1/24"}`), docker, ""},
		{
			with(docker, `{"bip": "10.0.0.1/24", "hosts": ["x"]}`), docker,
			"hosts in /etc/docker/daemon.json would be replaced; bip would stay",
		},
		{with(docker, `{"hosts": ["x"]}`), docker, "hosts in /etc/docker/daemon.json would be replaced"},
		{with(docker, `{hosts}`), docker, "/etc/docker/daemon.json, which is not valid JSON, would be replaced"},
		{
			resource.File{Path: "/etc/a", Target: "/b"}, resource.File{Path: "/etc/a"},
			"/etc/a, a link to /b, would be replaced",
		},
		{resource.File{Path: "/etc/a"}, resource.File{Path: "/etc/a", Absent: true}, "/etc/a would be removed"},
		{resource.Link{Path: link.Path, Absent: true}, link, ""},
		{
			resource.Link{Path: link.Path, Target: "/snap/bin/kubectl"}, link,
			"/usr/local/bin/kubectl, a link to /snap/bin/kubectl, would lead to " + link.Target,
		},
		{
			resource.Link{Path: link.Path, Instead: &resource.File{Path: link.Path, Size: 5e6}}, link,
			"/usr/local/bin/kubectl, a file of 5 MB, would be replaced by a link to " + link.Target,
		},
		{
			resource.Service{Name: "docker.service", Running: true}, resource.Service{Name: "docker.service",
				Running: true, Config: "x"},
			"docker.service, which runs, would be restarted with a unit and a program of the tool",
		},
		{
			resource.Service{Name: "docker.service", Enabled: true}, resource.Service{Name: "docker.service",
				Running: true, Config: "x"},
			"docker.service, which starts at boot, would start with a unit and a program of the tool",
		},
		{
			resource.Service{Name: "docker.service", Running: true, Config: "y"},
			resource.Service{Name: "docker.service", Running: true, Config: "x"}, "",
		},
		{
			resource.Service{Name: "haproxy.service", Running: true}, resource.Service{Name: "haproxy.service"},
			"haproxy.service would be stopped, and would not start at boot",
		},
	} {
		var got string
		for _, d := range displaced(plan.Change{Found: test.found, Wanted: test.wanted}) {
			got = d.What
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", test.found.ID(), got, test.want)
		}
	}
}

// TestForget: what is on record is the tool's own.
func TestForget(t *testing.T) {
	h := Host{Displaced: []Displaced{{ID: "file /a", What: "a"}, {ID: "file /b", What: "b"}}}
	h.Forget([]string{"file /a"})
	found := replaces(Scene{}, h)
	if len(found) != 1 || found[0].Evidence != "b" {
		t.Errorf("found %+v", found)
	}
	i := slices.IndexFunc(Checks(), func(c Check) bool { return c.ID == "Replaces" })
	if c := Checks()[i]; c.Code != fault.PreflightReplaces || !strings.Contains(c.Hint, "reset") {
		t.Errorf("the check is %+v", c)
	}
}
