package resource_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/resource"
)

const (
	firewallTable = "inet kbootstrap"
	firewallRules = "table inet kbootstrap {\n  chain input { type filter hook input priority 0; policy drop; }\n}\n"
)

func firewallLaws() []law {
	policies := resource.Firewalld{
		Interfaces: []string{"cni0", "flannel.1"},
		Sets:       map[string][]string{"hosts": {"192.168.56.11", "192.168.56.12"}},
		ToHost: []resource.Opening{
			{Set: "hosts", Ports: "8472", Protocol: "udp"}, {Ports: "30000-32767", Protocol: "tcp"},
		},
		ToPods:   []resource.Opening{{Network: "10.244.0.0/16"}},
		Restarts: []string{"kube-proxy.service", "kube-router.service"},
	}
	fewer := policies
	fewer.Sets = map[string][]string{"hosts": {"192.168.56.11"}}
	fewer.ToHost = fewer.ToHost[:1]
	shown := "address of hosts 192.168.56.11\nall from cni0\nall from flannel.1\n" +
		"to pods all from 10.244.0.0/16\nto the host 8472/udp from hosts\n"
	return []law{
		{name: "on", start: (*machine).ufw, wanted: resource.UFW{On: true}},
		{name: "now and at boot", wanted: resource.UFW{}, before: "filters packets\n",
			start: func(m *machine) { m.ufw(); m.apply(resource.UFW{On: true}) }},
		{name: "new", start: (*machine).firewalld, wanted: policies},
		{name: "another host", wanted: policies, before: shown,
			start: func(m *machine) { m.firewalld(); m.apply(fewer) }},
		{name: "one less", wanted: resource.Firewalld{Absent: true}, before: shown,
			start: func(m *machine) { m.firewalld(); m.apply(fewer) }},
		{name: "by iptables", wanted: policies, start: func(m *machine) {
			m.firewalld()
			m.put("/etc/firewalld/firewalld.conf", "DefaultZone=public\nFirewallBackend=iptables\n")
		}},
		{name: "off", wanted: policies},
		{name: "new", start: (*machine).nft, wanted: resource.NFTable{Name: firewallTable, Rules: firewallRules}},
		{name: "other rules", wanted: resource.NFTable{Name: firewallTable, Rules: firewallRules},
			before: "| table inet kbootstrap { }\n",
			start: func(m *machine) {
				m.nft()
				m.apply(resource.NFTable{Name: firewallTable, Rules: "table  inet kbootstrap { }\n"})
			}},
		{name: "gone", wanted: resource.NFTable{Name: firewallTable, Absent: true},
			before: "| table inet kbootstrap { }\n",
			start: func(m *machine) {
				m.nft()
				m.apply(resource.NFTable{Name: firewallTable, Rules: "table  inet kbootstrap { }\n"})
			}},
	}
}

// ufw is a ufw as it was installed: its service has started, and it filters nothing. It notes first
// whether it is to filter at boot.
func (m *machine) ufw() {
	m.executable("/usr/sbin/ufw")
	m.executable("/usr/sbin/iptables")
	const config = "/etc/ufw/ufw.conf"
	m.put(config, "# ENABLED=yes\nENABLED=no\nLOGLEVEL=low\n")
	filters := false
	m.atBoot = append(m.atBoot, func() { filters = strings.Contains(m.get(config), "\nENABLED=yes") })
	m.fakes["ufw"] = func(argv []string) (string, error) {
		switch strings.Join(argv, " ") {
		case "ufw --force enable":
			m.put(config, "# ENABLED=yes\nENABLED=yes\nLOGLEVEL=low\n")
			filters = true
		case "ufw --force disable":
			m.put(config, "# ENABLED=yes\nENABLED=no\nLOGLEVEL=low\n")
			filters = false
		default:
			return m.unexpected(argv)
		}
		return "", nil
	}
	m.fakes["iptables"] = func(argv []string) (string, error) {
		if strings.Join(argv, " ") != "iptables -w -S ufw-user-input" {
			return m.unexpected(argv)
		}
		if !filters {
			return "", errors.New("iptables: No chain/target/match by that name.")
		}
		return "-N ufw-user-input\n", nil
	}
}

// nft is an nft that lists rules otherwise than they were written. A service loads them at boot.
func (m *machine) nft() {
	m.executable("/usr/sbin/nft")
	loaded := ""
	list := func(text string) string { return strings.Join(strings.Fields(text), " ") + "\n" }
	m.fakes["nft"] = func(argv []string) (string, error) {
		switch command := strings.Join(argv[1:], " "); {
		case command == "list tables" && loaded == "":
			return "table ip nat\n", nil
		case command == "list tables":
			return "table ip nat\ntable " + firewallTable + "\n", nil
		case command == "--stateless list table "+firewallTable:
			return list(loaded), nil
		case argv[1] == "--file":
			data, err := os.ReadFile(argv[2])
			// A table has to be made before it is deleted.
			anew := "table " + firewallTable + " {}\ndelete table " + firewallTable + "\n"
			text, whole := strings.CutPrefix(string(data), anew)
			if !whole {
				m.t.Errorf("not a transaction:\n%s", data)
			}
			loaded = text
			return "", err
		}
		return m.unexpected(argv)
	}
	m.fakes["unshare"] = func(argv []string) (string, error) {
		if len(argv) != 8 || !slices.Equal(argv[:4], []string{"unshare", "--net", "sh", "-c"}) {
			return m.unexpected(argv)
		}
		data, err := os.ReadFile(argv[6])
		return list(string(data)), err
	}
}

// firewalld is a firewalld that runs: it loads its files when it is told to, and at boot.
func (m *machine) firewalld() {
	for _, program := range []string{"firewall-cmd", "busctl"} {
		m.executable("/usr/bin/" + program)
	}
	loaded := map[string]string{}
	load := func() {
		clear(loaded)
		for _, kind := range []string{"zones", "policies", "ipsets"} {
			names, _ := filepath.Glob(m.Path("/etc/firewalld/" + kind + "/*.xml"))
			for _, name := range names {
				data, err := os.ReadFile(name)
				m.must(err)
				loaded[strings.TrimSuffix(filepath.Base(name), ".xml")] = string(data)
			}
		}
	}
	m.atBoot = append(m.atBoot, load)
	checked := false
	m.fakes["firewall-cmd"] = func(argv []string) (string, error) {
		switch {
		case argv[1] == "--check-config":
			checked = true
		case argv[1] == "--reload" && checked:
			load()
			checked = false
		default:
			return m.unexpected(argv)
		}
		return "success\n", nil
	}
	m.fakes["systemctl"] = func(argv []string) (string, error) {
		switch {
		case argv[1] == "show":
			return "Id=kube-proxy.service\nLoadState=loaded\nActiveState=active\n\n" +
				"Id=kube-router.service\nLoadState=not-found\nActiveState=inactive\n", nil
		case strings.Join(argv, " ") == "systemctl --no-block try-restart kube-proxy.service":
			return "", nil
		}
		return m.unexpected(argv)
	}
	m.fakes["busctl"] = func(argv []string) (string, error) {
		if argv[2] == "get-property" {
			return "s \"1.3.3\"\n", nil
		}
		text, ok := loaded[argv[len(argv)-1]]
		if !ok {
			return "", errors.New("Call failed: INVALID_ZONE")
		}
		return onBus(argv[6], text), nil
	}
}

// onBus is what firewalld 1.3.3 answers of what a file says.
func onBus(method, text string) string {
	between := func(text, from, to string) []string {
		var all []string
		for _, part := range strings.Split(text, from)[1:] {
			one, _, _ := strings.Cut(part, to)
			all = append(all, strconv.Quote(one))
		}
		return all
	}
	list := func(texts []string) string {
		return "as " + strconv.Itoa(len(texts)) + " " + strings.Join(texts, " ")
	}
	switch method {
	case "getZoneSettings2":
		return `a{sv} 3 "target" s "ACCEPT" "interfaces" ` + list(between(text, `<interface name="`, `"/>`)) +
			" \"forward\" b false\n"
	case "getEntries":
		return list(between(text, "<entry>", "</entry>")) + "\n"
	}
	var rules []string
	for _, line := range between(text, "<rule", "</rule>") {
		rule, _ := strconv.Unquote(line)
		for _, r := range [][2]string{{"/><", " "}, {"><", " "}, {"/>", ""}} {
			rule = strings.ReplaceAll(rule, r[0], r[1])
		}
		words := strings.Fields("rule" + rule)
		rules = append(rules, strconv.Quote(strings.Join(words, " ")))
	}
	return `a{sv} 3 "target" s "CONTINUE" "rich_rules" ` + list(rules) +
		` "priority" i -10 "ingress_zones" as 1 "ANY"` + "\n"
}
