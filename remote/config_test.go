package remote

import (
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/trial"
)

// TestConfigThatCannotBeUsed: the place and the reason are named, and no host is touched.
func TestConfigThatCannotBeUsed(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	file := filepath.Join(home, "config")
	for _, c := range []struct{ text, want string }{
		{"Host *\nPort ssh", `config:2: "ssh" is not a port`},
		{"Host *\nPort", "config:2: Port has no value"},
		{"User a b", "config:1: user has more than one value"},
		{"User \"a", "config:1: a quote is not closed"},
		{"= x", "config:1: a line begins with an equals sign"},
		{"HostName %x", `config:1: "%x": %x is not supported here`},
		{"IdentityFile 100%", `config:1: "100%" ends with a percent sign`},
		{"IdentityFile ${NOT_SET_ANYWHERE}/x", "config:1: the environment variable ${NOT_SET_ANYWHERE}/x is not set"},
		{"IdentitiesOnly maybe", `config:1: "maybe" is neither yes nor no`},
		{"StrictHostKeyChecking sometimes",
			`config:1: StrictHostKeyChecking is yes, ask, accept-new or no, not "sometimes"`},
		{"ConnectTimeout soon", `config:1: "soon" is not a time`},
		{"ProxyJump a:b", `config:1: ProxyJump a:b: "b" is not a port`},
		{"ProxyCommand nc %h %p", "config:1: ProxyCommand is not supported"},
		{"RevokedHostKeys /revoked", "config:1: RevokedHostKeys is not supported"},
		{"Match host", "config:1: Match host has no value"},
		{"Include " + file, "include each other more than 16 times deep"},
		{"Host a\nProxyJump b\nHost b\nProxyJump c\nHost c\nProxyJump a", "the jump hosts form a circle: a, b, c, a"},
	} {
		trial.Write(t, file, c.text, 0o600)
		h := hostAt("a:22")
		h.SSH.Port, h.SSH.Config = 0, file
		err := dial(h)
		if err == nil || !strings.Contains(err.Error(), "m1: ssh_config: ") {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		failed(t, err, Config, c.want)
		if fault.Of(err) != fault.ConfigInvalid {
			t.Errorf("%s: code %q", c.text, fault.Of(err))
		}
	}
	trial.Write(t, file, "", 0o622)
	h := hostAt("a:22")
	h.SSH.Config = file
	failed(t, dial(h), Config, "others can write to it", "chmod go-w "+file)
	h.SSH.Config = filepath.Join(home, "missing")
	failed(t, dial(h), Config, "missing", "no such file")
}
