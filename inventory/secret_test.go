package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// A secret that a user wrote into the inventory is refused, and no message repeats it.
func TestSecretsAreNotShown(t *testing.T) {
	for _, line := range []string{
		"ssh: {user: 1, password: s3cret-Canary}", "ssh: {sudoPassword: s3cret-Canary, prot: 22}",
		"ssh:\n  passphrase: s3cret-Canary",
		"ssh: {ansible_become_pass: s3cret-Canary}", "SSH_PASSWD: s3cret-Canary",
	} {
		_, err := parse("hosts.yaml", []byte("cluster: demo\nkubernetes: v1.36.3\nhosts: []\n"+line+"\n"))
		var problems inventory.Problems
		if !errors.As(err, &problems) {
			t.Fatalf("%s: got %v", line, err)
		}
		hinted := false
		for _, p := range problems {
			hinted = hinted || strings.Contains(p.Hint, "passwordFile")
			if text := p.Message + p.Hint + p.Excerpt; strings.Contains(text, "Canary") {
				t.Errorf("%s: %+v", line, p)
			}
		}
		if !hinted || strings.Contains(err.Error(), "Canary") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
