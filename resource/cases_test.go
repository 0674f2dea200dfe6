package resource_test

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
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
		fileLaws(), dirLaws(), treeLaws(), linkLaws(), accountLaws(), serviceLaws(), packageLaws(), kernelLaws(), swapLaws(),
		selinuxLaws(), imageLaws(), readyLaws(), memberLaws(), kubeLaws(), resetLaws(),
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
			wanted: resource.File{Path: "/etc/a.conf", Content: []byte("x = 1\ny = 3\n")}, before: rootOwned + "| x = 1\n| y = 2\n",
		},
		{
			name: "mode only", start: func(m *machine) { m.put("/etc/a.conf", "x\n") },
			wanted: resource.File{Path: "/etc/a.conf", Mode: 0o640, Content: []byte("x\n")}, before: rootOwned + "| x\n",
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
			before: rootOwned + "content sha256:" + resource.Sum([]byte(secret + "\n"))[:12] + "\n",
		},
		{
			name: "blob", start: func(m *machine) { m.has(big) },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte(big)), Size: int64(len(big))},
		},
		{
			name: "blob without a size", start: func(m *machine) { m.has("short") },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte("short"))},
		},
		{
			name: "blob over a small file", start: func(m *machine) { m.has(big); m.put("/opt/bin/etcd", "#!/bin/sh\n") },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte(big)), Size: int64(len(big))},
			before: rootOwned + "content sha256:" + resource.Sum([]byte("#!/bin/sh\n"))[:12] + " (10 B)\n",
		},
		{
			// The machine's own file must come back without the control machine's help.
			name: "blob over a large file", start: func(m *machine) { m.has("new"); m.keep("/opt/bin/etcd", big) },
			wanted: resource.File{Path: "/opt/bin/etcd", Mode: 0o755, Blob: resource.Sum([]byte("new")), Size: 3},
			before: rootOwned + "content sha256:" + resource.Sum([]byte(big))[:12] + " (2 MB)\n",
		},
		{
			name: "binary", start: func(m *machine) { m.put("/etc/a", "\x00\x01") },
			wanted: resource.File{Path: "/etc/a", Content: []byte{0, 2}},
			before: rootOwned + "content sha256:" + resource.Sum([]byte("\x00\x01"))[:12] + " (2 B)\n",
		},
		{
			name: "over a symbolic link", start: func(m *machine) { m.link("/etc/a.service", "/dev/null") },
			wanted: resource.File{Path: "/etc/a.service", Content: []byte("[Unit]\n")}, before: "symbolic link to /dev/null\n",
		},
	}
}

// keep puts a large file there that was before the tool came, and lets File.Apply find it as Converge would.
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
	m.t.Cleanup(func() { _ = syscall.Unmount(m.Path(name), syscall.MNT_DETACH) }) // a test may leave it, and not be mounted any more
	m.put(name+"/on the mount", "x")
}

func linkLaws() []law {
	big := strings.Repeat("x", resource.ContentLimit+1)
	return []law{
		{name: "new", wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"}},
		{
			name: "moved", start: func(m *machine) { m.link("/usr/local/bin/etcd", "/opt/etcd/3.5/etcd") },
			wanted: resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/3.6/etcd"}, before: "target /opt/etcd/3.5/etcd\n",
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
			before: "regular file instead\n" + rootOwned + "content sha256:" + resource.Sum([]byte(big))[:12] + " (1 MB)\n",
		},
	}
}

// accountLaws run the real programs of the shadow suite on the machine's own databases.
func accountLaws() []law {
	shadow := func(m *machine) { m.real = append(m.real, "useradd", "usermod", "userdel", "groupadd", "groupdel") }
	exists := func(m *machine) {
		shadow(m)
		m.put("/etc/passwd", m.get("/etc/passwd")+"etcd:x:990:990::/home/etcd:/bin/false\n")
		m.put("/etc/group", m.get("/etc/group")+"etcd:x:990:\n")
	}
	groupless := func(m *machine) {
		shadow(m)
		m.put("/etc/passwd", m.get("/etc/passwd")+"etcd:x:990:0::/home/etcd:/bin/false\n")
	}
	return []law{
		{name: "new", start: shadow, wanted: resource.User{Name: "etcd", Home: "/var/lib/etcd"}},
		{name: "homeless", start: shadow, wanted: resource.User{Name: "etcd"}},
		{
			name: "another home", start: exists, wanted: resource.User{Name: "etcd", Home: "/var/lib/etcd"},
			before: "home /home/etcd\n",
		},
		{
			name: "without a group", start: groupless, wanted: resource.User{Name: "etcd", Home: "/home/etcd"},
			before: "home /home/etcd\nno group of its own\n",
		},
		{name: "removed", start: exists, wanted: resource.User{Name: "etcd", Absent: true}, before: "home /home/etcd\n"},
	}
}

func serviceLaws() []law {
	installed := func(m *machine) *systemd {
		m.put("/etc/systemd/system/etcd.service", "[Service]\nExecStart=/usr/local/bin/etcd\n")
		return newSystemd(m)
	}
	running := func(m *machine) {
		installed(m)
		m.apply(resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "0ld"})
	}
	wanted := resource.Service{Name: "etcd.service", Enabled: true, Running: true, Config: "f00d"}
	return []law{
		{name: "new", start: func(m *machine) { installed(m) }, wanted: wanted},
		{
			name: "foreign", start: func(m *machine) { installed(m) },
			wanted: resource.Service{Name: "etcd.service", Enabled: true, Running: true},
		},
		{name: "other configuration", start: running, wanted: wanted, before: "enabled\nrunning\nconfig 0ld\n"},
		{
			name: "without configuration", wanted: wanted, before: "running\n",
			start: func(m *machine) { m.must(installed(m).start("etcd.service")) },
		},
		{
			name: "turned off", wanted: resource.Service{Name: "etcd.service"}, before: "enabled\nrunning\n",
			start: func(m *machine) {
				installed(m)
				m.apply(resource.Service{Name: "etcd.service", Enabled: true, Running: true})
			},
		},
		{
			name: "failed", wanted: wanted, before: "",
			start: func(m *machine) {
				s := installed(m)
				s.crash["etcd.service"] = true
				m.must(s.start("etcd.service"))
				s.crash = nil
			},
		},
		{
			name: "not ours any more", wanted: resource.Service{Name: "etcd.service", Running: true},
			start: running, before: "enabled\nrunning\nconfig 0ld\n",
		},
	}
}

func packageLaws() []law {
	brings := func(m *machine, program string) func([]string) (string, error) {
		return func(argv []string) (string, error) {
			switch line := strings.Join(argv, " "); line {
			case "apt-get update":
				return "", nil
			case "env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends " +
				"-o DPkg::Lock::Timeout=120 conntrack", "dnf install -y conntrack-tools", "yum install -y conntrack-tools":
				m.executable("/usr/sbin/" + program)
				return "", nil
			case "dpkg --remove conntrack", "rpm --erase conntrack-tools":
				return "", os.Remove(m.Path("/usr/sbin/" + program))
			}
			return m.unexpected(argv)
		}
	}
	host := func(programs ...string) func(m *machine) {
		return func(m *machine) {
			m.executable("/usr/bin/" + programs[0])
			for _, p := range programs {
				m.fakes[p] = brings(m, "conntrack")
			}
		}
	}
	wanted := resource.Package{Program: "conntrack", Apt: "conntrack", Yum: "conntrack-tools"}
	return []law{
		{name: "apt", start: host("apt-get", "env", "dpkg"), wanted: wanted},
		{name: "dnf", start: host("dnf", "rpm"), wanted: wanted},
		{name: "yum", start: host("yum", "rpm"), wanted: wanted},
	}
}

func (m *machine) executable(name string) {
	m.put(name, "#!/bin/sh\n")
	m.must(os.Chmod(m.Path(name), 0o755))
}

func kernelLaws() []law {
	modprobe := func(m *machine) {
		m.put("/proc/filesystems", "nodev\tsysfs\n\text4\n")
		m.fakes["modprobe"] = func(argv []string) (string, error) {
			switch strings.Join(argv[1:], " ") {
			case "overlay":
				m.put("/proc/filesystems", "nodev\tsysfs\n\text4\nnodev\toverlay\n")
			case "-r overlay":
				m.put("/proc/filesystems", "nodev\tsysfs\n\text4\n")
			case "br_netfilter":
				m.put("/proc/sys/net/bridge/bridge-nf-call-iptables", "1\n")
				m.put("/sys/module/br_netfilter/refcnt", "0\n")
			case "-r br_netfilter":
				return "", errors.Join(os.RemoveAll(m.Path("/proc/sys/net/bridge")),
					os.RemoveAll(m.Path("/sys/module/br_netfilter")))
			default:
				return m.unexpected(argv)
			}
			return "", nil
		}
	}
	forward := func(m *machine) {
		m.put("/proc/sys/net/ipv4/ip_forward", "0\n")
		m.put("/proc/sys/net/ipv4/conf/eth0.1/forwarding", "0\n")
		m.put("/proc/sys/net/ipv4/tcp_rmem", "4096\t131072\t6291456\n")
	}
	return []law{
		{name: "filesystem", start: modprobe, wanted: resource.Module{Name: "overlay", Features: []string{"filesystem overlay"}}},
		{name: "no features", start: modprobe, wanted: resource.Module{Name: "br_netfilter"}},
		{
			name: "path", start: modprobe,
			wanted: resource.Module{Name: "br_netfilter", Features: []string{"/none", "/proc/sys/net/bridge"}},
		},
		{name: "number", start: forward, wanted: resource.Sysctl{Key: "net.ipv4.ip_forward", Value: "1"}, before: "value 0\n"},
		{
			name: "dot in a name", start: forward, wanted: resource.Sysctl{Key: "net/ipv4/conf/eth0.1/forwarding", Value: "1"},
			before: "value 0\n",
		},
		{
			name: "list", start: forward, wanted: resource.Sysctl{Key: "net.ipv4.tcp_rmem", Value: "4096 87380 6291456"},
			before: "value 4096 131072 6291456\n",
		},
	}
}

func swapLaws() []law {
	const fstab = "UUID=1 / ext4 defaults 0 1\n# /old none swap sw 0 0\n/swap\\040file none swap sw 0 0\n"
	const header = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
	const inUse = header + "/swap\\040file                          file\t\t1048572\t\t0\t\t-2\n"
	swapon := func(m *machine) {
		m.put("/proc/swaps", inUse)
		m.fakes["swapoff"] = func(argv []string) (string, error) {
			if len(argv) != 2 || argv[1] != "-a" {
				return m.unexpected(argv)
			}
			m.put("/proc/swaps", header)
			return "", nil
		}
		m.fakes["swapon"] = func(argv []string) (string, error) {
			if len(argv) != 2 || argv[1] != "/swap file" {
				return m.unexpected(argv)
			}
			m.put("/proc/swaps", inUse)
			return "", nil
		}
	}
	return []law{
		{
			name: "now and at boot", start: func(m *machine) { swapon(m); m.put("/etc/fstab", fstab) }, wanted: resource.Swap{},
			before: "active /swap file\nat boot /swap\\040file none swap sw 0 0\n",
		},
		{name: "now", start: swapon, wanted: resource.Swap{}, before: "active /swap file\n"},
		{
			name: "at boot", start: func(m *machine) { m.put("/etc/fstab", fstab) }, wanted: resource.Swap{},
			before: "at boot /swap\\040file none swap sw 0 0\n",
		},
	}
}

func selinuxLaws() []law {
	setenforce := func(now, boot string) func(m *machine) {
		return func(m *machine) {
			m.put("/sys/fs/selinux/enforce", now)
			m.put(resource.SelinuxConfig, "# SELINUX=enforcing is the default\nSELINUX="+boot+"\nSELINUXTYPE=targeted\n")
			m.fakes["setenforce"] = func(argv []string) (string, error) {
				if len(argv) != 2 || argv[1] != "0" && argv[1] != "1" {
					return m.unexpected(argv)
				}
				m.put("/sys/fs/selinux/enforce", argv[1])
				return "", nil
			}
		}
	}
	wanted := resource.SELinux{Mode: resource.Permissive}
	return []law{
		{
			name: "now and at boot", start: setenforce("1", resource.Enforcing), wanted: wanted,
			before: "enforcing now\nenforcing at boot\n",
		},
		{name: "now", start: setenforce("1", resource.Permissive), wanted: wanted, before: "enforcing now\n"},
		{name: "at boot", start: setenforce("0", resource.Enforcing), wanted: wanted, before: "enforcing at boot\n"},
	}
}

func imageLaws() []law {
	wanted := resource.Image{
		Ref: "registry.k8s.io/pause:3.10", Blob: resource.Sum([]byte("archive")), Size: 7,
		Socket: "/run/containerd/containerd.sock", Program: "/usr/local/bin/ctr", Pinned: true,
	}
	return []law{{
		name: "new", wanted: wanted,
		start: func(m *machine) {
			m.has("archive")
			m.executable(wanted.Program)
			m.put(wanted.Socket, "")
			newCtr(m, wanted.Program, wanted.Socket)
		},
	}}
}

// newCtr is a fake of ctr with an image of somebody else's.
func newCtr(m *machine, program, socket string) {
	refs := []string{"registry.k8s.io/pause:3.1"}
	m.atBoot = append(m.atBoot, func() { m.put(socket, "") })
	prefix := program + " --address " + socket + " -n k8s.io images "
	const imports = "import --digests=false --label io.cri-containerd.pinned=pinned "
	m.fakes[program] = func(argv []string) (string, error) {
		args, ok := strings.CutPrefix(strings.Join(argv, " "), prefix)
		switch {
		case ok && args == "ls -q":
			return strings.Join(refs, "\n") + "\n", nil
		case ok && strings.HasPrefix(args, imports):
			data, err := os.ReadFile(strings.TrimPrefix(args, imports))
			if !bytes.Equal(data, []byte("archive")) {
				m.t.Errorf("imports %q: %v", data, err)
			}
			if !slices.Contains(refs, "registry.k8s.io/pause:3.10") {
				refs = append(refs, "registry.k8s.io/pause:3.10")
			}
			return "", nil
		case ok && args == "rm --sync registry.k8s.io/pause:3.10":
			refs = refs[:1]
			return "", nil
		}
		return m.unexpected(argv)
	}
}

// readyLaws have a server that is ready at the third question.
func readyLaws() []law {
	return []law{{
		name: "third try", stays: true, wanted: resource.Ready{Name: "etcd", URL: "http://127.0.0.1:2381/health", Expect: `"health":"true"`},
		start: func(m *machine) {
			asked := 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked < 4 {
					http.Error(w, `{"health":"false"}`, http.StatusServiceUnavailable)
					return
				}
				_, _ = w.Write([]byte(`{"health":"true"}`))
			}))
			m.must(server.Listener.Close())
			listener := listen(m.t, "tcp", "127.0.0.1:2381")
			server.Listener = listener
			server.Start()
			m.t.Cleanup(server.Close)
		},
	}}
}

func memberLaws() []law {
	fresh := func(m *machine) { newSystemd(m) }
	wanted := resource.Member{Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped", Token: "t0ken", New: true}
	marked := resource.Bootstrapped{Unit: "etcd.service", Marker: "/etc/etcd/bootstrapped", Token: "t0ken"}
	return []law{
		{name: "new", start: fresh, wanted: wanted},
		{
			name: "in memory", wanted: wanted,
			start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				m.must(newSystemd(m).start("etcd.service"))
			},
		},
		{
			name: "allowed", stays: true, wanted: marked, before: "bootstrapping allowed\n",
			start: func(m *machine) {
				fresh(m)
				m.apply(wanted)
			},
		},
		{
			name: "allowed in memory", stays: true, wanted: marked, before: "bootstrapping allowed\n",
			start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				m.must(newSystemd(m).start("etcd.service"))
				m.apply(wanted)
			},
		},
		{name: "unmarked", start: fresh, wanted: marked},
		{
			name: "other token", wanted: marked, before: "token other\n",
			start: func(m *machine) { fresh(m); m.put("/etc/etcd/bootstrapped", "other\n") },
		},
	}
}

func kubeLaws() []law {
	const secret = "correct horse battery staple"
	object := func(manifest string) resource.Object {
		return resource.Object{Manifest: []byte(manifest), Kubeconfig: "/etc/kubernetes/admin.conf"}
	}
	start := func(m *machine) { newKube(m) }
	role := `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"flannel"},
		"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["get","list"]}]}`
	return []law{
		{name: "configmap", start: start, wanted: object(`{"apiVersion":"v1","kind":"ConfigMap",
			"metadata":{"name":"coredns","namespace":"kube-system","labels":null},"data":{"Corefile":".:53 {\n  errors\n}\n","e":""}}`)},
		{name: "role", start: start, wanted: object(role)},
		{
			name: "secret", start: start, secret: secret,
			wanted: object(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"d"},` +
				`"stringData":{"password":"` + secret + `"}}`),
		},
		{
			name: "changed", wanted: object(role), start: func(m *machine) {
				newKube(m)
				m.apply(object(strings.Replace(role, `"list"`, `"list","delete"`, 1)))
			},
			before: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata.name: flannel\n" +
				"rules[0].apiGroups[0]: \nrules[0].resources[0]: nodes\nrules[0].verbs[0]: get\nrules[0].verbs[1]: list\n" +
				"rules[0].verbs[2]: delete\n",
		},
		{
			name: "removed",
			wanted: resource.Object{
				Manifest:   []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`),
				Kubeconfig: "/etc/kubernetes/admin.conf", Absent: true,
			},
			start: func(m *machine) {
				newKube(m)
				m.apply(object(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`))
			},
			before: "apiVersion: v1\nkind: Namespace\nmetadata.name: x\n",
		},
		{
			name: "registered",
			wanted: resource.Node{
				Name: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Labels: map[string]string{"a/b": "c"},
				Taints: []string{"node-role.kubernetes.io/control-plane:NoSchedule"},
			},
			// A label is not taken away by wanting a node without it, so it is there before.
			start: func(m *machine) {
				newKube(m).register("m1", true)
				m.apply(resource.Node{Name: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Labels: map[string]string{"a/b": "c"}})
			},
			before: "registered\nlabel a/b=c\n",
		},
		{
			name: "ready later", stays: true,
			wanted: resource.NodeStatus{Name: "m1", Is: resource.IsReady, Kubeconfig: "/etc/kubernetes/admin.conf"},
			start: func(m *machine) {
				k := newKube(m)
				k.register("m1", false)
				k.after(3, func() { k.register("m1", true) })
			},
		},
		rolloutLaw("apps/v1", "Deployment", "kube-system", "/apis/apps/v1/namespaces/kube-system/deployments/x",
			`{"observedGeneration":1,"conditions":[{"type":"Available","status":"False"}]}`,
			`{"observedGeneration":2,"conditions":[{"type":"Available","status":"True"}]}`),
		rolloutLaw("apps/v1", "DaemonSet", "kube-system", "/apis/apps/v1/namespaces/kube-system/daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":2,"numberReady":1,"updatedNumberScheduled":2}`,
			`{"observedGeneration":2,"desiredNumberScheduled":2,"numberReady":2,"updatedNumberScheduled":2}`),
		rolloutLaw("apiregistration.k8s.io/v1", "APIService", "", "/apis/apiregistration.k8s.io/v1/apiservices/x",
			`{"conditions":[{"type":"Available","status":"False"}]}`, `{"conditions":[{"type":"Available","status":"True"}]}`),
	}
}

// rolloutLaw waits for an object whose status changes when it was read three times.
func rolloutLaw(apiVersion, kind, namespace, path, before, after string) law {
	return law{
		name: kind, stays: true,
		wanted: resource.Rollout{APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: "x", Kubeconfig: "/etc/kubernetes/admin.conf"},
		start: func(m *machine) {
			k := newKube(m)
			k.status(path, before)
			k.after(3, func() { k.status(path, after) })
		},
	}
}

// resetLaws work on the kernel's own interfaces, mounts, packet filters and processes; see TestMain.
func resetLaws() []law {
	return []law{
		{
			name: "bridge", forgets: true, wanted: resource.NIC{Name: "cni0", Absent: true}, before: "present\n",
			start: func(m *machine) {
				m.real = append(m.real, "ip")
				m.exec("ip", "link", "add", "name", "cni0", "type", "bridge")
			},
		},
		{
			name: "chains", forgets: true, wanted: resource.Chains{Prefixes: []string{"KUBE-", "FLANNEL-"}, Absent: true},
			start: packetFilter,
			before: "iptables filter KUBE-FORWARD\niptables filter KUBE-SVC\niptables nat FLANNEL-POSTRTG\n" +
				"ip6tables filter KUBE-FORWARD\n",
		},
		{
			name: "mounts", forgets: true, wanted: resource.Mounts{Under: "/run/x", Absent: true},
			before: "ROOT/run/x/a\nROOT/run/x/a/b c\n",
			start: func(m *machine) {
				m.sees("/proc")
				m.tmpfs("/run/x/a")
				m.tmpfs("/run/x/a/b c")
				m.tmpfs("/run/xyz") // another's
			},
		},
		{
			name: "shims", forgets: true, wanted: resource.Processes{Program: "/opt/kbootstrap/", Absent: true},
			before: "PID ROOT/opt/kbootstrap/sh\nPID ROOT/opt/other/sleep\n",
			start: func(m *machine) {
				m.sees("/proc")
				m.shim()
			},
		},
		{
			name: "everything", forgets: true, wanted: resource.Originals{Absent: true},
			before: "file /etc/a.conf\nfile /etc/b.conf\nlink /usr/local/bin/etcd\n", start: changed,
			each: []string{"file /etc/b.conf", "file /etc/a.conf", "link /usr/local/bin/etcd"},
		},
		{
			name: "but one", forgets: true, wanted: resource.Originals{Keep: []string{"file /etc/a.conf", "swap"}, Absent: true},
			before: "file /etc/b.conf\nlink /usr/local/bin/etcd\n", start: changed,
			each: []string{"file /etc/b.conf", "link /usr/local/bin/etcd"},
		},
	}
}

// changed changes a file and a large one, and makes one that was not there.
func changed(m *machine) {
	m.t.Helper()
	m.put("/etc/a.conf", "theirs\n")
	m.put("/usr/local/bin/etcd", strings.Repeat("theirs\n", resource.ContentLimit/6))
	m.converge([]resource.Resource{
		resource.File{Path: "/etc/a.conf", Content: []byte("ours\n")},
		resource.File{Path: "/etc/b.conf", Content: []byte("ours\n")},
		resource.Link{Path: "/usr/local/bin/etcd", Target: "/opt/etcd/etcd"},
	})
	m.must(m.Flush())
}

// exec runs a program to bring about the first state.
func (m *machine) exec(argv ...string) {
	m.t.Helper()
	if out, err := exec.CommandContext(m.t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		m.t.Fatalf("%q: %v: %s", argv, err, out)
	}
}

// packetFilter makes chains as kube-proxy and flannel make them, and one of somebody else's.
func packetFilter(m *machine) {
	m.sees("/usr/sbin")
	m.real = append(m.real, "iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore")
	m.exec("iptables", "-F")
	m.exec("iptables", "-X")
	for _, rule := range [][]string{
		{"iptables", "-N", "KUBE-FORWARD"},
		{"iptables", "-N", "KUBE-SVC"},
		{"iptables", "-A", "KUBE-FORWARD", "-j", "KUBE-SVC"},
		{"iptables", "-A", "FORWARD", "-m", "comment", "--comment", "rules of \"-j DROP\"", "-j", "KUBE-FORWARD"},
		{"iptables", "-N", "DOCKER"},
		{"iptables", "-A", "FORWARD", "-m", "comment", "--comment", "not -j KUBE-SVC really", "-j", "DOCKER"},
		{"iptables", "-t", "nat", "-N", "FLANNEL-POSTRTG"},
		{"iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "FLANNEL-POSTRTG"},
		{"ip6tables", "-N", "KUBE-FORWARD"},
		{"ip6tables", "-A", "FORWARD", "-g", "KUBE-FORWARD"},
	} {
		m.exec(rule...)
	}
}

// shim starts a process that has a child, as containerd's shims have.
func (m *machine) shim() {
	for from, to := range map[string]string{"sh": "/opt/kbootstrap/sh", "sleep": "/opt/other/sleep"} {
		path, err := exec.LookPath(from)
		m.must(err)
		data, err := os.ReadFile(path)
		m.must(err)
		m.put(to, string(data))
		m.must(os.Chmod(m.Path(to), 0o755))
	}
	cmd := exec.CommandContext(m.t.Context(), m.Path("/opt/kbootstrap/sh"), "-c", m.Path("/opt/other/sleep")+" 1000; true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	m.must(cmd.Start())
	m.t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // where the test has not; with its child
		_ = cmd.Wait()                                      // it was killed, and says so
	})
	m.eventually(func() bool {
		return strings.Contains(m.observe(resource.Processes{Program: "/opt/kbootstrap/"}).State(), "/opt/other/sleep")
	})
}
