package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"kbootstrap/cmd/internal/cli"
	"kbootstrap/provision"
	"kbootstrap/provision/checkup"
	"kbootstrap/screen"
)

// The marks of a component on a host, and of a line. The words next to them say the same.
const (
	markOK      = "ok"
	markBroken  = "!!"
	markDiffers = "~"
	markUnknown = "?" // it could not be asked
	markNone    = "." // the host does not have the component
)

// marks are those of the levels of problems.
var marks = map[checkup.Level]string{
	checkup.OK: markOK, checkup.Note: "*", checkup.Warning: "!", checkup.Broken: markBroken,
}

// statusText is what `status` shows: the summary, a table of hosts and components, the problems.
func statusText(status provision.Status, o screen.Options, width int) string {
	var b strings.Builder
	b.WriteString(summaryText(status, o))
	if !status.Bare {
		b.WriteString("\n" + matrix(status, o, width))
	}
	b.WriteString(problemsText(status, o))
	return b.String()
}

// summaryText is the verdict and a line for each area.
func summaryText(status provision.Status, o screen.Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is %s\n", status.Cluster, verdict(status))
	for _, a := range status.Summary {
		fmt.Fprintf(&b, "%s  %-12s  %s\n", marked(o, a.Level), a.Name, cell(a.Text))
	}
	return b.String()
}

// verdict is the health of the cluster in a few words.
func verdict(status provision.Status) string {
	count := map[checkup.Level]int{}
	for _, p := range status.Problems {
		count[p.Level]++
	}
	text := "healthy"
	switch {
	case status.Bare:
		return "not there yet"
	case status.Sick():
		text = "not healthy: " + number(count[checkup.Broken], "problem")
	case !status.Healthy:
		text = "healthy as far as it could be asked: " + number(count[checkup.Broken], "problem")
	}
	if n := count[checkup.Warning]; n > 0 {
		text += ", " + number(n, "warning")
	}
	return text
}

func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// marked is the mark of a level, as wide as the widest.
func marked(o screen.Options, level checkup.Level) string {
	return painted(o, fmt.Sprintf("%-2s", marks[level]), level)
}

func painted(o screen.Options, text string, level checkup.Level) string {
	switch level {
	case checkup.Broken, checkup.Warning:
		return o.Bad(text)
	case checkup.OK:
		return o.Good(text)
	}
	return text
}

// manyHosts is how many hosts the table has at most; of more, only those are shown that have a
// problem.
const manyHosts = 40

// matrix is the table of hosts and components. Columns for which there is no room come in another
// table below.
func matrix(status provision.Status, o screen.Options, width int) string {
	var columns, short []string
	for _, h := range status.Hosts {
		for _, c := range h.Components {
			if !slices.Contains(columns, c.Name) {
				columns, short = append(columns, c.Name), append(short, c.Short())
			}
		}
	}
	rows, left := shownHosts(status)
	name := len("HOST")
	for _, h := range rows {
		name = max(name, len(h.Name))
	}
	var b strings.Builder
	for len(columns) > 0 {
		n, used := 0, name
		for n < len(columns) && (n == 0 || used+1+len(short[n]) < width) {
			used += 1 + len(short[n])
			n++
		}
		fmt.Fprintf(&b, "%-*s", name, "HOST")
		for _, title := range short[:n] {
			b.WriteString(" " + title)
		}
		b.WriteString("\n")
		for _, h := range rows {
			b.WriteString(row(h, columns[:n], short[:n], name, o))
		}
		columns, short = columns[n:], short[n:]
	}
	if left > 0 {
		fmt.Fprintf(&b, "and %s on which every component is ok\n", number(left, "host"))
	}
	return b.String()
}

// shownHosts are the hosts for the table, and how many are left out.
func shownHosts(status provision.Status) (shown []provision.HostStatus, left int) {
	for _, h := range status.Hosts {
		differs := slices.ContainsFunc(h.Components, func(c provision.ComponentStatus) bool { return c.Changed })
		if len(status.Hosts) <= manyHosts || !h.Healthy() || differs {
			shown = append(shown, h)
		}
	}
	return shown, len(status.Hosts) - len(shown)
}

func row(h provision.HostStatus, columns, short []string, name int, o screen.Options) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s", name, h.Name)
	if len(h.Components) == 0 {
		why := "not reached"
		if h.Reached {
			why = "could not be looked at"
		}
		return b.String() + " " + o.Bad(why) + "\n"
	}
	for i, column := range columns {
		mark, level := markNone, checkup.Note
		for _, c := range h.Components {
			if c.Name == column {
				mark, level = markOf(c)
			}
		}
		b.WriteString(" " + painted(o, mark, level))
		if i < len(columns)-1 {
			b.WriteString(strings.Repeat(" ", max(0, len(short[i])-len(mark))))
		}
	}
	return b.String() + "\n"
}

func markOf(c provision.ComponentStatus) (string, checkup.Level) {
	switch {
	case c.Unknown:
		return markUnknown, checkup.Note
	case !c.Healthy:
		return markBroken, checkup.Broken
	case c.Changed:
		return markDiffers, checkup.Note
	}
	return markOK, checkup.OK
}

// problemsText is what is refused, odd or wrong, each with what to do.
func problemsText(status provision.Status, o screen.Options) string {
	var b strings.Builder
	for _, p := range status.Problems {
		text := p.Text
		if p.Host != "" {
			text = p.Host + ": " + text
		}
		fmt.Fprintf(&b, "%s  %s\n", marked(o, p.Level), cell(text))
		if p.Hint != "" {
			fmt.Fprintf(&b, "      %s\n", cell(p.Hint))
		}
	}
	for _, refused := range status.Refused {
		fmt.Fprintf(&b, "%s  up would refuse: %s\n", o.Bad("! "), cli.Indented(screen.Clean(refused)))
	}
	for _, warning := range status.Warnings {
		fmt.Fprintf(&b, "*   %s\n", screen.Clean(warning))
	}
	if differs(status) && !status.Bare {
		fmt.Fprintf(&b, "%s  where the table has %s, a host differs from the inventory: `kbootstrap plan` shows how\n",
			marked(o, checkup.Note), markDiffers)
	}
	if b.Len() > 0 {
		return "\n" + b.String()
	}
	return ""
}

// wideText is a line for each component with its problem, and the certificate of each host that
// expires first.
func wideText(status provision.Status, now time.Time) string {
	var b strings.Builder
	table(&b, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tADDRESS\tCOMPONENT\tHEALTH\tPROBLEM")
		for _, h := range status.Hosts {
			if h.Error != "" {
				answered := "unreachable"
				if h.Reached {
					answered = "error"
				}
				fmt.Fprintf(w, "%s\t%s\t-\t%s\t%s\n", h.Name, h.Address, answered, cell(h.Error))
			}
			for _, c := range h.Components {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", h.Name, h.Address, c.Name, health(c), cell(c.Problem))
			}
		}
	})
	b.WriteString("\n")
	table(&b, func(w io.Writer) {
		fmt.Fprintln(w, "HOST\tCERTIFICATES\tFIRST TO EXPIRE\tIN")
		for _, h := range status.Hosts {
			if len(h.Certificates) == 0 {
				continue
			}
			first := slices.MinFunc(h.Certificates,
				func(x, y provision.Certificate) int { return x.Expires.Compare(y.Expires) })
			days := int(first.Expires.Sub(now).Hours() / 24)
			fmt.Fprintf(w, "%s\t%d\t%s\t%d days\n", h.Name, len(h.Certificates), cell(first.Path), days)
		}
	})
	return b.String()
}

// differs reports whether a healthy component of a host differs from the inventory.
func differs(status provision.Status) bool {
	works := func(c provision.ComponentStatus) bool { return c.Healthy && c.Changed }
	return slices.ContainsFunc(status.Hosts, func(h provision.HostStatus) bool {
		return slices.ContainsFunc(h.Components, works)
	})
}

// health is the health of a component in a word.
func health(c provision.ComponentStatus) string {
	switch {
	case c.Unknown:
		return "unknown"
	case !c.Healthy:
		return "unhealthy"
	case c.Changed:
		return "differs"
	}
	return "healthy"
}
