package lab

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DefaultImage is the system of hosts for which none is named.
const DefaultImage = "debian-12"

// image is the recipe of a root file system: what mmdebstrap is asked for, and what is done after
// it.
type image struct {
	Suite    string   // of Debian
	Packages []string // what a minimal Debian of the suite lacks
	Hooks    []string // scripts that mmdebstrap runs when the packages are in, with the new root as $1
	// Script is run with the new root as $1 after mmdebstrap, with Arguments after it. It may take
	// away what mmdebstrap still needs.
	Script    string
	Arguments []string
}

// common is what a minimal Debian lacks to be a host: an init, a way in, and a firewall as Red
// Hat's boxes have one.
func common() []string {
	return []string{
		"systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "ca-certificates", "curl", "procps", "kmod",
		"mount", "e2fsprogs", "iproute2", "iputils-ping",
	}
}

// debian returns the recipe of a release of Debian, with the programs that Kubernetes asks for.
func debian(suite string) image {
	return image{
		Suite: suite,
		Packages: append(common(), "iptables", "nftables", "firewalld", "ipset", "conntrack", "ethtool", "socat",
			"haproxy"),
		Hooks: append(userHooks(),
			// Whoever starts haproxy brings a configuration and a unit.
			`chroot "$1" systemctl --quiet disable haproxy.service`,
			// Each host gets a key of its own.
			`rm -f "$1"/etc/ssh/ssh_host_*`),
	}
}

// owned returns the recipe of a host whose owner has more on it, as clouds and desktops do: a
// firewall of its own, a resolver, what sets a host up at each boot, and what cares for its
// network. All of that is off, and a test turns on what it is about.
func owned(suite string) image {
	i := debian(suite)
	i.Packages = append(i.Packages, "ufw")
	if suite != "bullseye" { // whose package systemd has the resolver
		i.Packages = append(i.Packages, "systemd-resolved")
	}
	if suite == "trixie" { // whose cloud-init conflicts with firewalld
		i.Packages = slices.DeleteFunc(i.Packages, func(name string) bool { return name == "firewalld" })
	}
	i.Packages = append(i.Packages, "cloud-init", "network-manager")
	i.Hooks = append(i.Hooks,
		`chroot "$1" systemctl --quiet disable ufw.service systemd-resolved.service NetworkManager.service`,
		`touch "$1"/etc/cloud/cloud-init.disabled`)
	return i
}

// enforcing returns the recipe of a host on which SELinux enforces Debian's own policy, where the
// kernel has SELinux: that of virtual machines has it. They label their files at the first boot.
func enforcing(suite string) image {
	i := debian(suite)
	i.Packages = append(i.Packages, "selinux-policy-default", "policycoreutils", "auditd")
	i.Hooks = append(i.Hooks, `touch "$1"/.autorelabel`,
		`sed -i s/^SELINUX=.*/SELINUX=permissive/ "$1"/etc/selinux/config`)
	return i
}

// userHooks make the user that Vagrant's boxes have.
func userHooks() []string {
	return []string{`chroot "$1" useradd --create-home --shell /bin/bash --user-group vagrant`}
}

//go:embed scripts/enterprise.sh
var enterpriseScript string

// repository is what the local repository of an Enterprise Linux has: a package's name there, and
// the Debian package whose files it gets.
var repository = []string{
	"iptables=iptables", "conntrack-tools=conntrack", "ipset=ipset", "nftables=nftables", "haproxy=haproxy",
	"socat=socat",
}

// enterprise returns the recipe of a host that looks like Enterprise Linux and behaves so where the
// tool asks: os-release, a real rpm with its database, a real dnf or yum with a repository, the
// files of SELinux, sudo's defaults, no apt and no dpkg. Kernel, systemd and C library are Debian
// 12's.
func enterprise(release string) image {
	var debs []string
	for _, r := range repository {
		_, deb, _ := strings.Cut(r, "=")
		debs = append(debs, deb)
	}
	return image{
		Suite: "bookworm",
		Packages: append(common(), "ethtool", "firewalld", "rpm", "dnf", "createrepo-c",
			"netbase", // /etc/protocols, without which firewalld ends; Enterprise Linux has it in setup
			// What the programs of the repository are linked with.
			"libip4tc2", "libip6tc2", "libxtables12", "libnetfilter-conntrack3", "libnftnl11", "libnftables1",
			"libipset13", "liblua5.3-0", "libpcre2-8-0", "libwrap0"),
		Hooks: append(userHooks(), `rm -f "$1"/etc/ssh/ssh_host_*`,
			// Unpacked by the script, which has no apt any more.
			`mkdir "$1"/srv/debs && cd "$1"/srv/debs && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get --quiet `+
				`-o APT::Sandbox::User=root download `+strings.Join(debs, " ")),
		Script:    enterpriseScript,
		Arguments: append([]string{release}, repository...),
	}
}

// images are the systems that hosts can have, by the names that --image takes.
func images() map[string]image {
	return map[string]image{
		"debian-11":  debian("bullseye"),
		DefaultImage: debian("bookworm"),
		"debian-13":  debian("trixie"),
		"el7-like":   enterprise("7"),
		"el9-like":   enterprise("9"),

		"debian-11-owned": owned("bullseye"),
		"debian-12-owned": owned("bookworm"),
		"debian-13-owned": owned("trixie"),

		"debian-12-selinux": enforcing("bookworm"),
	}
}

// Images returns the names of the systems that hosts can have, sorted.
func Images() []string { return slices.Sorted(maps.Keys(images())) }

// digest names the file system that the recipe makes: another recipe makes another one.
func (i image) digest() string {
	parts := []string{i.Suite, strings.Join(i.Packages, "\n"), strings.Join(i.Hooks, "\n")}
	if i.Script != "" {
		parts = append(parts, i.Script, strings.Join(i.Arguments, "\n"))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:6])
}

// checkImage returns an error for a system that there is no recipe for.
func checkImage(name string) error {
	if _, ok := images()[name]; !ok {
		return fmt.Errorf("image %q is none of %s", name, strings.Join(Images(), ", "))
	}
	return nil
}
