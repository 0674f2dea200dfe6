package component

import (
	"strings"
	"time"

	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

// ContainerdConfig is the tool's configuration of containerd, and ContainerdSite the directory of
// what is particular to a site, which the configuration includes.
const (
	ContainerdConfig = "/etc/containerd/config.toml"
	ContainerdSite   = "/etc/containerd/conf.d"
)

// containerdExtra are the files that containerd's configuration takes in.
const containerdExtra = ContainerdSite + "/*.toml"

const containerdSocket = "/run/containerd/containerd.sock"

// containerd runs the containers of the kubelet and, where there is one, of docker.
var containerd = Component{
	Name:     "containerd",
	OfNode:   true,
	Disturbs: true,
	Short:    "ctrd",
	On:       everywhere,
	After:    []string{"base"},
	Units:    []string{"containerd.service"},
	// The proxy is not for the hosts, whose addresses its exceptions name.
	NamesAll: hasProxy,
	Sources: []release.Source{
		// The static build: the other one is linked to a glibc newer than EL7's (2.35 from
		// containerd 2.1 on).
		{Component: "containerd", Version: "2.4.1", Archive: true, Directory: "bin/",
			URL: "https://github.com/containerd/containerd/releases/download/v{version}/" +
				"containerd-static-{version}-linux-{arch}.tar.gz",
			Programs: []string{"containerd", "ctr", "containerd-shim-runc-v2"},
			Like:     []string{"etcd", release.Nothing}},
		{Component: "runc", Version: "1.5.2", Programs: []string{"runc"}, Like: []string{"containerd"},
			URL: "https://github.com/opencontainers/runc/releases/download/v{version}/runc.{arch}"},
		// Four of the plugins: all that flannel's network needs. The full set is five times as
		// large.
		{Component: "cni-plugins", Version: "1.9.1", Archive: true,
			URL: "https://github.com/containernetworking/plugins/releases/download/v{version}/" +
				"cni-plugins-linux-{arch}-v{version}.tgz",
			Programs: []string{"bridge", "host-local", "loopback", "portmap"}, Like: []string{"containerd"}},
	},
	Reads: []Reading{
		{What: containerdExtra, Main: ContainerdConfig,
			Whose: "the operator's; `ForeignSetting` fails on what changes the cgroup driver, the directories of " +
				"the network, the socket or the data, and warns of another pause image",
			Keys: []string{
				"runc.options.SystemdCgroup", "runc.options.BinaryName", "runtimes.runc.runtime_type",
				"containerd.default_runtime_name", "cni.conf_dir", "cni.bin_dir", "cni.bin_dirs", "grpc.address",
				"root", "state", "disabled_plugins",
			},
			Choices: []string{"pinned_images.sandbox", "cri.sandbox_image"}},
		{What: "`/etc/containerd/certs.d`", Whose: "the operator's, but for the registries that the inventory names"},
	},
	Residue: Residue{
		Data: []string{"/var/lib/containerd", "/run/containerd"},
		// Those of pods: what others have named with `ip netns` is theirs.
		Mounts: []resource.Mounts{{Under: "/run/netns", Prefix: "cni-", Absent: true}},
	},
	Sandbox: containerdSandbox,
	Resources: func(t Target) []resource.Resource {
		format := 3
		if !t.containerd2() {
			format = 2
		}
		return list(
			one(
				resource.Dir{Path: "/etc/containerd", Mode: 0o755},
				resource.Dir{Path: ContainerdSite, Mode: 0o755},
				text(
					"/etc/systemd/system/cri-containerd-.scope.d/50-kbootstrap.conf", 0o644,
					containerScope.Render(struct{}{}),
				),
			),
			podNetworkFiles(t),
			t.programs("runc", "/usr/local/bin", "runc"),
			t.programs("containerd", "/usr/local/bin", "containerd-shim-runc-v2"),
			t.service("containerd.service", nil,
				t.programs("containerd", "/usr/local/bin", "containerd"),
				one(
					text(ContainerdConfig, 0o644, containerdTOML.Render(
						containerdConfig{
							Version: format, Pause: t.Release.Image("pause"), CNI: cni, Registries: t.toldRegistries(),
						})),
					t.proxied("containerd.service"),
					unit("containerd.service", containerdUnit.Render(daemon{
						Sandbox: containerdSandbox(t),
					})),
				),
			),
			one(resource.Ready{
				Name: "containerd answers", URL: "unix://" + containerdSocket, Unit: "containerd.service",
				Timeout: 120 * time.Second,
			}),
		)
	},
}

// containerd2 reports whether containerd is 2.0 or later, which has another format of its
// configuration.
func (t Target) containerd2() bool { return !strings.HasPrefix(t.version("containerd"), "1.") }

// containerdSyncsImages reports whether ctr knows --sync-fs, as it does from 2.1 on, and only when
// it unpacks by itself (Local).
func (t Target) containerdSyncsImages() bool {
	return t.containerd2() && !strings.HasPrefix(t.version("containerd"), "2.0.")
}

// containerdConfig is the data of /etc/containerd/config.toml.
type containerdConfig struct {
	// Version is the version of the file's format: 3 from containerd 2.0, 2 before.
	Version int
	Pause   string // the image of pod sandboxes, which must be the one that is on the host already
	CNI     cniPlaces
	// Registries is the directory of what is particular to a registry; "" where nothing is.
	Registries string
}

// toldRegistries is where containerd is told to look for registries, where something is wanted
// there. By itself it looks nowhere before 2.2, and since then in two directories that the part of
// it which pulls for pods takes for one (core/transfer/registry). It is not told elsewhere: it does
// not start when its owner has mirrors in the old form, in a file of their own.
func (t Target) toldRegistries() string {
	if !hasRegistry(t.Cluster) && len(t.Cluster.Registries.Mirrors) == 0 {
		return ""
	}
	return containerdRegistries
}

// containerdSandbox leaves containerd its host: it makes the containers of it.
func containerdSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Open: true, ChildrenDump: true, OOMScore: lastKilled})
}

var (
	containerdTOML = templates.New[containerdConfig]("containerd.toml.tmpl")
	containerdUnit = templates.New[daemon]("containerd.service.tmpl")
	containerScope = templates.New[struct{}]("container-scope.conf.tmpl")
)
