package component

import (
	"maps"

	"kbootstrap/inventory"
)

// onSocket is why docker's certificates cannot be set.
const onSocket = "dockerd listens on its socket only"

// dockerRules are what the tool has to say about the flags of dockerd. It refuses a flag that its
// configuration file has too, so what the file may have goes into the file.
var dockerRules = together(
	each(refused(exits), "help", "version", "validate"),
	each(refused(onSocket), "tls", "tlsverify", "tlscacert", "tlscert", "tlskey", "api-cors-header"),
	each(refused("docker shares the kubelet's containerd"), "containerd", "cri-containerd"),
	each(refused("two that share a containerd are told apart by it"), "containerd-namespace",
		"containerd-plugins-namespace"),
	each(refused("the unit and `reset` know /run/docker"), "exec-root", "pidfile"),
	rules{
		"config-file":   refused(itsOwn),
		"exec-opt":      refused("the cgroup driver has to be the kubelet's"),
		"host":          refused(isFixed),
		"rootless":      refused("docker shares the kubelet's containerd, which is root's"),
		"graph":         refused("set data-root"),
		"restart":       refused("it has no effect: the restart policy of a container decides"),
		"cluster-store": refused("swarm without a store of its own went away"),
		"log-level": {Field: "log-level", Only: []string{"debug", "info", "warn", "error", "fatal"},
			Why: "the levels have these names"},
		"metrics-addr": {Field: "metrics-addr", Listens: true},
		"log-opt":      {Field: "log-opts", Merged: inventory.MergedMap},
		"insecure-registry": {Field: "insecure-registries", Weak: &inventory.Weak{
			Says: "images from these registries come unverified"}},
		"registry-mirror":                  field("registry-mirrors"),
		"label":                            field("labels"),
		"storage-opt":                      field("storage-opts"),
		"authorization-plugin":             field("authorization-plugins"),
		"dns-opt":                          field("dns-opts"),
		"allow-nondistributable-artifacts": field("allow-nondistributable-artifacts"),
	},
	sameField("bip", "bridge", "cgroup-parent", "data-root", "debug", "default-cgroupns-mode", "default-gateway",
		"default-ipc-mode", "default-runtime", "default-shm-size", "dns", "dns-search", "experimental", "fixed-cidr",
		"group", "icc", "init", "init-path", "ip", "ip-forward", "ip-masq", "iptables", "ip6tables", "ipv6",
		"live-restore", "log-driver", "max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts",
		"mtu", "no-new-privileges", "oom-score-adjust", "raw-logs", "seccomp-profile",
		"selinux-enabled",
		"shutdown-timeout", "storage-driver", "userland-proxy", "userland-proxy-path", "userns-remap"),
)

// sameField are rules for flags that have the same name in the configuration file.
func sameField(names ...string) rules {
	all := rules{}
	for _, name := range names {
		all[name] = field(name)
	}
	return all
}

// withDockerArguments returns daemon.json with what the arguments put into it. The tool's limits of
// size are for the drivers that take them; others refuse to start.
func withDockerArguments(values translation, file []byte) []byte {
	driver, chosen := values["log-driver"].(string)
	if options, given := values["log-opts"]; given || chosen {
		own := map[string]any{}
		if isSizedLog(driver) {
			own = map[string]any{"max-file": "5", "max-size": "10m"}
		}
		more, _ := options.(map[string]any)
		maps.Copy(own, more)
		values["log-opts"] = own
	}
	return values.inJSON(file)
}

// isSizedLog reports whether a logging driver takes the tool's limits of size.
func isSizedLog(driver string) bool {
	return driver == "" || driver == "json-file" || driver == "local"
}
