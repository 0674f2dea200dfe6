package surroundings

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
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

// baseChains finds the chains that drop what no rule of theirs accepts. The kernel of a test's root
// is another machine's.
func (s looker) baseChains() []BaseChain {
	if s.Path("/") != "/" {
		return nil
	}
	found := s.legacyChains()
	chains, err := askNFTables(unix.NFT_MSG_GETCHAIN, unix.NFPROTO_UNSPEC)
	if err != nil {
		return found // a kernel without nf_tables
	}
	for _, answer := range chains {
		chain, policy, ok := answer.baseChain()
		if !ok {
			continue
		}
		rules, err := askNFTables(
			unix.NFT_MSG_GETRULE, answer.family,
			attribute{unix.NFTA_RULE_TABLE, answer.attributes[unix.NFTA_CHAIN_TABLE]},
			attribute{unix.NFTA_RULE_CHAIN, answer.attributes[unix.NFTA_CHAIN_NAME]},
		)
		if err != nil {
			continue
		}
		var verdicts []verdict
		for _, rule := range rules {
			// An old kernel answers with the rules of all chains.
			if name := rule.attributes[unix.NFTA_RULE_CHAIN]; text(name) == chain.Name &&
				bytes.Equal(rule.attributes[unix.NFTA_RULE_TABLE], answer.attributes[unix.NFTA_CHAIN_TABLE]) {
				verdicts = append(verdicts, verdictOf(rule))
			}
		}
		if chain.judge(policy == nfDrop, verdicts) {
			found = append(found, chain)
		}
	}
	return found
}

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

// An nftAnswer is a message of the kernel: the family, and its attributes by their numbers.
type nftAnswer struct {
	family     byte
	attributes map[uint16][]byte
}

// families are the families of tables by their numbers, of those that see packets between pods.
var families = map[byte]string{unix.NFPROTO_INET: "inet", unix.NFPROTO_IPV4: "ip", unix.NFPROTO_BRIDGE: "bridge"}

// hooks are the hooks of these families by their numbers.
var hooks = map[uint32]string{unix.NF_INET_LOCAL_IN: HookInput, unix.NF_INET_FORWARD: HookForward}

// baseChain reads a chain and its policy, and reports whether it is a base chain of one of the
// hooks.
func (a nftAnswer) baseChain() (chain BaseChain, policy uint32, ok bool) {
	hook, hooked := number(attributesOf(a.attributes[unix.NFTA_CHAIN_HOOK]), unix.NFTA_HOOK_HOOKNUM)
	policy, decides := number(a.attributes, unix.NFTA_CHAIN_POLICY)
	chain = BaseChain{
		Table: families[a.family] + " " + text(a.attributes[unix.NFTA_CHAIN_TABLE]),
		Name:  text(a.attributes[unix.NFTA_CHAIN_NAME]), Hook: hooks[hook],
	}
	return chain, policy, hooked && decides && families[a.family] != "" && chain.Hook != ""
}

// verdictOf reads a rule: it is about every packet if it only counts them and decides.
func verdictOf(rule nftAnswer) verdict {
	v := verdict{all: true}
	for _, element := range listOf(rule.attributes[unix.NFTA_RULE_EXPRESSIONS]) {
		expression := attributesOf(element.value)
		data := attributesOf(expression[unix.NFTA_EXPR_DATA])
		switch name := text(expression[unix.NFTA_EXPR_NAME]); name {
		case "counter":
		case "reject":
			v.drops = true
		case "target": // of iptables
			v.drops = text(data[unix.NFTA_TARGET_NAME]) == "REJECT"
		case "immediate":
			decision := attributesOf(attributesOf(data[unix.NFTA_IMMEDIATE_DATA])[unix.NFTA_DATA_VERDICT])
			code, decides := number(decision, unix.NFTA_VERDICT_CODE)
			v.drops = decides && code == nfDrop
			v.to = text(decision[unix.NFTA_VERDICT_CHAIN])
		default:
			v.all = false
		}
	}
	return v
}

// number is an attribute that is a number.
func number(attributes map[uint16][]byte, key uint16) (uint32, bool) {
	value, ok := attributes[key]
	if !ok || len(value) < 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(value), true
}

// nfDrop is the verdict NF_DROP.
const nfDrop = 0

// text is a name in a message, which ends with a zero.
func text(value []byte) string { return strings.TrimRight(string(value), "\x00") }
