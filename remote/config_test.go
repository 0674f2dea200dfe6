package remote

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// configs are files whose meaning is whatever ssh says it is. HOME is replaced by the test's home directory.
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
Match localuser nobody-of-that-name
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
	ssh := tool(t, "ssh")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	// ssh takes the home directory from the user database, so that is where the included files have to be named.
	home := t.TempDir()
	t.Setenv("HOME", home)
	for name, text := range included {
		writeFile(t, filepath.Join(home, name), text, 0o600)
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
		writeFile(t, file, absolute(text, home), 0o600)
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
				env := thisEnvironment()
				env.variable = func(name string) string { return "$" + name }
				r := resolver{config: directives, env: env, ask: true}
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

// absolute names the included files by their whole path: ssh looks for relative ones in the home directory of the user
// database, which is not the test's.
func absolute(text, home string) string {
	text = strings.ReplaceAll(text, "Include inner/", "Include "+home+"/.ssh/inner/")
	return strings.ReplaceAll(text, "Include plain", "Include "+home+"/.ssh/plain")
}

// printed is what ssh -G says about the keywords that matter here. It prints defaults as well, and the home directory of the
// user database.
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
		"hostname": {strings.Trim(e.Address[:colon], "[]")}, "port": {e.Address[colon+1:]}, "user": {strings.ToLower(e.User)},
		"identitiesonly": {word(e.credentials.only, "yes", "no")}, "hashknownhosts": {word(e.trust.hash, "yes", "no")},
		"connecttimeout": {"none"}, "stricthostkeychecking": {map[string]string{"strict": "true", "ask": "ask",
			"accept-new": "accept-new"}[e.trust.policy]},
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
		got["identityfile"] = e.credentials.identities
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
	got["userknownhostsfile"], got["globalknownhostsfile"] = e.trust.files[:own], e.trust.files[own:]
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
			got["identityagent"] = []string{e.credentials.agent}
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
		{"StrictHostKeyChecking sometimes", `config:1: StrictHostKeyChecking is yes, ask, accept-new or no, not "sometimes"`},
		{"ConnectTimeout soon", `config:1: "soon" is not a time`},
		{"ProxyJump a:b", `config:1: ProxyJump a:b: "b" is not a port`},
		{"ProxyCommand nc %h %p", "config:1: ProxyCommand is not supported"},
		{"RevokedHostKeys /revoked", "config:1: RevokedHostKeys is not supported"},
		{"Match host", "config:1: Match host has no value"},
		{"Include " + file, "include each other more than 16 times deep"},
		{"Host a\nProxyJump b\nHost b\nProxyJump c\nHost c\nProxyJump a", "the jump hosts form a circle: a, b, c, a"},
	} {
		writeFile(t, file, c.text, 0o600)
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
	writeFile(t, file, "", 0o622)
	h := hostAt("a:22")
	h.SSH.Config = file
	failed(t, dial(h), Config, "others can write to it", "chmod go-w "+file)
	h.SSH.Config = filepath.Join(home, "missing")
	failed(t, dial(h), Config, "missing", "no such file")
}

// resolved resolves a host with a config.
func resolved(t *testing.T, h inventory.Host, config string, arrange func(*resolver)) (*Endpoint, []string) {
	t.Helper()
	directives, err := parseConfig("config", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	r := &resolver{config: directives, ask: true, env: environment{
		home: "/home/me", user: "me", uid: "1000", hostname: "here.example.org", variable: func(string) string { return "" }}}
	if arrange != nil {
		arrange(r)
	}
	e, err := r.host(h)
	if err != nil {
		t.Fatal(err)
	}
	return e, r.notes
}

// What the inventory says wins over ssh_config, and the command line's policy over both.
func TestInventoryWins(t *testing.T) {
	const config = `
Host *
  HostName 10.0.0.9
  Port 2222
  User them
  IdentityFile /keys/config
  UserKnownHostsFile /known/config
  StrictHostKeyChecking yes
  ProxyJump bastion
`
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "w1.lan"}}
	e, _ := resolved(t, h, config, nil)
	if e.Address != "10.0.0.9:2222" || e.User != "them" || !e.Sudo ||
		!slices.Equal(e.credentials.identities, []string{"/keys/config"}) ||
		e.trust.record != "/known/config" || e.trust.policy != "strict" || e.Via == nil {
		t.Errorf("from ssh_config: %+v", e)
	}
	h.SSH = inventory.SSH{Address: "w1.lan", Port: 22, User: "root", Key: "/keys/mine", KnownHosts: "/known/mine",
		HostKeyPolicy: "ask", Jump: []inventory.Jump{}}
	e, _ = resolved(t, h, config, nil)
	if e.Address != "10.0.0.9:22" || e.User != "root" || e.Sudo || e.credentials.key != "/keys/mine" ||
		e.credentials.identities != nil ||
		e.trust.record != "/known/mine" || e.trust.policy != "ask" || e.Via != nil {
		t.Errorf("from the inventory: %+v", e)
	}
	e, _ = resolved(t, h, config, func(r *resolver) { r.policy = "accept-new" })
	if e.trust.policy != "accept-new" {
		t.Errorf("from the command line: %q", e.trust.policy)
	}
}

// Neither says anything: these are the defaults.
func TestDefaults(t *testing.T) {
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "W1.lan"}}
	e, _ := resolved(t, h, "", nil)
	want := trust{names: []string{"w1.lan"}, principal: "w1.lan", policy: "ask", record: "/home/me/.ssh/known_hosts",
		files: []string{
			"/home/me/.ssh/known_hosts", "/home/me/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"}}
	if diff := cmp.Diff(want, e.trust, cmp.AllowUnexported(trust{})); diff != "" {
		t.Error(diff)
	}
	if e.Address != "w1.lan:22" || e.User != "root" || e.Sudo {
		t.Errorf("%+v", e)
	}
	if e, _ = resolved(t, h, "", func(r *resolver) { r.ask = false }); e.trust.policy != "strict" {
		t.Errorf("without a terminal: %q", e.trust.policy)
	}
}

func TestTokens(t *testing.T) {
	const config = "HostName %h.lan\nPort 2022\nUser ops\nHostKeyAlias k\nIdentityFile " +
		"~/.ssh/%r_%h_%p_%n_%u_%l_%L_%i_%k\nIdentityFile %d/%%x\nIdentityFile ${KEYS}/a\n"
	e, _ := resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}}, config, func(r *resolver) {
		r.env.variable = func(name string) string { return "/of/" + name }
	})
	want := []string{"/home/me/.ssh/ops_w1.lan_2022_w1_me_here.example.org_here_1000_k", "/home/me/%x", "/of/KEYS/a"}
	if !slices.Equal(e.credentials.identities, want) {
		t.Errorf("got %q, want %q", e.credentials.identities, want)
	}
	if !slices.Equal(e.trust.names, []string{"k"}) || e.trust.principal != "k" {
		t.Errorf("names %q, principal %q", e.trust.names, e.trust.principal)
	}
}

// No setting of ssh_config turns the check off, and what is not honoured is told.
func TestCheckIsNeverOff(t *testing.T) {
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "w1"}}
	e, notes := resolved(t, h, "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nRevokedHostKeys none\n", nil)
	if e.trust.policy != "accept-new" || e.trust.record != "/home/me/.ssh/known_hosts" {
		t.Errorf("%+v", e.trust)
	}
	for i, want := range []string{"config:1: host keys are always checked, so StrictHostKeyChecking no",
		"config:2: host keys are always checked, so /home/me/.ssh/known_hosts"} {
		if len(notes) != 2 || !strings.HasPrefix(notes[i], want) {
			t.Errorf("notes %q", notes)
		}
	}
}

// A Match that would run a program does not hold; the rest of the file does, and the user is told.
func TestMatchThatIsNotEvaluated(t *testing.T) {
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "w1"}}
	e, notes := resolved(t, h,
		"Match host w1 exec \"touch /tmp/never\"\n  User never\nMatch host other exec true\n  User never\nHost *\n  User "+
			"me\n", nil)
	if e.User != "me" {
		t.Errorf("user %q", e.User)
	}
	if len(notes) != 1 || notes[0] != "config:1: Match exec is not supported, so the lines below it do not apply" {
		t.Errorf("notes %q", notes)
	}
}

// Jump hosts have an entry of their own in ssh_config, and what the inventory says about them wins.
func TestJumpHosts(t *testing.T) {
	const config = `
Host bastion
  HostName bastion.example.org
  User gate
  Port 2022
  IdentityFile /keys/gate
Host inner
  HostName 10.0.0.2
Host w1
  ProxyJump bastion,other@inner:23
Host outer
  ProxyJump bastion
`
	way := func(e *Endpoint) string {
		var all []string
		for ; e != nil; e = e.Via {
			all = append([]string{e.User + "@" + e.Address}, all...)
		}
		return strings.Join(all, " ")
	}
	bastion, inner := inventory.Jump{Address: "bastion"},
		inventory.Jump{Address: "inner", User: "ops", Port: 24, Key: "/keys/ops", HostKey: "SHA256:x"}
	for _, c := range []struct {
		name, want string
		ssh        inventory.SSH
	}{
		{"ssh_config", "gate@bastion.example.org:2022 other@10.0.0.2:23 root@w1:22", inventory.SSH{Address: "w1"}},
		{"inventory", "gate@bastion.example.org:2022 ops@10.0.0.2:24 vagrant@w1:22",
			inventory.SSH{Address: "w1", User: "vagrant", Jump: []inventory.Jump{bastion, inner}}},
		{"the user of the host", "vagrant@10.0.0.2:22 vagrant@w1:22",
			inventory.SSH{Address: "w1", User: "vagrant", Jump: []inventory.Jump{{Address: "inner"}}}},
		{"none", "root@w1:22", inventory.SSH{Address: "w1", Jump: []inventory.Jump{}}},
		{"nested", "gate@bastion.example.org:2022 root@outer:22 root@w2:22",
			inventory.SSH{Address: "w2", Jump: []inventory.Jump{{Address: "outer"}}}},
	} {
		e, _ := resolved(t, inventory.Host{Name: "m1", SSH: c.ssh}, config, nil)
		if got := way(e); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	e, _ := resolved(t, inventory.Host{Name: "m1",
		SSH: inventory.SSH{Address: "w1", Key: "/keys/mine", KnownHosts: "/known", Jump: []inventory.Jump{bastion, inner}}},
		config, nil)
	if hop := e.Via; hop.credentials.key != "/keys/ops" || hop.trust.pin != "SHA256:x" || hop.trust.record != "/known" ||
		hop.Name != "inner" {
		t.Errorf("inner: %+v", hop)
	}
	if hop := e.Via.Via; hop.credentials.key != "" ||
		!slices.Equal(hop.credentials.identities, []string{"/keys/gate"}) || hop.trust.pin != "" {
		t.Errorf("bastion: %+v", hop)
	}
	// Everybody goes through the bastion, but for the bastion.
	e, _ = resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}}, "Host *\n  ProxyJump bastion\n", nil)
	if got := way(e); got != "me@bastion:22 root@w1:22" {
		t.Errorf("Host *: %s", got)
	}
	e, _ = resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}}, "Host *\n  ProxyJump a,b\n", nil)
	if got := way(e); got != "me@a:22 me@b:22 root@w1:22" {
		t.Errorf("Host * with two: %s", got)
	}
}

// FuzzConfig: whatever stands in ssh_config and known_hosts, there is an answer or an error, and no setting turns the check
// of host keys off.
func FuzzConfig(f *testing.F) {
	for _, text := range configs {
		f.Add(text, "w1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n", "w1")
	}
	f.Fuzz(func(t *testing.T, config, known, name string) {
		directives, err := parseConfig("config", []byte(config))
		if err != nil {
			checkPlace(t, err)
			return
		}
		r := &resolver{config: directives, env: environment{home: "/home/me", user: "me",
			variable: func(string) string { return "" }}}
		e, err := r.host(inventory.Host{Name: "w1", SSH: inventory.SSH{Address: name, Agent: true}})
		if err != nil {
			checkPlace(t, err)
			return
		}
		for hop := e; hop != nil; hop = hop.Via {
			if p := hop.trust.policy; p != "strict" && p != "accept-new" || slices.Contains(hop.trust.files, os.DevNull) &&
				hop.trust.record == os.DevNull {
				t.Errorf("trust %+v", hop.trust)
			}
			if len(hop.trust.names) == 0 || hop.Address == "" {
				t.Errorf("endpoint %+v", hop)
			}
		}
		lines := parseKnownHosts("known_hosts", []byte(known))
		for _, l := range lines.about(e.trust.names[0]) {
			if l.bad == nil && l.key == nil || l.line < 1 || l.line > strings.Count(known, "\n")+1 {
				t.Errorf("line %+v", l)
			}
		}
	})
}

// checkPlace fails the test unless the error has its code.
func checkPlace(t *testing.T, err error) {
	t.Helper()
	var known *fault.Error
	if !errors.As(err, &known) || known.Code != fault.ConfigInvalid {
		t.Errorf("%v has no code", err)
	}
}
