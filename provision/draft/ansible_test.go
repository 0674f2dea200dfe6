package draft

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// TestFormsOfAnsible: the same inventory as INI, as YAML, and as ansible-inventory --list prints
// it comes to the same hosts.
func TestFormsOfAnsible(t *testing.T) {
	var first string
	for _, name := range []string{"kubespray.ini", "kubespray.yaml", "kubespray.json"} {
		s, err := Ansible(name, read(t, name))
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("%+v", s)
		if first == "" {
			first = text
		}
		if text != first || len(s.Hosts) != 4 || strings.Contains(text, "s3cret") {
			t.Errorf("%s:\n%s\nwant\n%s", name, text, first)
		}
	}
}

// TestAnsibleRefuses: what Ansible itself would have to make out is refused, with its place and
// with how to have Ansible do it. No line of the file is shown.
func TestAnsibleRefuses(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"hosts", "", "hosts: error[KB1050]: no host is in the file"},
		{"hosts", "[all]\n", "no host is in the file"},
		{"hosts.sh", "#!/bin/sh\necho {}\n", "hosts.sh:1:1: error[KB1050]: the file is a program"},
		{"hosts", "$ANSIBLE_VAULT;1.1;AES256\n6162\n", "the file is a vault"},
		{"aws_ec2.yaml", "plugin: amazon.aws.aws_ec2\n", "aws_ec2.yaml:1:9: error[KB1050]: the file is for a plug-in"},
		{"hosts.ini", "a ansible_host={{ips.a}}\n", "hosts.ini:1:1: error[KB1050]: ansible_host of a is a template"},
		{"hosts.yaml", "all:\n  hosts:\n    a:\n      ansible_user: !vault |\n        6162\n",
			"hosts.yaml:4:21: error[KB1050]: ansible_user of a is encrypted or made by Ansible: !vault"},
		{"hosts.yaml", "- hosts: all\n", "the file is no inventory"},
		{"hosts.yaml", "all:\n  host:\n    a:\n", `hosts.yaml:2:3: error[KB1050]: "host" in the group "all"`},
		{"hosts.yaml", "all: [a\n", "hosts.yaml:"},
		{"hosts.ini", "a ansible_connection=local\n", `a is not reached by SSH but by "local"`},
		{"hosts.ini", "a ansible_port=ssh\n", `the port of a is "ssh"`},
		{"hosts.ini", "a ip=fe80::1\n", `the address of a is "fe80::1", and no IPv4 address`},
		{"hosts.ini", "a[1:3 x=y\n", "a bracket is not closed"},
		{"hosts.ini", "a[1-3]\n", "[1-3] is no range such as [1:3]"},
		{"hosts.ini", "a[3:1]\n", "a range without anything in it"},
		{"hosts.ini", "a[1:9999999]\n", "is no range"},
		{"hosts.ini", "a[1:999][1:999]\n", "more than 10000 hosts"},
		{"hosts.ini", "a 'ansible_password=s3cret\n", "a quote is not closed"},
		{"hosts.ini", "a secret s3cret\n", "as key=value"},
		{"hosts.ini", "[a:hosts]\nb\n", "[a:hosts]: a section is"},
		{"hosts.ini", "[a:vars]\ns3cret\n", "hosts.ini:2:1: error[KB1050]: a line of variables is key=value"},
		{"hosts.ini", "a ansible_ssh_common_args='-J me@:x'\n", "the jump host of a"},
	} {
		_, err := Ansible(test.name, []byte(test.text))
		if err == nil {
			t.Errorf("%s %q is taken", test.name, test.text)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v, want %s", test.text, err, test.want)
		}
		var problems inventory.Problems
		if !errors.As(err, &problems) || problems[0].Code != fault.ForeignInventory {
			t.Errorf("%q: %v", test.text, err)
		}
	}
	_, err := Ansible("hosts", []byte("$ANSIBLE_VAULT;1.1;AES256\n"))
	if !strings.Contains(err.Error(), "ansible-inventory -i INVENTORY --list --yaml > FILE") {
		t.Errorf("no way out is named: %v", err)
	}
}

// TestRanges: the names that a pattern stands for.
func TestRanges(t *testing.T) {
	for pattern, want := range map[string]string{
		"node": "node", "node[1:3]": "node1 node2 node3", "n[08:11]x": "n08x n09x n10x n11x", "[a:c]": "a b c",
		"n[1:7:3]": "n1 n4 n7", "r[1:2]n[a:b]": "r1na r1nb r2na r2nb", "n[:1]": "n0 n1",
	} {
		got, err := expandRange(pattern)
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v, want %s", pattern, got, err, want)
		}
	}
}

// TestAnsibleVariables: which variable holds, how hosts are reached, and what is not taken over.
func TestAnsibleVariables(t *testing.T) {
	s, err := Ansible("hosts", []byte(`
a:2200 ansible_user=own
b ansible_ssh_common_args='-o StrictHostKeyChecking=no -o ProxyJump="me@gate:22"'
c ansible_ssh_common_args='-o ProxyCommand="ssh -W %h:%p gate"'
10.0.0.7
[below]
a
b
[above:children]
below
[above:vars]
ansible_user=far
ansible_port = 1
[below:vars]
ansible_user = "near" # nearer
`))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, h := range s.Hosts {
		fmt.Fprintf(&got, "%s %t %s %d %s via %s %q\n", h.Name, h.IsNamed, h.SSH.Address, h.SSH.Port, h.SSH.User,
			way(h.SSH.Jump), h.Remarks)
	}
	const want = `a true a 2200 own via  []
b true b 1 near via me@gate:22 []
c true c 0  via  ["Ansible reaches it by a ProxyCommand, which is not supported: write the jump host as ssh.jump."]
10.0.0.7 false 10.0.0.7 0  via  []
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}

// FuzzAnsible: whatever a file has in it, it is read or refused, and what is made of it is YAML.
func FuzzAnsible(f *testing.F) {
	for _, name := range []string{"kubespray.ini", "kubespray.yaml", "kubespray.json"} {
		f.Add(name, "")
	}
	f.Add("a", "[x:children]\nx\n[x]\nlocalhost ip=1.2.3.4 ansible_user='y: [' ansible_port=0x1\n")
	f.Add("a.yaml", "all: {hosts: {\"a\\x07[1:2]\": {ansible_host: &a \"x # y\"}}, children: {all: }}")
	f.Fuzz(func(t *testing.T, name, text string) {
		s, err := Ansible(name, []byte(text))
		if err != nil || len(s.Hosts) > 100 {
			return
		}
		out := Propose(s, nil, nil).Text("/", "ask")
		if _, err := inventory.ReadYAML("hosts.yaml", []byte(out), fault.Unclassified); err != nil {
			t.Errorf("%v in\n%s", err, out)
		}
	})
}
