package sshconfig

import (
	"fmt"
	"strings"
	"testing"

	"kbootstrap/fault"
)

// TestListed: the hosts of a file that stands for itself, as Vagrant prints one.
func TestListed(t *testing.T) {
	hosts, err := Listed("out", []byte(`
Host cp1 cp1.vm
  HostName 127.0.0.1
  Port 2222
  IdentityFile "/my keys/a"
  IdentityFile /my/b
Host w1
  HostName %h.example.org
  User own
  ProxyJump me@gate:2200,second
Host cp1
  Port 1
Host *.vm !x
  Port 7
Host *
  User vagrant
  IdentityFile none
`))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, h := range hosts {
		s := h.SSH
		fmt.Fprintf(&got, "%d %s %s@%s:%d %q %d\n", h.Line, h.Name, s.User, s.Address, s.Port, s.Key, len(s.Jump))
	}
	const want = `2 cp1 vagrant@127.0.0.1:2222 "/my keys/a" 0
2 cp1.vm vagrant@127.0.0.1:2222 "/my keys/a" 0
7 w1 own@w1.example.org:0 "" 2
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", &got, want)
	}
}

// TestListedRefuses: what such a file cannot say, with its place.
func TestListedRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"Host a\n  Port x":                      `out:2: "x" is not a port`,
		"Host a\n  ProxyCommand ssh b -W %h:%p": "out:2: ProxyCommand is not supported",
		"Host a\n  ProxyJump a:b:c":             "out:2: ProxyJump a:b:c:",
		"Include other":                         "out:1: include is not followed",
		"Match all":                             "out:1: match is not followed",
		"Host \"a":                              "out:1: a quote is not closed",
	} {
		_, err := Listed("out", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || fault.Of(err) != fault.ConfigInvalid {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
