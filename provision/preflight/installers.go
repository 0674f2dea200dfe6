package preflight

import (
	"fmt"
	"slices"
	"strings"
)

// An installer is another tool that makes clusters, and what it has or leaves on a host.
type installer struct {
	name  string
	units []string // its services
	// against are paths that work against ours: static pods, which our kubelet would run, and
	// drop-ins that change its command line.
	against []string
	// data are directories that it keeps what it has in. They are in no one's way once it is gone.
	data []string
	// links are network interfaces that no component of ours has the names of.
	links  []string
	remove string // the command of the tool that removes all of it
}

// installers is the table of contents. What several tools leave, such as the bridge cni0 or an
// address in use, is told by the checks of ports and of the pod network.
var installers = []installer{
	{
		name: "kubeadm", remove: "kubeadm reset, then remove the packages kubeadm and kubelet",
		against: []string{
			"/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/manifests/etcd.yaml",
			"/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
			"/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf",
		},
		data: []string{"/var/lib/kubelet/kubeadm-flags.env"},
	},
	{
		name: "k3s", remove: "k3s-uninstall.sh, or k3s-agent-uninstall.sh on an agent",
		units: []string{"k3s.service", "k3s-agent.service"},
		data:  []string{"/etc/rancher/k3s", "/var/lib/rancher/k3s"},
	},
	{
		name: "rke2", remove: "rke2-uninstall.sh",
		units: []string{"rke2-server.service", "rke2-agent.service"},
		data:  []string{"/etc/rancher/rke2", "/var/lib/rancher/rke2"},
	},
	{
		name: "k0s", remove: "k0s stop, then k0s reset, then reboot the host",
		units: []string{"k0scontroller.service", "k0sworker.service"},
		data:  []string{"/etc/k0s", "/var/lib/k0s"},
		links: []string{"kube-bridge"},
	},
	{
		name: "MicroK8s", remove: "snap remove --purge microk8s",
		units: []string{
			"snap.microk8s.daemon-kubelite.service", "snap.microk8s.daemon-containerd.service",
			"snap.microk8s.daemon-k8s-dqlite.service",
		},
		data:  []string{"/var/snap/microk8s"},
		links: []string{"vxlan.calico"},
	},
	{
		name: "minikube", remove: "minikube delete --purge",
		data: []string{"/var/lib/minikube"},
	},
}

// installerUnits are the services of other installers.
func installerUnits() []string {
	var units []string
	for _, i := range installers {
		units = append(units, i.units...)
	}
	return units
}

// traces are the paths that other installers have or leave.
func traces() []string {
	var paths []string
	for _, i := range installers {
		paths = append(paths, slices.Concat(i.against, i.data)...)
	}
	return paths
}

// otherInstallers is a finding for each other installer that a host shows something of: it fails
// where that is in the way, and warns where only data is left.
func otherInstallers(h Host) []Finding {
	var found []Finding
	for _, i := range installers {
		var seen []string
		level := Warn
		for _, name := range i.units {
			u, ok := h.unit(name)
			switch {
			case !ok || h.own(name):
			case u.Active:
				seen, level = append(seen, fmt.Sprintf("%s runs (pid %d) from %s", name, u.PID, u.Path)), Fail
			case u.Enabled():
				seen, level = append(seen, name+" does not run, and starts at the next boot"), Fail
			default:
				seen = append(seen, name+", which does not run")
			}
		}
		for _, path := range h.Survey.Traces {
			if slices.Contains(i.against, path) {
				seen, level = append(seen, path), Fail
			}
			if slices.Contains(i.data, path) {
				seen = append(seen, path)
			}
		}
		for _, link := range h.Facts.Interfaces {
			if slices.Contains(i.links, link.Name) {
				seen = append(seen, "the interface "+link.Name)
			}
		}
		if seen == nil {
			continue
		}
		is := "is on this host"
		if level == Warn {
			is = "was on this host"
		}
		found = append(found, Finding{
			Level: level, Hosts: []string{h.Name}, Hint: "on the host: " + i.remove,
			Evidence: fmt.Sprintf("%s %s: %s", i.name, is, strings.Join(seen, ", ")),
		})
	}
	return found
}
