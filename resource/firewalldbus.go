package resource

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kbootstrap/host"
)

// isRunning reports whether a firewalld answers.
func (f Firewalld) isRunning(ctx context.Context, sys *host.System) (bool, error) {
	if sys.Program("firewall-cmd") == "" || sys.Program("busctl") == "" {
		return false, nil
	}
	// A bus without a firewalld says so by an error, as it does when it cannot be reached.
	_, err := sys.Run(ctx, "busctl", "--auto-start=no", "get-property", host.FirewalldBus, host.FirewalldObject,
		host.FirewalldBus, "version")
	return err == nil, ctx.Err()
}

// loaded is what a firewalld that runs has of the tool. Nothing is asked where no file of the tool
// is, if nothing is wanted: most hosts have none.
func (f Firewalld) loaded(ctx context.Context, sys *host.System) (found Firewalld, running bool, err error) {
	none := Firewalld{Absent: true, Restarts: f.Restarts}
	running, err = f.isRunning(ctx, sys)
	if err != nil || !running {
		return none, false, err
	}
	found = Firewalld{Restarts: f.Restarts}
	zone, known := f.ask(ctx, sys, "zone", "getZoneSettings2", firewalldZone)
	if known {
		found.Interfaces = listAfter(zone, "interfaces")
		if i := slices.Index(zone, "target"); i < 0 || i+1 == len(zone) || zone[i+1] != "ACCEPT" {
			found.Strange = append(found.Strange, "the zone accepts not all")
		}
	}
	for name, openings := range map[string]*[]Opening{firewalldToHost: &found.ToHost, firewalldToPods: &found.ToPods} {
		settings, is := f.ask(ctx, sys, "policy", "getPolicySettings", name)
		known = known || is
		for _, text := range settings {
			if !strings.HasPrefix(text, "rule") || text == "rules_str" {
				continue
			}
			if o, ok := openingOf(text); ok {
				*openings = append(*openings, o)
			} else {
				found.Strange = append(found.Strange, text)
			}
		}
	}
	if !known {
		return none, true, ctx.Err()
	}
	sets := []string{}
	for name := range f.Sets {
		sets = append(sets, name)
	}
	for _, o := range slices.Concat(found.ToHost, found.ToPods) {
		if o.Set != "" && !slices.Contains(sets, o.Set) {
			sets = append(sets, o.Set)
		}
	}
	for _, name := range sets {
		if entries, is := f.ask(ctx, sys, "ipset", "getEntries", setName(name)); is {
			if found.Sets == nil {
				found.Sets = map[string][]string{}
			}
			found.Sets[name] = entries
		}
	}
	return found, true, ctx.Err()
}

// ask returns the texts in an answer of firewalld, and reports whether there is what it was asked
// for.
func (f Firewalld) ask(ctx context.Context, sys *host.System, of, method, name string) (texts []string, known bool) {
	out, err := sys.Run(ctx, "busctl", "--auto-start=no", "call", host.FirewalldBus, host.FirewalldObject,
		host.FirewalldBus+"."+of, method, "s", name)
	if err != nil {
		return nil, false
	}
	return busTexts(string(out)), true
}

// busText is a text as busctl(1) shows it; everything else in its output is a number or a type.
var busText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|\bas \d+`)

// busTexts are the texts in an output of busctl, and the beginnings of lists: "as 2".
func busTexts(out string) []string {
	var texts []string
	for _, quoted := range busText.FindAllString(out, -1) {
		if text, err := strconv.Unquote(quoted); err == nil {
			texts = append(texts, text)
		} else if strings.HasPrefix(quoted, "as ") {
			texts = append(texts, quoted)
		}
	}
	if len(texts) > 0 && strings.HasPrefix(out, "as ") {
		return texts[1:] // the whole answer is one list
	}
	return texts
}

// listAfter is the list of texts that a key has.
func listAfter(texts []string, key string) []string {
	i := slices.Index(texts, key)
	if i < 0 || i+1 == len(texts) {
		return nil
	}
	n, err := strconv.Atoi(strings.TrimPrefix(texts[i+1], "as "))
	if err != nil || i+2+n > len(texts) {
		return nil
	}
	return texts[i+2 : i+2+n]
}

// richRule is a rule of the tool as firewalld shows it (firewalld.richlanguage(5)).
var richRule = regexp.MustCompile(`^rule(?: family="(ipv4|ipv6)")?(?: source (?:ipset="` + firewalldZone +
	`-([^"]+)"|address="([^"]+)"))?(?: port port="([0-9-]+)" protocol="([a-z]+)")? accept$`)

// openingOf reads a rule.
func openingOf(rule string) (o Opening, ok bool) {
	m := richRule.FindStringSubmatch(rule)
	if m == nil {
		return o, false
	}
	return Opening{IPv6: m[1] == "ipv6", Set: m[2], Network: m[3], Ports: m[4], Protocol: m[5]}, true
}

// element is the rule in a file of firewalld.
func (o Opening) element() string {
	family := "ipv4"
	if o.IPv6 {
		family = "ipv6"
	}
	text := "<rule>"
	switch {
	case o.Set != "":
		text = `<rule family="` + family + `"><source ipset="` + setName(o.Set) + `"/>`
	case o.Network != "":
		text = `<rule family="` + family + `"><source address="` + o.Network + `"/>`
	}
	if o.Ports != "" {
		text += `<port port="` + o.Ports + `" protocol="` + o.Protocol + `"/>`
	}
	return text + "<accept/></rule>"
}
