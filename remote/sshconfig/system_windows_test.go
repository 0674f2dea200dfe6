package sshconfig

import (
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// TestAgentPipe: the agent is the pipe of Windows, unless SSH_AUTH_SOCK or ssh_config says
// otherwise.
func TestAgentPipe(t *testing.T) {
	for _, c := range []struct{ variable, config, want string }{
		{"", "", `\\.\pipe\openssh-ssh-agent`},
		{`\\.\pipe\other`, "", `\\.\pipe\other`},
		{"", "IdentityAgent none", ""},
		{"", `IdentityAgent //./pipe/third`, `//./pipe/third`},
	} {
		config, err := parseConfig("config", []byte(c.config+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		r := Resolver{Config: config, Env: Environment{home: `C:\Users\admin`, user: "admin",
			variable: func(name string) string {
				if name == "SSH_AUTH_SOCK" {
					return c.variable
				}
				return ""
			}}}
		e, err := r.Host(inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "192.0.2.1", Agent: true}})
		if err != nil || e.Credentials.Agent != c.want {
			t.Errorf("%+v: agent %q, %v", c, e.Credentials.Agent, err)
		}
	}
}

func TestLoginName(t *testing.T) {
	for given, want := range map[string]string{`DESKTOP-1\Admin`: "admin", `CORP\ada`: "ada", "ada": "ada"} {
		if got := loginName(given); got != want {
			t.Errorf("%s: %s, want %s", given, got, want)
		}
	}
}

func TestSystemDir(t *testing.T) {
	t.Setenv("PROGRAMDATA", `D:\data`)
	if dir := systemDir(); !strings.EqualFold(dir, `D:\data\ssh`) {
		t.Errorf("the system's files are in %s", dir)
	}
}
