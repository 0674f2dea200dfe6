package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/report"
	"kbootstrap/screen"
)

// planText is the text of a plan, safe for a terminal. The same plan always has the same text.
func planText(plan report.Plan) string {
	var b strings.Builder
	b.WriteString(remarks(slices.Concat(plan.Refused, plan.Foreign), plan.Warnings))
	for _, e := range plan.Unreached {
		fmt.Fprintf(&b, "? %s\n", cli.Indented(e.Message))
	}
	counts := map[string]int{}
	for _, c := range plan.Changes {
		counts[c.Action]++
	}
	for _, h := range plan.Hosts {
		elsewhere := func(c report.Change) bool { return c.Host != h.Name }
		b.WriteString(hostText(h.Name, h.Address, slices.DeleteFunc(slices.Clone(plan.Changes), elsewhere)))
	}
	switch {
	case len(plan.Changes) > 0:
		fmt.Fprintf(&b, "\nplan: %d to make, %d to change, %d to remove\n",
			counts[report.ActionCreate], counts[report.ActionChange], counts[report.ActionRemove])
	case len(plan.Foreign) > 0:
		b.WriteString("nothing to do, but up ends with what is marked with !\n")
	case len(plan.Refused) == 0:
		fmt.Fprintf(&b, "nothing to do: %s as wanted\n", hostsAre(len(plan.Hosts)))
	}
	return screen.Clean(b.String())
}

// hostsAre is a number of hosts as the subject of a sentence.
func hostsAre(n int) string {
	if n == 1 {
		return "1 host is"
	}
	return fmt.Sprintf("%d hosts are", n)
}

// savedText is the text of a plan in a file: what it is for, and then the plan.
func savedText(saved report.SavedPlan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: made %s by %s with kbootstrap %s\n",
		saved.Cluster, saved.Created.UTC().Format(time.RFC3339), saved.By, saved.Version)
	fmt.Fprintf(&b, "  inventory %s (sha256 %s)\n", saved.Inventory, saved.InventorySHA256)
	if saved.Lock != "" {
		fmt.Fprintf(&b, "  artifacts %s (sha256 %s)\n", saved.Lock, saved.LockSHA256)
	}
	for _, limit := range []struct {
		what  string
		names []string
	}{{"limited to", saved.Limit}, {"only", saved.Only}} {
		if len(limit.names) > 0 {
			fmt.Fprintf(&b, "  %s %s\n", limit.what, strings.Join(limit.names, ", "))
		}
	}
	return screen.Clean(b.String()) + "\n" + planText(saved.Plan)
}

// driftText is the text of a comparison, host by host like that of a plan.
func driftText(drift report.Drift) string {
	var b strings.Builder
	refused := slices.Clone(drift.Refused)
	for _, h := range drift.Hosts {
		refused = append(refused, h.Foreign...)
	}
	b.WriteString(remarks(refused, drift.Warnings))
	differ, failed := 0, 0
	for _, h := range drift.Hosts {
		if h.Error != nil {
			failed++
			fmt.Fprintf(&b, "? %s\n", cli.Indented(h.Error.Message))
		}
	}
	for _, h := range drift.Hosts {
		if len(h.Changes)+len(h.Foreign) > 0 {
			differ++
		}
		b.WriteString(hostText(h.Name, h.Address, h.Changes))
	}
	switch {
	case drift.Differs:
		fmt.Fprintf(&b, "\ndrift: %d of %d hosts differ", differ, len(drift.Hosts)-failed)
	default:
		fmt.Fprintf(&b, "no drift: %s as wanted", hostsAre(len(drift.Hosts)-failed))
	}
	if failed > 0 {
		fmt.Fprintf(&b, "; %d could not be compared", failed)
	}
	b.WriteString("\n")
	return screen.Clean(b.String())
}

// remarks are the lines above a plan: what keeps up from carrying it out, marked with !, and
// warnings, marked with *.
func remarks(refused []report.Error, warnings []string) string {
	var b strings.Builder
	for _, e := range refused {
		fmt.Fprintf(&b, "! [%s] %s\n", e.Code, cli.Indented(e.Message))
		if e.Hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", e.Hint)
		}
	}
	for _, w := range warnings {
		fmt.Fprintf(&b, "* %s\n", w)
	}
	return b.String()
}

// hostText lists what differs on a host by component. It is empty if nothing differs.
func hostText(name, address string, changes []report.Change) string {
	if len(changes) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", name, address)
	component := ""
	for _, c := range changes {
		if c.Component != component {
			component = c.Component
			fmt.Fprintf(&b, "  %s\n", component)
		}
		restart := ""
		if c.Restart {
			restart = " (restart)"
		}
		fmt.Fprintf(&b, "    %s %s%s\n", signs[c.Action], c.Resource, restart)
		if c.Diff != "" {
			fmt.Fprintf(&b, "        %s\n", strings.ReplaceAll(strings.TrimRight(c.Diff, "\n"), "\n", "\n        "))
		}
	}
	return b.String()
}

// signs mark resources that would be made, changed or removed.
var signs = map[string]string{report.ActionCreate: "+", report.ActionChange: "~", report.ActionRemove: "-"}
