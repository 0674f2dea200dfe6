package component

import (
	"strings"
	"time"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

const containerdSocket = "/run/containerd/containerd.sock"

// containerd runs the containers of the kubelet and, where there is one, of docker.
var containerd = Component{
	Name:  "containerd",
	On:    everywhere,
	After: []string{"base"},
	Resources: func(t Target) []resource.Resource {
		format := 3
		if !t.containerd2() {
			format = 2
		}
		return List(
			one(
				resource.Dir{Path: "/etc/containerd", Mode: 0o755},
				resource.Dir{Path: "/etc/containerd/conf.d", Mode: 0o755},
				text("/etc/systemd/system/cri-containerd-.scope.d/50-kbootstrap.conf", 0o644, templates.ContainerScope.Render(struct{}{})),
			),
			t.programs("runc", "/usr/local/bin", "runc"),
			t.programs("containerd", "/usr/local/bin", "containerd-shim-runc-v2"),
			t.service("containerd.service",
				t.programs("containerd", "/usr/local/bin", "containerd"),
				one(
					text("/etc/containerd/config.toml", 0o644, templates.ContainerdTOML.Render(
						templates.ContainerdConfig{Version: format, Pause: t.Release.Image("pause")})),
					unit("containerd.service", templates.ContainerdUnit.Render(templates.Daemon{})),
				),
			),
			one(resource.Ready{
				Name: "containerd answers", URL: "unix://" + containerdSocket, Unit: "containerd.service", Timeout: 60 * time.Second,
			}),
		)
	},
}

// containerd2 reports whether containerd is 2.0 or later, which has another format of its configuration.
func (t Target) containerd2() bool { return !strings.HasPrefix(t.version("containerd"), "1.") }
