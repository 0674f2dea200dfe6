package resource_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"kbootstrap/host"
	"kbootstrap/resource"
)

const rootOwned = "mode 0644\nowner root:root\n"

// laws are the cases of TestLaws, by kind.
func laws() []law {
	return slices.Concat(
		fileLaws(), dirLaws(), treeLaws(), linkLaws(), accountLaws(),
		serviceLaws(), packageLaws(), kernelLaws(), nameLaws(), swapLaws(),
		selinuxLaws(), networkdLaws(), imageLaws(),
		readyLaws(), credentialLaws(), memberLaws(), etcdLaws(), salvageLaws(), drainLaws(),
		kubeLaws(), resetLaws(),
		dataLaws(), keyLaws(), podLaws(), encryptionLaws(), clientTrustLaws(), firewallLaws(), serviceAccountLaws(),
		objectSetLaws(), usersObjectLaws(), restoreLaws(),
		serviceAddressesLaws(), keptSnapshotLaws(), steadyLaws(), leaseLaws(),
	)
}

func fileLaws() []law {
	big := strings.Repeat("all work and no play\n", 100_000)
	const secret = "correct horse battery staple"
	return []law{
		{name: "new", wanted: resource.File{Path: "/etc/a/b.conf", Mode: 0o600, Content: []byte("x = 1\n")}},
		{name: "empty", wanted: resource.File{Path: "/etc/empty"}},
		{
			name: "changed", start: func(m *machine) { m.put("/etc/a.conf", "x = 1\ny = 2\n") },
			wanted: resource.File{Path: "/etc/a.conf", Content: []byte("x = 1\ny = 3\n")},
			before: rootOwned + "| x = 1\n| y = 2\n",
		},
		{
			name: "mode only", start: func(m *machine) { m.put("/etc/a.conf", "x\n") },
			wanted: resource.File{Path: "/etc/a.conf", Mode: 0o640, Content: []byte("x\n")},
			before: rootOwned + "| x\n",
		},
		{
			name: "end of line only", start: func(m *machine) { m.put("/etc/a.conf", "x") },
			wanted: resource.File{Path: "/etc/a.conf", Content: []byte("x\n")},
			before: rootOwned + "| x\n(no newline at the end)\n",
		},
		{
			name: "removed", start: func(m *machine) { m.put("/etc/a.conf", "x\n") },
			wanted: resource.File{Path: "/etc/a.conf", Absent: true}, before: rootOwned + "| x\n",
		},
		{
			name: "secret", start: func(m *machine) { m.put("/etc/key", secret+"\n") }, secret: secret,
			wanted: resource.File{Path: "/etc/key", Mode: 0o600, Content: []byte(secret + "!\n"), Secret: true},
			before: rootOwned + "content sha256:" + resource.Sum([]byte(secret+"\n")) + "\n",
		},
		{
			name: "blob", start: func(m *machine) { m.has(big) },
			wanted: resource.File{
				Path: "/opt/bin/etcd", Mode: 0o755,
				Blob: resource.Sum([]byte(big)), Size: int64(len(big)),
			},
		},
		{
			name: "blob without a size", start: func(m *machine) { m.has("short") },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte("short"))},
		},
		{
			name:  "blob over a small file",
			start: func(m *machine) { m.has(big); m.put("/opt/bin/etcd", "#!/bin/sh\n") },
			wanted: resource.File{
				Path: "/opt/bin/etcd", Mode: 0o755,
				Blob: resource.Sum([]byte(big)), Size: int64(len(big)),
			},
			before: rootOwned + "content sha256:" + resource.Sum([]byte("#!/bin/sh\n")) + " (10 B)\n",
		},
		{
			// The machine's own file must come back without the control machine's help.
			name: "blob over a large file", start: func(m *machine) { m.has("new"); m.keep("/opt/bin/etcd", big) },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte("new")), Size: 3},
			before: rootOwned + "content sha256:" + resource.Sum([]byte(big)) + " (2 MB)\n",
		},
		{
			name: "binary", start: func(m *machine) { m.put("/etc/a", "\x00\x01") },
			wanted: resource.File{Path: "/etc/a", Content: []byte{0, 2}},
			before: rootOwned + "content sha256:" + resource.Sum([]byte("\x00\x01")) + " (2 B)\n",
		},
		{
			name: "over a symbolic link", start: func(m *machine) { m.link("/etc/a.service", "/dev/null") },
			wanted: resource.File{Path: "/etc/a.service", Content: []byte("[Unit]\n")},
			before: "symbolic link to /dev/null\n",
		},
	}
}

// keep puts a large file there that was before the tool came, and lets File.Apply find it as
// Converge would.
func (m *machine) keep(name, content string) {
	m.put(name, content)
	m.put(host.OldBlob(resource.Sum([]byte(content))), content)
}

func (m *machine) link(name, target string) {
	m.must(os.MkdirAll(filepath.Dir(m.Path(name)), 0o755))
	m.must(os.Symlink(target, m.Path(name)))
}

func dirLaws() []law {
	mkdir := func(m *machine) { m.must(os.MkdirAll(m.Path("/var/lib/etcd"), 0o755)) }
	return []law{
		{name: "new", wanted: resource.Dir{Path: "/var/lib/etcd", Mode: 0o700}},
		{
			name: "mode", start: mkdir, wanted: resource.Dir{Path: "/var/lib/etcd", Mode: 0o700},
			before: "mode 0755\nowner root:root\n",
		},
		{
			name: "removed", start: mkdir, wanted: resource.Dir{Path: "/var/lib/etcd", Absent: true},
			before: "mode 0755\nowner root:root\n",
		},
	}
}

func treeLaws() []law {
	fill := func(m *machine) {
		m.sees("/proc")
		m.put("/var/lib/kubelet/pods/1/secret", "x")
		m.put("/var/lib/kubelet/pki/ca.pem", "x")
	}
	mounted := func(m *machine) {
		fill(m)
		m.tmpfs("/var/lib/kubelet/pods/1/volume")
	}
	return []law{
		{
			name: "whole", start: fill, wanted: resource.Tree{Path: "/var/lib/kubelet", Absent: true},
			before: "present\n", forgets: true,
		},
		{
			name: "with mounts", start: mounted, wanted: resource.Tree{Path: "/var/lib/kubelet", Absent: true},
			before: "present\n", forgets: true,
		},
	}
}

// tmpfs mounts a file system and puts a file on it.
func (m *machine) tmpfs(name string) {
	m.real = append(m.real, "umount")
	m.must(os.MkdirAll(m.Path(name), 0o755))
	m.exec("mount", "-t", "tmpfs", "none", m.Path(name))
	// A test may leave it, and not be mounted any more.
	m.t.Cleanup(func() { _ = syscall.Unmount(m.Path(name), syscall.MNT_DETACH) })
	m.put(name+"/on the mount", "x")
}

func linkLaws() []law {
	big := strings.Repeat("x", resource.ContentLimit+1)
	return []law{
		{name: "new", wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"}},
		{
			name: "moved", start: func(m *machine) { m.link("/usr/local/bin/etcd", "/opt/etcd/3.5/etcd") },
			wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"},
			before: "target /opt/etcd/3.5/etcd\n",
		},
		{
			name: "removed", start: func(m *machine) { m.link("/usr/local/bin/etcd", "/opt/etcd/3.5/etcd") },
			wanted: resource.Link{Path: "/usr/local/bin/etcd", Absent: true}, before: "target /opt/etcd/3.5/etcd\n",
		},
		{
			name: "over a file", start: func(m *machine) { m.put("/usr/local/bin/etcd", "#!/bin/sh\n") },
			wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"},
			before: "regular file instead\n" + rootOwned + "| #!/bin/sh\n",
		},
		{
			name: "over a large file", start: func(m *machine) { m.keep("/usr/local/bin/etcd", big) },
			wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"},
			before: "regular file instead\n" + rootOwned +
				"content sha256:" + resource.Sum([]byte(big)) + " (1 MB)\n",
		},
	}
}
