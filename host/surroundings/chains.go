package surroundings

import (
	"cmp"
	"slices"
	"strings"
)

// BaseChain is a chain of the packet filter that every forwarded or incoming packet passes, and
// that drops some of them. A packet is only let through when no such chain of any table drops it.
type BaseChain struct {
	Table string // "inet site"
	Name  string
	Hook  string // HookForward or HookInput
	By    string // what drops: DropsByPolicy, or DropsByRule for a rule that is about every packet
	All   bool   // nothing before lets a packet through
}

// The hooks of a BaseChain.
const (
	HookInput   = "input"
	HookForward = "forward"
)

// What of a BaseChain drops.
const (
	DropsByPolicy = "policy"
	DropsByRule   = "rule"
)

// flannelChain is the chain in which flannel accepts what pods send. It comes at the end of
// FORWARD, and what is before it in the same chain counts.
const flannelChain = "FLANNEL-FWD"

// A verdict is what a rule does with the packets that it is about.
type verdict struct {
	all   bool   // it is about every packet
	drops bool   // it drops or rejects them
	to    string // the chain that it sends them to
}

// judge reports whether the chain drops packets that flannel's rules have not accepted, and notes
// by what.
func (c *BaseChain) judge(policyDrops bool, rules []verdict) bool {
	for i, rule := range rules {
		switch {
		case rule.to == flannelChain:
			return false
		case rule.all && rule.drops:
			accepts := func(v verdict) bool { return !v.drops && !isOfCluster(v.to) }
			c.By, c.All = DropsByRule, !slices.ContainsFunc(rules[:i], accepts)
			return true
		}
	}
	c.By, c.All = DropsByPolicy, len(rules) == 0
	// Flannel's rules will come into the chain of iptables.
	return policyDrops && (c.Hook != HookForward || c.Table != "ip filter" || c.Name != "FORWARD")
}

// isOfCluster reports whether a chain is one of kube-proxy or docker, which let only packets of
// their own through.
func isOfCluster(chain string) bool {
	return strings.HasPrefix(chain, "KUBE-") || strings.HasPrefix(chain, "DOCKER")
}

// legacyChains looks at the table of iptables-legacy, which counts next to that of iptables over
// nf_tables, or is the only one.
func (s looker) legacyChains() []BaseChain {
	if !strings.Contains(s.text("/proc/net/ip_tables_names"), "filter") {
		return nil
	}
	program := cmp.Or(s.Program("iptables-legacy"), s.Program("iptables"))
	if program == "" {
		return nil
	}
	var found []BaseChain
	for name, hook := range map[string]string{"FORWARD": HookForward, "INPUT": HookInput} {
		out, err := s.run(s.ctx, program, "-w", "-S", name)
		if err != nil {
			continue
		}
		chain := BaseChain{Table: "ip filter", Name: name, Hook: hook}
		policy, rules := readRules(string(out), name)
		if chain.judge(policy == "DROP", rules) {
			found = append(found, chain)
		}
	}
	return found
}

// readRules reads what iptables -S shows of a chain: "-P FORWARD DROP", "-A FORWARD -j REJECT".
func readRules(listing, chain string) (policy string, rules []verdict) {
	for line := range strings.Lines(listing) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == "-P" {
			policy = f[2]
		}
		i := slices.Index(f, "-j")
		if len(f) < 4 || f[0] != "-A" || f[1] != chain || i < 0 || i+1 == len(f) {
			continue
		}
		rules = append(rules, verdict{
			all: i == 2, drops: f[i+1] == "DROP" || f[i+1] == "REJECT", to: f[i+1],
		})
	}
	return policy, rules
}
