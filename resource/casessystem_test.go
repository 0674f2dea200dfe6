package resource_test

import (
	"errors"
	"os"
	"strings"

	"kbootstrap/resource"
)

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
		{
			name: "removed", start: exists, wanted: resource.User{Name: "etcd", Absent: true},
			before: "home /home/etcd\n",
		},
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
				"-o DPkg::Lock::Timeout=120 conntrack",
				"dnf install -y conntrack-tools", "yum install -y conntrack-tools":
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

// nameLaws are about the tool's lines in /etc/hosts.
func nameLaws() []law {
	const theirs = "127.0.0.1 localhost\n192.0.2.9 registry.example.com old # theirs\n"
	hosts := func(text string) func(*machine) { return func(m *machine) { m.put(resource.HostsFile, text) } }
	wanted := resource.HostNames{Names: []resource.HostName{{Name: "registry.example.com", Address: "192.0.2.1"}}}
	return []law{
		{name: "no file", wanted: wanted},
		{name: "next to others", wanted: wanted, start: hosts(theirs)},
		{
			name: "another address", wanted: wanted, before: "192.0.2.2 registry.example.com\n",
			start: hosts("192.0.2.2 registry.example.com # kbootstrap\n" + theirs),
		},
		{
			name: "no more", wanted: resource.HostNames{Absent: true}, before: "192.0.2.2 a\n192.0.2.2 b\n",
			start: hosts(theirs + "192.0.2.2 a # kbootstrap\n192.0.2.2\tb # kbootstrap\n"),
		},
	}
}

// networkdLaws are about what networkd leaves alone.
func networkdLaws() []law {
	wanted := resource.Networkd{Text: "[Match]\nName=cni0 veth*\n\n[Link]\nUnmanaged=yes\n"}
	fewer := resource.Networkd{Text: "[Match]\nName=cni0\n\n[Link]\nUnmanaged=yes\n"}
	const before = "| [Match]\n| Name=cni0\n| \n| [Link]\n| Unmanaged=yes\n"
	return []law{
		{name: "runs", wanted: wanted, start: func(m *machine) { m.networkd(true) }},
		{name: "is off", wanted: wanted, start: func(m *machine) { m.networkd(false) }},
		{name: "another file", wanted: wanted, before: before,
			start: func(m *machine) { m.networkd(true); m.apply(fewer) }},
		{name: "no more", wanted: resource.Networkd{Absent: true}, before: before,
			start: func(m *machine) { m.networkd(true); m.apply(fewer) }},
	}
}

// networkd is a networkd that reads its files when it is told to, and at boot.
func (m *machine) networkd(runs bool) {
	state := "inactive"
	if runs {
		state = "active"
	}
	m.fakes["systemctl"] = func(argv []string) (string, error) {
		if argv[1] != "show" {
			return m.unexpected(argv)
		}
		return "Id=systemd-networkd.service\nLoadState=loaded\nActiveState=" + state + "\nSubState=running\n", nil
	}
	m.fakes["networkctl"] = func(argv []string) (string, error) {
		if !runs || strings.Join(argv, " ") != "networkctl reload" {
			return m.unexpected(argv)
		}
		return "", nil
	}
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
		{
			name: "filesystem", start: modprobe,
			wanted: resource.Module{Name: "overlay", Features: []string{"filesystem overlay"}},
		},
		{name: "no features", start: modprobe, wanted: resource.Module{Name: "br_netfilter"}},
		{
			name: "path", start: modprobe,
			wanted: resource.Module{Name: "br_netfilter", Features: []string{"/none", "/proc/sys/net/bridge"}},
		},
		{
			name: "number", start: forward, wanted: resource.Sysctl{Key: "net.ipv4.ip_forward", Value: "1"},
			before: "value 0\n",
		},
		{
			name: "dot in a name", start: forward,
			wanted: resource.Sysctl{Key: "net/ipv4/conf/eth0.1/forwarding", Value: "1"},
			before: "value 0\n",
		},
		{
			name: "list", start: forward,
			wanted: resource.Sysctl{Key: "net.ipv4.tcp_rmem", Value: "4096 87380 6291456"},
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
			name:   "now and at boot",
			start:  func(m *machine) { swapon(m); m.put("/etc/fstab", fstab) },
			wanted: resource.Swap{},
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
			config := "# SELINUX=enforcing is the default\nSELINUX=" + boot + "\nSELINUXTYPE=targeted\n"
			m.put(resource.SelinuxConfig, config)
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
