package host

import (
	"encoding/binary"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// BaseChain is a chain of the packet filter that every forwarded or incoming packet passes, and that
// drops some of them. A packet is only let through when no such chain of any table drops it.
type BaseChain struct {
	Table string // "inet site"
	Name  string
	Hook  string // HookForward or HookInput
	All   bool   // it lets no packet through: it has no rule that could
}

// The hooks of a BaseChain.
const (
	HookInput   = "input"
	HookForward = "forward"
)

// baseChains finds the chains whose policy is to drop. The kernel of a test's root is another
// machine's.
func (s surveyor) baseChains() []BaseChain {
	if s.Root != "/" {
		return nil
	}
	answers, err := askNFTables(unix.NFT_MSG_GETCHAIN)
	if err != nil {
		return s.legacyChains() // a kernel without nf_tables
	}
	var found []BaseChain
	for _, a := range answers {
		if chain, drops := a.baseChain(); drops {
			found = append(found, chain)
		}
	}
	return append(found, s.legacyChains()...)
}

// legacyChains looks at the table of iptables-legacy, which counts next to that of iptables over
// nf_tables. Where iptables itself is the legacy one, flannel and kube-proxy write to that table.
func (s surveyor) legacyChains() []BaseChain {
	program, err := filepath.EvalSymlinks(s.Path(s.Program("iptables")))
	legacy := s.Program("iptables-legacy")
	if err != nil || legacy == "" || !strings.Contains(filepath.Base(program), "nft") ||
		!strings.Contains(s.text("/proc/net/ip_tables_names"), "filter") {
		return nil
	}
	out, err := s.run(s.ctx, legacy, "-w", "-S", "FORWARD")
	if err != nil || !strings.HasPrefix(string(out), "-P FORWARD DROP") {
		return nil
	}
	empty := strings.Count(string(out), "\n") == 1
	return []BaseChain{{Table: "ip filter of iptables-legacy", Name: "FORWARD", Hook: HookForward, All: empty}}
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

// baseChain reads a chain, and reports whether it is a base chain that drops what its rules do not
// accept. A chain without a hook or a policy is not one.
func (a nftAnswer) baseChain() (BaseChain, bool) {
	number := func(attributes map[uint16][]byte, key uint16) (uint32, bool) {
		value, ok := attributes[key]
		if !ok || len(value) < 4 {
			return 0, false
		}
		return binary.BigEndian.Uint32(value), true
	}
	hook, hooked := number(attributesOf(a.attributes[unix.NFTA_CHAIN_HOOK]), unix.NFTA_HOOK_HOOKNUM)
	policy, decides := number(a.attributes, unix.NFTA_CHAIN_POLICY)
	rules, _ := number(a.attributes, unix.NFTA_CHAIN_USE)
	chain := BaseChain{
		Table: families[a.family] + " " + text(a.attributes[unix.NFTA_CHAIN_TABLE]),
		Name:  text(a.attributes[unix.NFTA_CHAIN_NAME]), Hook: hooks[hook], All: rules == 0,
	}
	drops := hooked && decides && policy == nfDrop && families[a.family] != "" && chain.Hook != ""
	return chain, drops
}

// nfDrop is the verdict NF_DROP.
const nfDrop = 0

// text is a name in a message, which ends with a zero.
func text(value []byte) string { return strings.TrimRight(string(value), "\x00") }
