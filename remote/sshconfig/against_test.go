package sshconfig

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/internal/trial"
	"kbootstrap/inventory"
)

// configs are files whose meaning is whatever ssh says it is. HOME is replaced by the test's home
// directory.
var configs = map[string]string{
	"nothing": "",
	"first value holds": `
Host w1
  HostName 10.0.0.1
  User one
Host w*
  User two
  Port 2222
Host *
  Port 3333
  HostName 10.9.9.9
`,
	"patterns": `
Host w? !w2
  User question
Host *.example.org w2
  User star
Host !w1 *
  Port 2201
`,
	"equals, quotes, tabs, comments": "Host=w1\tw2 # not a comment for Host\n\tHostName = \"10.0.0.3\"\n  user 'some " +
		"one' # trailing\n#Port 1\n" +
		"   IdentityFile \"HOME/my key\"\nHOST \"w3\"\n\tPORT=77\r\nHost w4\n  User a\\\"b\n",
	"tokens": `
Host w*
  HostName %h.example.org
  Port 2022
  User ops
  UserKnownHostsFile ~/.ssh/known_%h HOME/other
  IdentityAgent ~/agent-%u.sock
`,
	"match": `
Match originalhost w1
  HostName 10.0.0.5
Match host 10.0.0.5,w2
  User matched
Match !host w3 user matched
  Port 2200
Match localuser nouser
  Port 9
Match all
  HostKeyAlias everybody
`,
	"match negated and equals": `
Match host="w1,w2" !originalhost=w2
  User a
Match user root,a
  Port 1000
`,
	"match final": `
Match final host *.example.org
  User late
Host w1
  HostName w1.example.org
Match !final host w2
  Port 12
`,
	"several identities": `
Host w1
  IdentityFile ~/.ssh/a
  IdentitiesOnly yes
Host *
  IdentityFile ~/.ssh/b
  IdentityFile ~/.ssh/a
`,
	"trust": `
Host w1
  StrictHostKeyChecking accept-new
  HashKnownHosts yes
  GlobalKnownHostsFile /etc/one /etc/two
  HostKeyAlias Alias-One
Host w2
  StrictHostKeyChecking yes
  UserKnownHostsFile none
Host w3
  StrictHostKeyChecking no
`,
	"jump": `
Host w1
  ProxyJump ops@bastion:2022,inner
Host w2
  ProxyJump none
Host w3
  ProxyCommand none
Host w4
  ProxyJump [fd00::1]:22
Host w*
  ProxyJump elsewhere
`,
	"time":  "Host w1\nConnectTimeout 7\nHost *\nConnectTimeout 90\n",
	"agent": "Host w1\nIdentityAgent none\nHost w2\nIdentityAgent SSH_AUTH_SOCK\nHost w3\nIdentityAgent $OTHER_AGENT\n",
	"include": `
Host w1
  Include inner/*.conf
  Include inner/.[4]*
Host w2
  User outer
Include "HOME/.ssh/plain" /no/such/file
Host *
  User last
`,
	"include in a block that does not hold": "Host w9\nInclude plain\n",
}

// included are the files that "include" includes.
var included = map[string]string{
	".ssh/inner/.4.conf": "Host *\nConnectTimeout 4\n",
	".ssh/inner/1.conf":  "User first\nHost w2\nUser never\n",
	".ssh/inner/2.conf":  "Host *\nUser second\nPort 22022\n",
	".ssh/inner/.3.conf": "Host *\nPort 1\nHashKnownHosts yes\n", // not matched by a star
	".ssh/plain":         "Host w3\nPort 33\nHost *\n",
}

// TestConfigAgainstSSH: what we make of a file is what ssh -G prints.
func TestConfigAgainstSSH(t *testing.T) {
	ssh := trial.Program(t, "ssh")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	// ssh takes the home directory from the user database, so that is where the included files have
	// to be named.
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, text := range included {
		trial.Write(t, filepath.Join(home, name), text, 0o600)
	}
	if err := os.Symlink("nowhere", filepath.Join(home, ".ssh/inner/0.conf")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(home, ".ssh/inner/5.conf"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range configs {
		text = strings.ReplaceAll(text, "HOME", home)
		file := filepath.Join(home, "config")
		trial.Write(t, file, absolute(text, home), 0o600)
		for _, host := range []string{"w1", "w2", "w3", "w4", "x.example.org"} {
			t.Run(name+"/"+host, func(t *testing.T) {
				out, err := exec.CommandContext(t.Context(), ssh, "-G", "-F", file, host).CombinedOutput()
				if err != nil {
					t.Fatalf("ssh -G: %v: %s", err, out)
				}
				want := printed(string(out), me.HomeDir, home)
				directives, err := readConfig(file, home)
				if err != nil {
					t.Fatal(err)
				}
				env := ThisEnvironment()
				env.variable = func(name string) string { return "$" + name }
				r := Resolver{Config: directives, Env: env, Ask: true}
				l, err := lookUpConfig(directives, host, "", me.Username)
				if err != nil {
					t.Fatal(err)
				}
				e, err := r.endpoint(inventory.SSH{Address: host, Agent: true, Jump: []inventory.Jump{}},
					inventory.SSH{User: me.Username}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, meaning(e, l), cmp.Comparer(func(a,
					b []string) bool {
					return slices.Equal(a, b)
				})); diff != "" {
					t.Errorf("-ssh +we\n%s", diff)
				}
			})
		}
	}
}

// absolute names the included files by their whole path: ssh looks for relative ones in the home
// directory of the user database, which is not the test's.
func absolute(text, home string) string {
	text = strings.ReplaceAll(text, "Include inner/", "Include "+home+"/.ssh/inner/")
	return strings.ReplaceAll(text, "Include plain", "Include "+home+"/.ssh/plain")
}

// printed is what ssh -G says about the keywords that matter here. It prints defaults as well, and
// the home directory of the user database.
func printed(out, from, to string) map[string][]string {
	got := map[string][]string{}
	for line := range strings.Lines(out) {
		keyword, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.ReplaceAll(value, from+"/", to+"/")
		switch keyword {
		case "hostname", "port", "user", "hostkeyalias", "stricthostkeychecking", "hashknownhosts", "proxyjump",
			"connecttimeout", "identitiesonly":
			got[keyword] = []string{strings.ToLower(value)}
		case "identityfile":
			got[keyword] = append(got[keyword], value)
		case "userknownhostsfile", "globalknownhostsfile":
			got[keyword] = strings.Fields(value)
		case "identityagent":
			got[keyword] = []string{value}
		}
	}
	// Without an IdentityFile ssh prints its defaults, with tildes.
	if slices.ContainsFunc(got["identityfile"], func(p string) bool {
		return strings.HasSuffix(p, "/id_xmss") ||
			strings.HasSuffix(p, "id_dsa")
	}) {
		delete(got, "identityfile")
	}
	for keyword, values := range got {
		for i, v := range values {
			if rest, ok := strings.CutPrefix(v, "~/"); ok {
				got[keyword][i] = filepath.Join(to, rest)
			}
		}
	}
	return got
}

// meaning is an Endpoint in the words of ssh -G.
func meaning(e *Endpoint, l *lookup) map[string][]string {
	colon := strings.LastIndex(e.Address, ":")
	got := map[string][]string{
		"hostname":       {strings.Trim(e.Address[:colon], "[]")},
		"port":           {e.Address[colon+1:]},
		"user":           {strings.ToLower(e.User)},
		"identitiesonly": {word(e.Credentials.Only, "yes", "no")}, "hashknownhosts": {word(e.Trust.Hash, "yes", "no")},
		"connecttimeout": {"none"}, "stricthostkeychecking": {map[string]string{"strict": "true", "ask": "ask",
			"accept-new": "accept-new"}[e.Trust.Policy]},
	}
	if l.value("stricthostkeychecking") == "no" {
		got["stricthostkeychecking"] = []string{"false"} // that is not honoured
	}
	if e.Timeout != 0 {
		got["connecttimeout"] = []string{fmt.Sprint(int(e.Timeout.Seconds()))}
	}
	if alias := l.value("hostkeyalias"); alias != "" {
		got["hostkeyalias"] = []string{strings.ToLower(alias)}
	}
	if len(l.keys) > 0 {
		got["identityfile"] = e.Credentials.Identities
	}
	if d, ok := l.first["proxy"]; ok && d.keyword == "proxyjump" && d.args[0] != "none" {
		got["proxyjump"] = []string{strings.ToLower(d.args[0])}
	}
	own := 2
	if d, ok := l.first["userknownhostsfile"]; ok {
		if own = len(d.args); d.args[0] == "none" {
			own = 0
		}
	}
	got["userknownhostsfile"], got["globalknownhostsfile"] = e.Trust.Files[:own], e.Trust.Files[own:]
	if own == 0 {
		got["userknownhostsfile"] = []string{"none"}
	}
	if d, ok := l.first["identityagent"]; ok {
		switch d.args[0] {
		case "none":
			got["identityagent"] = []string{"none"}
		case "SSH_AUTH_SOCK":
			got["identityagent"] = []string{"SSH_AUTH_SOCK"}
		default:
			got["identityagent"] = []string{e.Credentials.Agent}
		}
	}
	return got
}

func word(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}
