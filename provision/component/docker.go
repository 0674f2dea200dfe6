package component

import (
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	dockerSocket     = "/run/docker.sock"
	criDockerdSocket = "/run/cri-dockerd.sock"
)

var dockerProgram = inventory.Program{
	Name: "dockerd", Release: "docker", Rules: dockerRules,
	Absent: func(c *inventory.Cluster) string {
		if hasDocker(c) {
			return ""
		}
		return "runtime is " + c.Runtime
	},
}

// docker is for people and their builds: `docker run` works on every host. It shares the one
// containerd with the kubelet.
var docker = Component{
	Name:  "docker",
	On:    func(t Target) bool { return hasDocker(t.Cluster) },
	After: []string{"containerd"},
	Units: []string{"docker.service"},
	// 20.10.24 is Debian 12's, which the lab runs, as with runc.
	Sources: []release.Source{{
		Component: "docker", Version: "20.10.24", Archive: true, Directory: "docker/", Needed: hasDocker,
		URL:      "https://download.docker.com/linux/static/stable/{machine}/docker-{version}.tgz",
		Programs: []string{"dockerd", "docker", "docker-proxy", "docker-init"},
	}},
	Residue: Residue{
		Data:       []string{"/var/lib/docker", "/run/docker"},
		Mounts:     []string{"/run/docker", "/var/lib/docker"},
		Interfaces: []string{"docker0"},
		Chains:     []string{"DOCKER"},
	},
	Programs: []inventory.Program{dockerProgram},
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{"host": "unix://" + dockerSocket}
		flags = t.withArguments("dockerd", dockerRules, flags)
		return list(
			one(
				resource.Dir{Path: "/etc/docker", Mode: 0o755},
				text(
					"/etc/systemd/system/docker-.scope.d/50-kbootstrap.conf", 0o644, containerScope.Render(struct{}{}),
				),
			),
			t.programs("docker", "/usr/local/bin", "docker", "docker-proxy", "docker-init"),
			t.service("docker.service", t.shared(flags),
				t.programs("docker", "/usr/local/bin", "dockerd"),
				one(
					text("/etc/docker/daemon.json", 0o644, t.dockerFile(dockerJSON.Render(
						dockerConfig{ContainerdSocket: containerdSocket}))),
					unit("docker.service", dockerUnit.Render(daemon{Flags: flags})),
				),
			),
			one(resource.Ready{
				Name: "docker answers", URL: "unix://" + dockerSocket, Unit: "docker.service", Timeout: 60 * time.Second,
			}),
		)
	},
}

// dockerConfig is the data of /etc/docker/daemon.json.
type dockerConfig struct{ ContainerdSocket string }

var (
	dockerJSON = templates.New[dockerConfig]("docker-daemon.json.tmpl")
	dockerUnit = templates.New[daemon]("docker.service.tmpl")
)

// hasDocker reports whether a cluster has docker.
func hasDocker(c *inventory.Cluster) bool { return c.Runtime == "docker" }
