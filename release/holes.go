package release

// holes are the published holes of the components that a cluster of this tool can meet, each with
// the releases that close it, one for each branch that has the fix. What is about parts that the
// tool does not use is left out: checkpoints with CRIU in runc (CVE-2026-119101), DNS over HTTPS,
// QUIC and gRPC in CoreDNS, docker's API on TCP.
//
// The sources are the projects' advisories (github.com/<project>/security/advisories) and release
// notes, read on 2026-11-28. A new hole is a row here: every version that is open to it is then
// warned of, and a default that is open to it fails a test.
var holes = []hole{
	{"runc", "CVE-2024-21626", "a container gets out to the host", []string{"1.1.12"}},
	{"runc", "CVE-2024-45310", "a container makes empty files on the host", []string{"1.1.14"}},
	{"runc", "CVE-2025-31133, CVE-2025-52565, CVE-2025-52881", "a container gets out to the host",
		[]string{"1.2.8", "1.3.3"}},
	{"runc", "CVE-2026-41579", "of low severity", []string{"1.3.6", "1.4.3", "1.5.0"}},

	{"containerd", "CVE-2024-25621, CVE-2025-64329", "local users read what is in containers; attaching leaks memory",
		[]string{"1.7.29", "2.0.7", "2.1.5", "2.2.0"}},
	{"containerd", "CVE-2026-35469", "a known hole of CRI", []string{"2.2.3"}},
	{"containerd", "CVE-2026-46680", "runAsNonRoot does not hold", []string{"2.2.4", "2.3.1"}},
	{"containerd", "CVE-2026-53488, CVE-2026-53489, CVE-2026-53492, CVE-2026-47262, CVE-2026-50195",
		"an image runs commands as root on the host", []string{"1.7.33", "2.0.10", "2.1.9", "2.2.5", "2.3.2"}},
	{"containerd", "CVE-2026-53495, GHSA-rp3h-jf77-q9p4", "an exec into a container can stop containerd",
		[]string{"2.2.8", "2.3.5"}},
	{"containerd", "CVE-2026-53493", "an image can stop containerd", []string{"2.2.9", "2.3.6", "2.4.1"}},

	{"docker", "CVE-2024-41110", "authorization plugins are bypassed", []string{"27.1.1"}},
	{"docker", "CVE-2026-34040, CVE-2026-33997", "authorization plugins are bypassed", []string{"29.3.1"}},
	{"docker", "CVE-2026-92543, CVE-2026-92542, CVE-2026-93315", "a registry is not verified, builds get out",
		[]string{"29.8.2"}},

	{"cri-dockerd", "holes of gRPC", "in what it is built from", []string{"0.3.25", "0.4.3"}},

	{"cni-plugins", "CVE-2025-67499", "portmap with nftables takes traffic of other addresses", []string{"1.9.0"}},

	{"flannel", "CVE-2026-32241", "whoever writes a node runs commands on the hosts (extension backend)",
		[]string{"0.28.2"}},

	{"etcd", "CVE-2026-33413, CVE-2026-33343", "authentication is bypassed", []string{"3.5.28", "3.6.9"}},
	{"etcd", "GHSA-3wh4-j44w-pg92", "authentication is bypassed", []string{"3.5.32", "3.6.13", "3.7.0"}},
	{"etcd", "CVE-2026-73500, GHSA-xg4h-6gfc-h4m8, GHSA-6vch-q96h-7gc3",
		"one connection without a certificate stops the listener", []string{"3.5.33", "3.6.14", "3.7.1"}},

	{"coredns", "CVE-2026-26018, CVE-2026-26017", "the plugin loop can be made to stop the server", []string{"1.14.2"}},
}

// hole is one or more published holes that the same releases close.
type hole struct {
	component string
	names     string   // of the CVEs or advisories
	what      string   // what can happen, in one line
	fixed     []string // the first release with the fix in each branch that has one, oldest first
}

// ends are the days on which minor versions of Kubernetes lose the support of their maintainers
// (https://kubernetes.io/releases/patch-releases/). After that day holes are not fixed in them.
var ends = map[int]string{
	29: "2025-02-28", 30: "2025-06-28", 31: "2025-10-28", 32: "2026-02-28", 33: "2026-06-28", 34: "2026-10-27",
	35: "2027-02-28", 36: "2027-06-28",
}
