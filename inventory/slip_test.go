package inventory_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// sound is an inventory without a problem, into which TestSlips makes one.
const sound = `cluster: demo
kubernetes: v1.36.3
network:
  pods: 10.244.0.0/16
  services: 10.96.0.0/12
  nodePorts: 30000-32767
ssh:
  user: vagrant
  port: 22
hosts:
  - name: cp1
    address: 192.168.56.11
    roles: [etcd, control-plane]
  - name: w1
    address: 192.168.56.12
    roles: [worker]
`

// TestSlips: what fingers, input methods and editors do to an inventory is answered with its place,
// its cause and what to write.
func TestSlips(t *testing.T) {
	if _, err := parse("hosts.yaml", []byte(sound)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ old, new, place, message, hint string }{
		"no space after the colon": {"user: vagrant", "user:vagrant", "8:", "", `write a space after "user:"`},
		"the only pair without a space": {
			"  user: vagrant\n  port: 22", "  user:vagrant", "8:3", "expected a mapping", `write a space after "user:"`,
		},
		"a full-width colon": {"user: vagrant", "user： vagrant", "8:", "", `'：' of the line only looks like ":"`},
		"the only pair with a full-width colon": {
			"  user: vagrant\n  port: 22", "  user：vagrant", "8:3", "expected a mapping", `only looks like ":"`,
		},
		"full-width brackets": {
			"roles: [worker]", "roles: 【worker】", "16:12", "expected a list", `only looks like "["`,
		},
		"full-width comma": {
			"[etcd, control-plane]", "[etcd，control-plane]", "13:13", "unknown role", `only looks like ","`,
		},
		"a no-break space": {
			"  user: vagrant\n  port: 22", "  user:\u00a0vagrant", "8:3", "expected a mapping",
			"only looks like a space (U+00A0)",
		},
		"a quote that is not closed": {"user: vagrant", `user: "vagrant`, "8:9", "not YAML", "close the quote"},
		"a bracket that is not closed": {
			"[etcd, control-plane]", "[etcd, control-plane", "", "not YAML", "close each bracket",
		},
		"no dash before a host": {"  - name: w1", "  name: w1", "14:3", "not YAML", `begins with "- "`},
		"a field without its value": {
			"cluster: demo", "cluster:", "1:9", "the inventory has no cluster", "write it after the colon",
		},
		"hosts without any": {
			sound[strings.Index(sound, "hosts:"):], "hosts:\n", "10:", "there are no hosts", "begins with",
		},
		"a list instead": {sound, "- cluster: demo\n", "1:1", "found a list", `begins with "cluster: NAME"`},
		"text instead":   {sound, "demo\n", "1:1", "found the text", `begins with "cluster: NAME"`},
		"a range that is reversed": {
			"30000-32767", "32767-30000", "6:14", "ends before it begins", "did you mean 30000-32767?",
		},
		"numbers that are no address": {
			"192.168.56.12", "192.168.56.300", "15:14", "is not an IP address", "four numbers from 0 to 255",
		},
		"a name for an address": {"192.168.56.12", "w1.example.org", "15:14", "is not an IP address", "ssh.address"},
		"networks that overlap": {
			"10.96.0.0/12", "10.244.128.0/20", "5:13", "overlaps network.pods", "by default pods have 10.244.0.0/16",
		},
		"hosts in the network of pods": {
			"10.244.0.0/16", "192.168.0.0/16", "12:14", "is in network.pods", "by default pods have 10.244.0.0/16",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(sound, test.old) {
				t.Fatalf("%q is not there to be replaced", test.old)
			}
			_, err := parse("hosts.yaml", []byte(strings.Replace(sound, test.old, test.new, 1)))
			var problems inventory.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			p := problems[0]
			if !strings.HasPrefix(fmt.Sprintf("%d:%d", p.Line, p.Column), test.place) ||
				!strings.Contains(p.Message, test.message) || !strings.Contains(p.Hint, test.hint) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestDirectoryForAFile: an inventory that is a directory is answered with the file in it.
func TestDirectoryForAFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hosts.yaml"), []byte(sound), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := inventory.Load(dir, inventory.Rules{})
	hinted, ok := err.(interface{ Hint() string })
	if !ok || !strings.Contains(hinted.Hint(), filepath.Join(dir, "hosts.yaml")) {
		t.Errorf("got %v", err)
	}
}
