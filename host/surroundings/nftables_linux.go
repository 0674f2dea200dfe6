package surroundings

import (
	"bytes"
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"
)

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
