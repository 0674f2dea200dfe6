package resource

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Chains are the chains of the packet filter whose names have one of the prefixes, with the rules
// that lead to them, in the tables filter, nat and mangle, for IPv4 and IPv6. They are wanted only
// as Absent, by reset. Other chains are not touched.
type Chains struct {
	Prefixes []string // "KUBE-", "FLANNEL-", "CNI-"
	Absent   bool
	Found    []string // only in a found value: "iptables filter KUBE-FORWARD"
}

// ID is "chains PREFIXES".
func (c Chains) ID() string { return "chains " + strings.Join(c.Prefixes, " ") }

// State lists the chains.
func (c Chains) State() string { return Listed(c.Absent, c.Found) }

// Observe lists the chains that have one of the prefixes.
func (c Chains) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := Chains{Prefixes: c.Prefixes}
	for _, family := range packetFilters {
		tables, err := c.tables(ctx, sys, family)
		if err != nil {
			return nil, err
		}
		for _, t := range tables {
			for _, chain := range t.chains {
				found.Found = append(found.Found, family+" "+t.name+" "+chain)
			}
		}
	}
	found.Absent = len(found.Found) == 0
	return found, nil
}

// Apply deletes the chains of a family in one transaction.
func (c Chains) Apply(ctx context.Context, sys *host.System) error {
	if !c.Absent {
		found, err := c.Observe(ctx, sys)
		if err == nil && found.State() == "" {
			err = errors.New("a chain that was deleted cannot be put back")
		}
		return err
	}
	for _, family := range packetFilters {
		tables, err := c.tables(ctx, sys, family)
		if err != nil {
			return err
		}
		if len(tables) == 0 {
			continue
		}
		var input strings.Builder
		for _, t := range tables {
			t.writeRemoval(&input)
		}
		if err := restoreChains(ctx, sys, family, input.String()); err != nil {
			return err
		}
	}
	return nil
}

// restoreChains gives the program its input.
func restoreChains(ctx context.Context, sys *host.System, family, input string) error {
	return withInput(input, func(path string) error {
		// Never without --noflush: it would take the rules of everyone else.
		_, err := sys.Change(ctx, family+"-restore", "--noflush", path)
		return err
	})
}

// packetFilters are the programs, one for each family of addresses.
var packetFilters = [...]string{"iptables", "ip6tables"}

// chainTable is what is to be removed from one table.
type chainTable struct {
	name   string
	chains []string
	rules  []string // in chains that stay: "-A FORWARD … -j KUBE-FORWARD"
}

// tables reads what iptables-save says of one family. A host without the program has no chains.
func (c Chains) tables(ctx context.Context, sys *host.System, family string) ([]chainTable, error) {
	if sys.Program(family+"-save") == "" || sys.Program(family+"-restore") == "" {
		return nil, nil
	}
	out, err := sys.Run(ctx, family+"-save")
	if err != nil {
		return nil, err
	}
	return c.parse(string(out)), nil
}

func (c Chains) parse(saved string) []chainTable {
	var list []chainTable
	var t chainTable
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			t = chainTable{name: line[1:]}
		case strings.HasPrefix(line, ":"):
			if name, _, _ := strings.Cut(line[1:], " "); c.means(name) {
				t.chains = append(t.chains, name)
			}
		case strings.HasPrefix(line, "-A "):
			if chain, target := ruleEnds(line); !c.means(chain) && c.means(target) {
				t.rules = append(t.rules, line)
			}
		case line == "COMMIT":
			if len(t.chains)+len(t.rules) > 0 && slices.Contains([]string{"filter", "nat", "mangle"}, t.name) {
				list = append(list, t)
			}
		}
	}
	return list
}

func (c Chains) means(chain string) bool {
	return slices.ContainsFunc(c.Prefixes, func(p string) bool { return p != "" && strings.HasPrefix(chain, p) })
}

// ruleEnds are the chain that a rule is in and the one that it leads to. A comment is in quotes and
// may hold anything.
func ruleEnds(rule string) (chain, target string) {
	var words []string
	var word strings.Builder
	quoted, escaped := false, false
	for _, r := range rule + " " {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quoted:
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			words = append(words, word.String())
			word.Reset()
		case quoted:
			word.WriteByte('_') // so that no quoted word reads as an option
		default:
			word.WriteRune(r)
		}
	}
	for i, w := range words[:len(words)-1] {
		switch w {
		case "-A":
			chain = words[i+1]
		case "-j", "-g":
			target = words[i+1]
		}
	}
	return chain, target
}

// writeRemoval writes the table's part of a transaction. Naming a chain empties it; only then can
// it be deleted, and only when no rule leads to it.
func (t chainTable) writeRemoval(b *strings.Builder) {
	fmt.Fprintf(b, "*%s\n", t.name)
	for _, c := range t.chains {
		fmt.Fprintf(b, ":%s - [0:0]\n", c)
	}
	for _, r := range t.rules {
		fmt.Fprintf(b, "-D%s\n", strings.TrimPrefix(r, "-A"))
	}
	for _, c := range t.chains {
		fmt.Fprintf(b, "-X %s\n", c)
	}
	b.WriteString("COMMIT\n")
}
