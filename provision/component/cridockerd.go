package component

import (
	"time"

	"kbootstrap/resource"
	"kbootstrap/templates"
)

// criDockerd lets the kubelet talk to docker, which Kubernetes itself has not done since 1.24.
var criDockerd = Component{
	Name:  "cri-dockerd",
	On:    func(t Target) bool { return t.Cluster.CRI == "dockerd" },
	After: []string{"docker"},
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{
			"container-runtime-endpoint": "unix://" + criDockerdSocket,
			"network-plugin":             "cni",
			"pod-infra-container-image":  t.Release.Image("pause"),
		}
		return List(
			t.service("cri-dockerd.service",
				t.programs("cri-dockerd", "/usr/local/bin", "cri-dockerd"),
				one(unit("cri-dockerd.service", templates.CRIDockerdUnit.Render(templates.Daemon{Flags: flags}))),
			),
			one(resource.Ready{
				Name: "cri-dockerd answers", URL: "unix://" + criDockerdSocket, Unit: "cri-dockerd.service", Timeout: 60 * time.Second,
			}),
		)
	},
}
