package inventory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// apart ends what is said of networks that overlap.
const apart = " (hosts, pods and Services need networks apart; " +
	"by default pods have 10.244.0.0/16 and Services 10.96.0.0/12)"

// base is a valid inventory that the cases below change in one place.
const base = `cluster: demo
kubernetes: v1.36.3
network:
  pods: 10.244.0.0/16
  services: 10.96.0.0/12
  nodePorts: 30000-32767
runtime: docker
cri: containerd
ssh: {user: vagrant}
arguments:
  kube-apiserver: {v: "4"}
hosts:
  - name: m1
    address: 192.168.56.11
    roles: [etcd, control-plane]
    ssh: {address: 127.0.0.1, port: 2222}
  - name: w1
    address: 192.168.56.21
    roles: [worker]
    ssh: {address: 127.0.0.1, port: 2200}
    labels: {disk: ssd}
    taints: ["dedicated=db:NoSchedule"]
`

func TestBaseIsValid(t *testing.T) {
	if _, err := parse("hosts.yaml", []byte(base)); err != nil {
		t.Fatal(err)
	}
}

func TestHomeIsNotKnown(t *testing.T) {
	t.Setenv("HOME", "")
	if _, err := parse("hosts.yaml", []byte(base)); err != nil {
		t.Errorf("an inventory without ~ needs no home: %v", err)
	}
	_, err := parse("hosts.yaml", []byte(strings.Replace(base, "user: vagrant", "key: ~/id", 1)))
	if err == nil || !strings.HasPrefix(err.Error(),
		"hosts.yaml:9:12: error[KB1006]: the home directory that ~ stands for is unknown") {
		t.Errorf("error %v, want that the home directory that ~ stands for is unknown", err)
	}
}

// TestPortOfSSHIsInDefaultNodePorts has the mistake in the host, because the node ports are not in
// the file.
func TestPortOfSSHIsInDefaultNodePorts(t *testing.T) {
	data := strings.Replace(base, "  nodePorts: 30000-32767\n", "", 1)
	data = strings.Replace(data, "ssh: {address: 127.0.0.1, port: 2200}", "ssh: {port: 30022}", 1)
	_, err := parse("hosts.yaml", []byte(data))
	if err == nil || !strings.HasPrefix(err.Error(),
		`hosts.yaml:19:17: error[KB1010]: the node ports 30000-32767 contain 30022 (SSH of host "w1")`) {
		t.Errorf("error %v, want the port of the host", err)
	}
}

// badPath is what is said of a directory that the registry cannot have.
func badPath(place, dir string) string {
	return fmt.Sprintf("%s: %q is not a place for the images of a registry: it has to be an absolute path outside of "+
		"the directories of the system, of people and of other programs (use a directory of its own, such as "+
		"/srv/registry)", place, dir)
}

// TestOneMistakeIsOneProblem changes one thing at a time. The only problem has to be that one, in
// its place.
func TestOneMistakeIsOneProblem(t *testing.T) {
	t.Setenv("HOME", "/home/user")
	for _, tt := range []struct{ old, new, want string }{
		// What the file is.
		{"cluster: demo", "cluster: demo\ncluster: other", `2:1: "cluster" is given twice; line 1 has it already`},
		{"cluster: demo", "clutser: demo", `1:1: unknown field "clutser" (did you mean "cluster"?)`},
		{"cluster: demo", "cluster: demo\npods: 1", `2:1: unknown field "pods" ("pods" goes in "network")`},
		{"kubernetes: v1.36.3\n", "", `1:1: the inventory has no kubernetes`},
		{"    address: 192.168.56.21\n", "", `17:5: hosts[1] has no address`},
		{"runtime: docker", "runtime: docker\n---\ncluster: two",
			`8:1: a second YAML document begins here (one file describes one cluster; put the other ` +
				`into a file of its own)`},
		{"runtime: docker", "runtime:\n\t- docker",
			`8:1: the indentation contains a tab (YAML is indented with spaces only)`},
		{"runtime: docker", "runtime: [docker", `8:1: the file is not YAML: ',' or ']' must be specified ` +
			`(close each bracket that is opened, with commas between the items)`},
		{"runtime: docker", "runtime: *docker", `7:10: alias *docker has no anchor &docker before it`},
		{"runtime: docker", "runtime: !!str docker",
			`7:10: YAML tags such as !!str are not supported (leave it out; text that looks like a number or a ` +
				`boolean goes in quotes)`},
		{"runtime: docker", "runtime: \x00", `7:10: the line contains the control character U+0000`},
		{"runtime: docker", "runtime: docker\rcri: x",
			`7:16: the line contains a carriage return (save the file with Unix line endings)`},
		{"runtime: docker", "runtime: \xff", `7:10: the file is not UTF-8 text (save the file as UTF-8)`},

		{"runtime: docker\n", "runtime: &l [docker]\n*l : docker\n", `8:1: a key is a list, but it must be text`},
		{"runtime: docker", "<<: docker", `7:5: "<<" takes an alias of a mapping, not text`},
		{"runtime: docker", "runtime: a: b",
			`7:10: the file is not YAML: a second value for the same key (look at the indentation of this line and ` +
				`the next; a value that contains ": " goes in quotes)`},
		{"runtime: docker", "runtime: @docker",
			`7:10: the file is not YAML: '@' is a reserved character (put the value in quotes)`},
		{"runtime: docker", "null: docker",
			`7:1: unknown field "null" (known here: cluster, kubernetes, versions, network, runtime, cri, firewall, ` +
				`selinux, restoreOnReset, security, backup, addons, registries, proxy, artifacts, ssh, arguments, ` +
				`hosts)`},
		{"runtime: docker", "runtime: .inf", `7:10: expected text, found the number .inf (put it in quotes: ".inf")`},
		{"runtime: docker", "runtime: .nan", `7:10: expected text, found the number .nan (put it in quotes: ".nan")`},
		{"runtime: docker", "runtime: |\n  docker\n", `7:10: "docker\n" has a control character`},
		{"runtime: docker", "runtime: ''", `7:10: the value is empty (leave the line out to get the default)`},

		// Kinds of values.
		{"cluster: demo", "cluster: 12", `1:10: expected text, found the number 12 (put it in quotes: "12")`},
		{"cluster: demo", "cluster: [demo]", `1:10: expected text, found a list`},
		{"cluster: demo", "cluster:", `1:9: the inventory has no cluster (write it after the colon)`},
		{"port: 2200", `port: "2200"`,
			`20:37: expected a port number, found the text "2200" (write it without quotes)`},
		{"port: 2200", "port: 0x16", `20:37: 0x16 is not a port: ports are 1 to 65535`},
		{"port: 2200", "port: 65536", `20:37: 65536 is not a port: ports are 1 to 65535`},
		{"port: 2200", "port: 0", `20:37: 0 is not a port: ports are 1 to 65535`},
		{"port: 2200", "port: 2200, sudo: yes",
			`20:49: expected true or false, found the text "yes" (write true or false, without quotes)`},
		{"[worker]", "worker",
			`19:12: expected a list, found the text "worker" (write "- " before each item, or [a, b])`},
		{"network:\n", "network: []\nnet:\n", `3:10: expected a mapping, found a list
4:1: unknown field "net" (known here: cluster, kubernetes, versions, network, runtime, cri, firewall, selinux, restoreOnReset, ` +
			`security, backup, addons, registries, proxy, artifacts, ssh, arguments, hosts)`},

		// Names.
		{"cluster: demo", "cluster: De_mo",
			`1:10: "De_mo" is not a valid name: it may have only lower-case letters and digits, with dashes between ` +
				`them (did you mean "de-mo"?)`},
		{"cluster: demo", "cluster: " + strings.Repeat("a", 64),
			`1:10: "` + strings.Repeat("a", 64) + `" is longer than 63 characters`},
		{"name: w1", "name: W1.example.org",
			`17:11: "W1.example.org" is not a valid name: it may have only lower-case letters and digits, with ` +
				`dashes or dots between them (did you mean "w1.example.org"?)`},
		{"name: w1", "name: -w1",
			`17:11: "-w1" is not a valid name: it may have only lower-case letters and digits, with dashes or dots ` +
				`between them (did you mean "w1"?)`},
		{"name: w1", "name: m1", `17:11: two hosts are called "m1"; the other is on line 13`},
		{"name: w1", "name: localhost", `17:11: a host cannot be called localhost: every host calls itself that`},
		{"  nodePorts", "  domain: Cluster.Local\n  nodePorts",
			`6:11: "Cluster.Local" is not a DNS domain in lower case`},

		// Versions.
		{"v1.36.3", "v1.28.5", `2:13: Kubernetes 1.28 is not supported (supported: v1.29 to v1.36)`},
		{"v1.36.3", "v1.37.0", `2:13: Kubernetes 1.37 is newer than what this kbootstrap supports ` +
			`(supported: v1.29 to v1.36; a newer kbootstrap may support more)`},
		{"v1.36.3", "1.36",
			`2:13: "1.36" is not a version of Kubernetes (write all three numbers, such as v1.36.3; ` +
				`supported: v1.29 to v1.36)`},
		{"v1.36.3", "v1.36.0-rc.1",
			`2:13: "v1.36.0-rc.1" is not a version of Kubernetes (write all three numbers, such as v1.36.3; ` +
				`supported: v1.29 to v1.36)`},
		{"v1.36.3", "v1.36.3\nversions: {etc: 3.6.8}", `3:12: unknown field "etc" (did you mean "etcd"?)`},
		{"v1.36.3", "v1.36.3\nversions: {etcd: latest}",
			`3:18: "latest" is not a version (write numbers with dots between them, such as 1.2.3)`},

		// Runtimes and words.
		{"runtime: docker\ncri: containerd", "runtime: containerd\ncri: dockerd",
			`8:6: cri dockerd needs dockerd, but runtime is containerd (set runtime to docker, or cri to containerd)`},
		{"cri: containerd", "cri: crio", `8:6: "crio" is not a value of cri (known here: containerd, dockerd)`},
		{"runtime: docker", "runtime: docker\nfirewall: disabled",
			`8:11: "disabled" is not a value of firewall (did you mean "disable"?)`},
		{"user: vagrant", "user: vagrant, hostKeyPolicy: no",
			`9:37: "no" is not a value of hostKeyPolicy (known here: strict, ask, accept-new)`},
		{"user: vagrant", "user: vagrant, jump: 'ops@bastion:0'",
			`9:28: "ops@bastion:0" is not a jump host: "0" is not a port (write it as "user@host:port"; the user and ` +
				`the port may be left out)`},
		{"user: vagrant", "user: vagrant, jump: 'a, b c'",
			`9:28: "b c" is not a jump host: "b c" is neither a host name nor an address (write it as ` +
				`"user@host:port"; the user and the port may be left out)`},
		{"user: vagrant", "user: vagrant, jump: [{address: 'a:22'}]",
			`9:39: "a:22" is neither a host name nor an address (the port goes in port, the user in user)`},
		{"user: vagrant", "user: vagrant, jump: [{user: ops}]", `9:29: ssh.jump[0] has no address`},
		{"user: vagrant", "user: vagrant, jump: {user: ops}", `9:28: ssh.jump has no address`},
		{"user: vagrant", "user: vagrant, jump: [{address: a, key: k, hostKey: 'SHA256:short', sudo: true}]",
			`9:59: "SHA256:short" is not a complete fingerprint (ssh-keygen -lf key.pub prints it: "SHA256:" and 43 characters)
9:75: unknown field "sudo" (known here: address, port, user, key, hostKey)`},

		// Networks.
		{"pods: 10.244.0.0/16", "pods: 10.244.1.0/16",
			`4:9: 10.244.1.0/16 is an address within its network, not the network (did you mean 10.244.0.0/16?)`},
		{"pods: 10.244.0.0/16", "pods: 10.244.0.0",
			`4:9: "10.244.0.0" is not a CIDR (write the network and the length of its prefix, ` +
				`such as "10.244.0.0/16")`},
		{"pods: 10.244.0.0/16", "pods: fd00::/64", `4:9: fd00::/64 is an IPv6 network; this field takes one of IPv4 ` +
			`(addresses and networks of IPv6 come next to those of IPv4: in ipv6 of the host, and in network.ipv6)`},
		{"pods: 10.244.0.0/16", "pods: 10.244.0.0/25",
			`4:9: 10.244.0.0/25 is too small: each host gets a /24 of it (10.244.0.0/16 has room for 256 hosts)`},
		{"pods: 10.244.0.0/16", "pods: 10.244.0.0/24",
			`4:9: 10.244.0.0/24 has room for only 1 of the 2 hosts, because each gets a /24 of it (10.244.0.0/16 has ` +
				`room for 256 hosts)`},
		{"pods: 10.244.0.0/16", "pods: 64.0.0.0/7", `4:9: 64.0.0.0/7 is too large: a pod network is a /8 or smaller`},
		{"pods: 10.244.0.0/16", "pods: 169.254.0.0/16",
			`4:9: 169.254.0.0/16 overlaps the link-local addresses, 169.254.0.0/16`},
		{"services: 10.96.0.0/12", "services: 10.96.0.0/11",
			`5:13: 10.96.0.0/11 is too large: kube-apiserver takes a /12 or smaller`},
		{"services: 10.96.0.0/12", "services: 10.96.0.0/29",
			`5:13: 10.96.0.0/29 has 8 addresses; at least 16 are needed, because the tenth is the DNS's`},
		{"services: 10.96.0.0/12", "services: 10.244.128.0/17",
			`5:13: network.services 10.244.128.0/17 overlaps network.pods 10.244.0.0/16` + apart},
		{"  pods: 10.244.0.0/16\n", "  pods: 10.100.0.0/16\n",
			`5:13: network.services 10.96.0.0/12 overlaps network.pods 10.100.0.0/16` + apart},
		{"  pods: 10.244.0.0/16\n  services: 10.96.0.0/12\n", "  pods: 10.100.0.0/16\n",
			`4:9: network.services (by default) 10.96.0.0/12 overlaps network.pods 10.100.0.0/16` + apart},
		{"pods: 10.244.0.0/16", "pods: 172.16.0.0/12",
			`4:9: network.pods 172.16.0.0/12 overlaps the network of docker's bridge 172.17.0.0/16 (move docker's ` +
				`bridge with arguments: {dockerd: {bip: 172.31.255.1/24}}, or choose another network)`},
		{"  kube-apiserver:", "  dockerd: {bip: 10.244.0.1/24}\n  kube-apiserver:",
			`4:9: network.pods 10.244.0.0/16 overlaps the network of docker's bridge 10.244.0.0/24 (move docker's ` +
				`bridge with arguments: {dockerd: {bip: 172.31.255.1/24}}, or choose another network)`},

		// Addresses.
		{"address: 192.168.56.21", "address: w1.example.org",
			`18:14: "w1.example.org" is not an IP address (names go in ssh.address; this is the host's own address ` +
				`in the cluster's network)`},
		{"address: 192.168.56.21", "address: 192.168.56.21/24",
			`18:14: "192.168.56.21/24" is not an IP address but a network (write 192.168.56.21)`},
		{"address: 192.168.56.21", "address: 192.168.056.21",
			`18:14: "192.168.056.21" is not an IP address (write four numbers from 0 to 255 without leading zeros, ` +
				`such as 192.168.56.11)`},
		{"address: 192.168.56.21", `address: "fd00::1"`,
			`18:14: fd00::1 is an IPv6 address; this field takes one of IPv4 ` +
				`(addresses and networks of IPv6 come next to those of IPv4: in ipv6 of the host, and in ` +
				`network.ipv6)`},
		{"address: 192.168.56.21", "address: 192.168.56.11",
			`18:14: host "m1" on line 13 has the same address, 192.168.56.11 (each host needs its own address)`},
		{"address: 192.168.56.21", "address: 127.0.0.1",
			`18:14: 127.0.0.1 cannot be the address of a host: it is loopback (use the address by which the other ` +
				`hosts reach it)`},
		{"address: 192.168.56.21", "address: 0.0.0.0",
			`18:14: 0.0.0.0 cannot be the address of a host: it is unspecified (use the address by which the other ` +
				`hosts reach it)`},
		{"address: 192.168.56.21", "address: 10.244.3.4",
			`18:14: 10.244.3.4 is in network.pods, 10.244.0.0/16` + apart},
		{"address: 192.168.56.21", "address: 10.96.0.20",
			`18:14: 10.96.0.20 is in network.services, 10.96.0.0/12` + apart},
		{"address: 192.168.56.21", "address: 172.17.0.20",
			`18:14: 172.17.0.20 is in the network of docker's bridge, 172.17.0.0/16 (move docker's bridge with ` +
				`arguments: {dockerd: {bip: 172.31.255.1/24}}, or choose another network)`},

		// Ports.
		{"30000-32767", "32767-30000", `6:14: the range 32767-30000 ends before it begins (did you mean 30000-32767?)`},
		{"30000-32767", "0-32767",
			`6:14: "0-32767" is not a range of ports (write it as "30000-32767"; ports are 1 to 65535)`},
		{"30000-32767", "30000-70000",
			`6:14: "30000-70000" is not a range of ports (write it as "30000-32767"; ports are 1 to 65535)`},
		{"30000-32767", "30000",
			`6:14: expected a range of ports such as "30000-32767", found the number 30000 (write the first and the ` +
				`last port with a dash between them)`},
		{"30000-32767", "6000-7000",
			`6:14: the node ports 6000-7000 contain 6443 (network.apiPort) (a Service could take ` +
				`the port away from it)`},
		{"30000-32767", "7443-7443",
			`6:14: the node ports 7443-7443 contain 7443 (network.localAPIPort) (a Service could take ` +
				`the port away from it)`},
		{"30000-32767", "8000-9000",
			`6:14: the node ports 8000-9000 contain 8081 (flanneld, health), 8472 (network.flannel.port) (a Service ` +
				`could take the port away from it)`},
		{"30000-32767", "10000-10255",
			`6:14: the node ports 10000-10255 contain 10244 (kube-router, metrics), 10248 (kubelet, health), ` +
				`10249 (kube-proxy, metrics), 10250 (kubelet) (a Service could take the port away from it)`},
		{"30000-32767", "10256-20000",
			`6:14: the node ports 10256-20000 contain 10256 (kube-proxy, health), 10257 (kube-controller-manager), ` +
				`10258 (cloud-controller-manager), 10259 (kube-scheduler) (a Service could take the ` +
				`port away from it)`},
		{"30000-32767", "20-2380",
			`6:14: the node ports 20-2380 contain 22 (SSH), 2379 (etcd, clients), 2380 (etcd, members) (a Service ` +
				`could take the port away from it)`},
		{"nodePorts: 30000-32767", "apiPort: 30001",
			`6:12: the node ports 30000-32767 contain 30001 (network.apiPort) (a Service could take ` +
				`the port away from it)`},
		{"  nodePorts", "  apiPort: 2379\n  nodePorts", `6:12: port 2379 is taken: etcd, clients`},
		{"  nodePorts", "  apiPort: 8081\n  nodePorts", `6:12: port 8081 is taken: flanneld, health`},
		{"  nodePorts", "  localAPIPort: 8081\n  nodePorts", `6:17: port 8081 is taken: flanneld, health`},
		{"  nodePorts", "  apiPort: 7443\n  nodePorts", `6:12: apiPort and localAPIPort are both 7443`},
		{"ssh: {address: 127.0.0.1, port: 2200}", "ssh: {port: 30022}",
			`6:14: the node ports 30000-32767 contain 30022 (SSH of host "w1") (a Service could take ` +
				`the port away from it)`},

		{"  nodePorts: 30000-32767\n", "  localAPIPort: 30001\n",
			`6:17: the node ports 30000-32767 contain 30001 (network.localAPIPort) (a Service could take the port ` +
				`away from it)`},
		{"  nodePorts: 30000-32767\n", "  localAPIPort: 2380\n", `6:17: port 2380 is taken: etcd, members`},
		{"  nodePorts: 30000-32767\n", "  flannel: {port: 30001}\n",
			`6:19: the node ports 30000-32767 contain 30001 (network.flannel.port) (a Service could take the port ` +
				`away from it)`},

		// Roles.
		{"[worker]", "[]",
			`19:12: host "w1" has no role (give the host one of the roles etcd, control-plane ` +
				`and worker, or remove it)`},
		{"[worker]", "[worker, wroker]", `19:21: unknown role "wroker" (did you mean "worker"?)`},
		{"[worker]", "[worker, worker]", `19:21: role "worker" is given twice`},
		{"[etcd, control-plane]", "[etcd, master]", `15:19: unknown role "master" (did you mean "control-plane"?)`},
		{"[etcd, control-plane]", "[etcd]", `13:3: no host has the role control-plane`},
		{"[etcd, control-plane]", "[control-plane]", `13:3: no host has the role etcd`},
		{"[worker]", "[worker, etcd]",
			`19:12: 2 hosts have the role etcd; the number must be odd (two members stop when either of them fails: ` +
				`use 1, or 3, which survive the loss of one)`},

		// SSH.
		{"port: 2200", "port: 2222",
			`20:10: host "m1" on line 13 has the same SSH endpoint, 127.0.0.1 port 2222 (each host needs its own ` +
				`ssh.address or ssh.port)`},
		{"{address: 127.0.0.1, port: 2200}", "{address: w1:22}",
			`20:20: "w1:22" is neither a host name nor an address (the port goes in ssh.port, the user in ssh.user)`},
		{"{address: 127.0.0.1, port: 2200}", "{address: -oProxyCommand=x}",
			`20:20: "-oProxyCommand=x" is neither a host name nor an address (the port goes in ` +
				`ssh.port, the user in ssh.user)`},
		{"user: vagrant", "user: -l", `9:13: "-l" is not a user name`},
		{"user: vagrant", "key: ~bob/id",
			`9:12: "~bob/id": the tool does not look up home directories of other users (only "~/" is supported; ` +
				`write the whole path)`},
		{"port: 2200", "port: 2200, hostKey: MD5:00",
			`20:52: MD5 fingerprints can be forged (ssh-keygen -lf key.pub prints the SHA256 one)`},
		{"port: 2200", "port: 2200, hostKey: SHA256:abc",
			`20:52: "SHA256:abc" is not a complete fingerprint (ssh-keygen -lf key.pub prints it: ` +
				`"SHA256:" and 43 characters)`},
		{"port: 2200", "port: 2200, hostKey: ssh-rsa AAAA",
			`20:52: "ssh-rsa AAAA" is not a host key (write "SHA256:…", or the type and the key as known_hosts has ` +
				`them: "ssh-ed25519 AAAA…")`},
		{"user: vagrant", "hostKey: x",
			`9:7: unknown field "hostKey" (known here: user, port, key, agent, passwordFile, sudoPasswordFile, sudo, ` +
				`config, jump, knownHosts, hostKeyPolicy)`},

		{"user: vagrant", "port: 70000", `9:13: 70000 is not a port: ports are 1 to 65535`},
		{"port: 2200",
			"port: 2200, hostKey: 'ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f'",
			`20:52: "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f" is not a host key ` +
				`(write "SHA256:…", or the type and the key as known_hosts has them: "ssh-ed25519 AAAA…")`},

		// Labels and taints.
		{"disk: ssd", "disk: true", `21:20: expected text, found the boolean true (put it in quotes: "true")`},
		{"disk: ssd", "disk:", `21:19: expected text, found nothing (write "" for a label without a value)`},
		{"disk: ssd", "a b: ssd",
			`21:14: "a b" cannot be a label: it may have only letters and digits, with - _ . between them`},
		{"disk: ssd", "A/b: ssd",
			`21:14: "A/b" cannot be a label: the part before the slash must be a DNS domain in lower case`},
		{"disk: ssd", "disk: " + strings.Repeat("a", 64),
			`21:20: "` + strings.Repeat("a", 64) + `" cannot be the value of a label: it is longer than 63 characters`},
		{"disk: ssd", strings.Repeat("a", 64) + ": ssd",
			`21:14: "` + strings.Repeat("a", 64) + `" cannot be a label: the name is longer than 63 characters`},
		{"disk: ssd", "disk: a/b",
			`21:20: "a/b" cannot be the value of a label: it may have only letters and digits, ` +
				`with - _ . between them`},
		{"disk: ssd", "node-role.kubernetes.io/control-plane: ''",
			`21:14: the label node-role.kubernetes.io/control-plane comes with the role control-plane (leave it out)`},
		{"disk: ssd", "kubernetes.io/hostname: x",
			`21:14: the label kubernetes.io/hostname is the kubelet's own (leave it out)`},
		{"dedicated=db:NoSchedule", "dedicated=db",
			`22:14: the taint "dedicated=db" has no effect (write key=value:Effect or key:Effect; effects: ` +
				`NoSchedule, PreferNoSchedule, NoExecute)`},
		{"dedicated=db:NoSchedule", "dedicated=db:noschedule",
			`22:14: unknown effect "noschedule" (did you mean "NoSchedule"?)`},
		{"dedicated=db:NoSchedule", "=db:NoSchedule", `22:14: "" cannot be the key of a taint: it has no name`},
		{"dedicated=db:NoSchedule", "dedicated=d b:NoSchedule",
			`22:14: "d b" cannot be the value of a taint: it may have only letters and digits, ` +
				`with - _ . between them`},
		{"dedicated=db:NoSchedule", "node-role.kubernetes.io/control-plane:NoSchedule",
			`22:14: the taint node-role.kubernetes.io/control-plane is the tool's own (leave it out; control planes ` +
				`without the role worker get it)`},
		{"dedicated=db:NoSchedule", `a=1:NoSchedule", "a=2:NoSchedule`,
			`22:32: the taint a:NoSchedule is given twice (a node has one taint for each key and effect)`},

		// Artifacts.
		{"cri: containerd", "security: {profile: CIS}", `8:21: "CIS" is not a value of profile (did you mean "cis"?)`},
		{"cri: containerd", "security: {encryptionKey: 0}", `8:27: 0 of encryptionKey is not a number from 1 to 99`},
		{"cri: containerd", "security: {encryptionKey: two}", `8:27: expected a whole number, found the text "two"`},
		{"cri: containerd", "security: {encryption: none, encryptionKey: 2}",
			`8:45: there is no key to encrypt with, because security.encryption is none (leave it out; the keys that ` +
				`secrets were encrypted with stay readable)`},
		{"cri: containerd", "artifacts: {ownBuilds: true}",
			"8:24: ownBuilds says whose builds a mirror has, and there is none " +
				"(name the mirror, or leave the line out)"},
		{"cri: containerd", "artifacts: {mirror: m, ownBuilds: own}",
			`8:35: expected true or false, found the text "own" (write true or false, without quotes)`},
		{"cri: containerd", "artifacts: {mirror: ['https://a', b, 'https://a/']}",
			`8:38: the mirror https://a is listed twice (leave one of them out)`},
		{"cri: containerd", "artifacts: {mirror: [a, ftp://x]}",
			`8:25: a mirror cannot have the scheme "ftp" (use http, https or a directory)`},
		{"cri: containerd", "artifacts: {mirror: []}",
			`8:21: the list is empty (leave the line out to get the default)`},
		{"cri: containerd", "artifacts: {mirror: a, upstreams: {dl.k8s.io: 'https://x'}}",
			`8:35: a mirror has everything, so no host of upstream is asked that others could stand in for ` +
				`(leave one of the two out)`},
		{"cri: containerd", "artifacts: {upstreams: {'https://dl.k8s.io': 'https://x'}}",
			`8:25: "https://dl.k8s.io" is not the name of a host (write the host of an upstream URL, such as ` +
				`dl.k8s.io)`},
		{"cri: containerd", "artifacts: {upstreams: {dl.k8s.io: ['https://x', './files']}}",
			`8:50: the mirror is not an http(s) URL (write it like https://mirror.example.com)`},
		{"cri: containerd", "artifacts: {mirror: ftp://x}",
			`8:21: a mirror cannot have the scheme "ftp" (use http, https or a directory)`},
		{"cri: containerd", "artifacts: {mirror: 'https://u:p@x/'}",
			`8:21: the URL contains a user name or a password (URLs appear in messages and logs)`},
		{"cri: containerd", "artifacts: {mirror: 'https:///x'}", `8:21: the mirror is not a valid URL`},

		{"cri: containerd", "artifacts: {mirror: 'https://x/?a=b'}",
			`8:21: the URL of a mirror has neither a query nor a fragment`},

		// The registry, and mirrors.
		{"cri: containerd", "addons: {registry: {enabled: true, host: m2}}",
			`8:42: there is no host "m2" (did you mean "m1"?)`},
		{"cri: containerd", "addons: {registry: {enabled: true, name: 'registry.example.com:5000'}}",
			`8:42: "registry.example.com:5000" is not a name that a registry can have ` +
				`(write it like registry.example.com; the port goes in port)`},
		{"cri: containerd", "addons: {registry: {enabled: true, name: 10.0.0.1}}",
			`8:42: "10.0.0.1" is not a name that a registry can have ` +
				`(write it like registry.example.com; the port goes in port)`},
		{"cri: containerd", "addons: {registry: {enabled: true, port: 443}}",
			`8:42: the registry cannot listen on port 443: it is not root (choose one from 1024 on, such as 5000)`},
		{"cri: containerd", "addons: {registry: {enabled: true, port: 10250}}",
			`8:42: port 10250 is taken: kubelet`},
		{"cri: containerd", "addons: {registry: {enabled: true, port: 6443}}",
			`8:42: port 6443 is both addons.registry.port and network.apiPort (choose another port)`},
		{"cri: containerd", "addons: {registry: {enabled: true, port: 30080}}",
			`6:14: the node ports 30000-32767 contain 30080 (addons.registry.port) ` +
				`(a Service could take the port away from it)`},
		{"cri: containerd", "addons: {registry: {enabled: true, path: srv/registry}}",
			badPath("8:42", "srv/registry")},
		{"cri: containerd", "addons: {registry: {enabled: true, path: /etc/registry}}",
			badPath("8:42", "/etc/registry")},
		{"cri: containerd", "addons: {registry: {enabled: true, path: /home/a}}",
			badPath("8:42", "/home/a")},
		{"cri: containerd", "addons: {registry: {enabled: true, path: /var/lib/docker/a}}",
			badPath("8:42", "/var/lib/docker/a")},
		{"cri: containerd", "addons: {registry: {enabled: true, path: /srv/a/}}",
			badPath("8:42", "/srv/a/")},
		{"cri: containerd", "registries: {mirrors: {docker.io: mirror.example.com}}",
			"8:35: expected a list, found the text \"mirror.example.com\" (write \"- \" before each item, or [a, b])"},
		{"cri: containerd", "registries: {mirrors: {docker.io: [mirror.example.com]}}",
			`8:36: the mirror is not an http(s) URL (write it like https://mirror.example.com)`},
		{"cri: containerd", "registries: {mirrors: {docker.io: ['https://u:p@mirror.example.com']}}",
			`8:36: the URL has a user name or a password (hosts ask mirrors without a login)`},
		{"cri: containerd", "registries: {mirrors: {docker.io: ['https://a/?b']}}",
			`8:36: the URL of a mirror has neither a query nor a fragment`},
		{"cri: containerd", "registries: {mirrors: {docker.io: ['https://a', 'https://a/']}}",
			`8:49: https://a is there twice (leave it out)`},
		{"cri: containerd", "registries: {mirrors: {'https://quay.io': ['https://a']}}",
			`8:24: "https://quay.io" is not a registry ` +
				`(write it as images are named: docker.io, registry.example.com:5000)`},
		{"cri: containerd", "registries: {mirrors: {index.docker.io: ['https://a']}}",
			`8:24: no image is named by index.docker.io (did you mean "docker.io"?)`},
		{"cri: containerd", "registries: {mirrors: {quay.io: [{ca: testdata/mirror.crt}]}}",
			`8:34: registries.mirrors[quay.io][0] has no url`},
		{"cri: containerd", "registries: {mirrors: {quay.io: [{url: 'http://a', ca: testdata/mirror.crt}]}}",
			`8:56: this mirror needs no authority (leave it out)`},
		{"cri: containerd", "registries: {mirrors: {quay.io: [{url: 'https://a', ca: testdata/none}]}}",
			`8:57: testdata/none: no such file or directory ` +
				`(name the file with the certificate of the server's authority)`},
		{"cri: containerd", "registries: {mirrors: {quay.io: [{url: 'https://a', ca: testdata}]}}",
			`8:57: testdata: not a file (name the file with the certificate of the server's authority)`},
		{"cri: containerd", "registries: {mirrors: {quay.io: [{url: 'https://a', ca: check_test.go}]}}",
			`8:57: check_test.go: it has no certificate in PEM ` +
				`(name the file with the certificate of the server's authority)`},
		{"cri: containerd", "addons: {registry: {enabled: true}}\nregistries: {mirrors: " +
			"{'registry.cluster.local:5000': ['https://a']}}",
			`9:55: registry.cluster.local:5000 is the registry of the cluster itself (leave it out)`},
		{"cri: containerd\nssh: {user: vagrant}\narguments:\n", "registries: {mirrors: {docker.io: ['https://a']}}\n" +
			"arguments:\n  dockerd: {registry-mirror: 'https://b'}\n",
			`10:30: registries.mirrors says which mirrors docker.io has (leave the argument out)`},

		// Arguments.
		{`v: "4"`, `"a b": 4`, `11:20: "a b" is not the name of a flag`},
		{`{v: "4"}`, `[v]`, `11:19: expected a mapping, found a list`},
		{"kube-apiserver:", "kube-api-server:",
			`11:3: unknown component "kube-api-server" (did you mean "kube-apiserver"?)`},
		{`v: "4"`, `--v: 4`, `11:20: the flag "--v" has its leading dashes (write v)`},
		{`v: "4"`, `v: [4]`,
			`11:23: expected one value, found a list (join several with commas, as on the command line)`},
		{`v: "4"`, `v:`,
			`11:22: expected a value, found nothing (write "" for an empty one, true for a flag that takes none)`},
		{`v: "4"`, `v: "4\n"`, `11:23: "4\n" has a control character (a value is one line)`},
		{`v: "4"`, `service-node-port-range: 1-2`,
			`11:20: --service-node-port-range of kube-apiserver cannot be set ` +
				`(set network.nodePorts)`},
		{`v: "4"`, `service_node_port_range: 1-2`,
			`11:20: --service_node_port_range of kube-apiserver cannot be set ` +
				`(set network.nodePorts)`},
		{`v: "4"`, `max-requests-inflight: 1, max_requests_inflight: 2`,
			`11:46: --max-requests-inflight and --max_requests_inflight are the same flag`},
		{"runtime: docker\ncri: containerd\nssh: {user: vagrant}\narguments:\n",
			"runtime: containerd\narguments:\n  dockerd: {debug: true}\n",
			`9:12: dockerd has arguments, but does not run: runtime is containerd`},
	} {
		t.Run(tt.new, func(t *testing.T) {
			if strings.Count(base, tt.old) != 1 {
				t.Fatalf("%q is in the base %d times, want once", tt.old, strings.Count(base, tt.old))
			}
			_, err := parse("hosts.yaml", []byte(strings.Replace(base, tt.old, tt.new, 1)))
			var problems inventory.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("error %v, want %s", err, tt.want)
			}
			var got []string
			for _, p := range problems {
				text := fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message)
				if p.Hint != "" {
					text += " (" + p.Hint + ")"
				}
				got = append(got, text)
			}
			if text := strings.Join(got, "\n"); text != tt.want {
				t.Errorf("got\n%s\nwant\n%s", text, tt.want)
			}
		})
	}
}
