package sshconfig

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
)

// resolved resolves a host with a config.
func resolved(t *testing.T, h inventory.Host, config string, arrange func(*Resolver)) (*Endpoint, []string) {
	t.Helper()
	directives, err := parseConfig("config", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	r := &Resolver{Config: directives, Ask: true, Env: Environment{
		home: "/home/me", user: "me", uid: "1000", hostname: "here.example.org",
		variable: func(string) string { return "" }}}
	if arrange != nil {
		arrange(r)
	}
	e, err := r.Host(h)
	if err != nil {
		t.Fatal(err)
	}
	return e, r.Notes
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
		!slices.Equal(e.Credentials.Identities, []string{"/keys/config"}) ||
		e.Trust.Record != "/known/config" || e.Trust.Policy != "strict" || e.Via == nil {
		t.Errorf("from ssh_config: %+v", e)
	}
	h.SSH = inventory.SSH{Address: "w1.lan", Port: 22, User: "root", Key: "/keys/mine", KnownHosts: "/known/mine",
		HostKeyPolicy: "ask", Jump: []inventory.Jump{}}
	e, _ = resolved(t, h, config, nil)
	if e.Address != "10.0.0.9:22" || e.User != "root" || e.Sudo || e.Credentials.Key != "/keys/mine" ||
		e.Credentials.Identities != nil ||
		e.Trust.Record != "/known/mine" || e.Trust.Policy != "ask" || e.Via != nil {
		t.Errorf("from the inventory: %+v", e)
	}
	e, _ = resolved(t, h, config, func(r *Resolver) { r.Policy = "accept-new" })
	if e.Trust.Policy != "accept-new" {
		t.Errorf("from the command line: %q", e.Trust.Policy)
	}
}

// Neither says anything: these are the defaults.
func TestDefaults(t *testing.T) {
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "W1.lan"}}
	e, _ := resolved(t, h, "", nil)
	want := hostkey.Trust{Names: []string{"w1.lan"}, Principal: "w1.lan", Policy: "ask",
		Record: "/home/me/.ssh/known_hosts",
		Files: []string{
			"/home/me/.ssh/known_hosts", "/home/me/.ssh/known_hosts2", "/etc/ssh/ssh_known_hosts",
			"/etc/ssh/ssh_known_hosts2"}}
	if diff := cmp.Diff(want, e.Trust, cmp.AllowUnexported(hostkey.Trust{})); diff != "" {
		t.Error(diff)
	}
	if e.Address != "w1.lan:22" || e.User != "root" || e.Sudo {
		t.Errorf("%+v", e)
	}
	if e, _ = resolved(t, h, "", func(r *Resolver) { r.Ask = false }); e.Trust.Policy != "strict" {
		t.Errorf("without a terminal: %q", e.Trust.Policy)
	}
}

func TestTokens(t *testing.T) {
	const config = "HostName %h.lan\nPort 2022\nUser ops\nHostKeyAlias k\nIdentityFile " +
		"~/.ssh/%r_%h_%p_%n_%u_%l_%L_%i_%k\nIdentityFile %d/%%x\nIdentityFile ${KEYS}/a\n"
	e, _ := resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}}, config, func(r *Resolver) {
		r.Env.variable = func(name string) string { return "/of/" + name }
	})
	want := []string{"/home/me/.ssh/ops_w1.lan_2022_w1_me_here.example.org_here_1000_k", "/home/me/%x", "/of/KEYS/a"}
	if !slices.Equal(e.Credentials.Identities, want) {
		t.Errorf("got %q, want %q", e.Credentials.Identities, want)
	}
	if !slices.Equal(e.Trust.Names, []string{"k"}) || e.Trust.Principal != "k" {
		t.Errorf("names %q, principal %q", e.Trust.Names, e.Trust.Principal)
	}
}

// No setting of ssh_config turns the check off, and what is not honoured is told.
func TestCheckIsNeverOff(t *testing.T) {
	h := inventory.Host{Name: "w1", SSH: inventory.SSH{Address: "w1"}}
	e, notes := resolved(t, h, "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nRevokedHostKeys none\n", nil)
	if e.Trust.Policy != "accept-new" || e.Trust.Record != "/home/me/.ssh/known_hosts" {
		t.Errorf("%+v", e.Trust)
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
		"Match host w1 exec \"touch /tmp/never\"\n  User never\nMatch host other exec true\n  User never\n"+
			"Host *\n  User me\n", nil)
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
		SSH: inventory.SSH{Address: "w1", Key: "/keys/mine", KnownHosts: "/known",
			Jump: []inventory.Jump{bastion, inner}}},
		config, nil)
	if hop := e.Via; hop.Credentials.Key != "/keys/ops" || hop.Trust.Pin != "SHA256:x" ||
		hop.Trust.Record != "/known" ||
		hop.Name != "inner" {
		t.Errorf("inner: %+v", hop)
	}
	if hop := e.Via.Via; hop.Credentials.Key != "" ||
		!slices.Equal(hop.Credentials.Identities, []string{"/keys/gate"}) || hop.Trust.Pin != "" {
		t.Errorf("bastion: %+v", hop)
	}
	// Everybody goes through the bastion, but for the bastion.
	e, _ = resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}},
		"Host *\n  ProxyJump bastion\n", nil)
	if got := way(e); got != "me@bastion:22 root@w1:22" {
		t.Errorf("Host *: %s", got)
	}
	e, _ = resolved(t, inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "w1"}}, "Host *\n  ProxyJump a,b\n", nil)
	if got := way(e); got != "me@a:22 me@b:22 root@w1:22" {
		t.Errorf("Host * with two: %s", got)
	}
}

// The names of an IPv6 address, with and without a port.
func TestIPv6(t *testing.T) {
	h := inventory.Host{Name: "m1", SSH: inventory.SSH{Address: "2001:DB8::7", Config: "none"}}
	for port, want := range map[int]string{0: "2001:db8::7", 22: "2001:db8::7", 2222: "[2001:db8::7]:2222"} {
		h.SSH.Port = port
		e, _ := resolved(t, h, "", nil)
		if e.Trust.Names[0] != want {
			t.Errorf("port %d: %q, want %q", port, e.Trust.Names[0], want)
		}
		if want := "[2001:db8::7]:" + strconv.Itoa(max(port, 22)); e.Address != want {
			t.Errorf("port %d: %q, want %q", port, e.Address, want)
		}
	}
}
