package main

import (
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/report"
)

// TestResetText: who is asked sees what goes and what stays, with sizes, and no host gives orders
// to the terminal.
func TestResetText(t *testing.T) {
	var images []report.Directory
	for _, name := range []string{"content", "metadata", "overlayfs", "tmp"} {
		images = append(images, report.Directory{Path: "/var/lib/containerd/" + name, Bytes: 70e6})
	}
	golden.File(t, "testdata/reset.golden", resetText(report.Reset{
		Proof: "their authorities are those of the state directory",
		Removals: []report.Removal{
			{
				Host: "cp1", Units: []string{"kubelet.service", "etcd.service"},
				Removes: append(images, report.Directory{Path: "/var/lib/etcd", Bytes: 1.2e9, More: true}),
				Stays: []report.Directory{{Path: "/var/lib/docker/vol\x1b[2J", Bytes: 12e3,
					Because: "was there before"}},
				Returns: []string{"file /etc/docker/daemon.json"},
			},
			{Host: "w1", LeftAlone: true},
		},
	}))
}
