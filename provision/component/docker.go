package component

import (
	"time"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	dockerSocket     = "/run/docker.sock"
	criDockerdSocket = "/run/cri-dockerd.sock"
)

// docker is for people and their builds: `docker run` works on every host. It shares the one containerd with the kubelet.
var docker = Component{
	Name:  "docker",
	On:    func(t Target) bool { return t.Cluster.Runtime == "docker" },
	After: []string{"containerd"},
	Turn:  Late,
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{"host": "unix://" + dockerSocket}.With(t.Cluster.Arguments["dockerd"])
		return List(
			one(
				resource.Dir{Path: "/etc/docker", Mode: 0o755},
				text("/etc/systemd/system/docker-.scope.d/50-kbootstrap.conf", 0o644, templates.ContainerScope.Render(struct{}{})),
			),
			t.programs("docker", "/usr/local/bin", "docker", "docker-proxy", "docker-init"),
			t.service("docker.service",
				t.programs("docker", "/usr/local/bin", "dockerd"),
				one(
					text("/etc/docker/daemon.json", 0o644, templates.DockerJSON.Render(
						templates.DockerConfig{ContainerdSocket: containerdSocket})),
					unit("docker.service", templates.DockerUnit.Render(templates.Daemon{Flags: flags})),
				),
			),
			one(resource.Ready{
				Name: "docker answers", URL: "unix://" + dockerSocket, Unit: "docker.service", Timeout: 60 * time.Second,
			}),
		)
	},
}
