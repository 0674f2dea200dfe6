//go:build e2e && systems

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// TestEverySystem makes a cluster of two hosts on each system that the lab has, and prints what it
// took as a table.
func TestEverySystem(t *testing.T) {
	var rows []string
	for _, image := range []string{"debian-11", "debian-12", "debian-13", "el7-like", "el9-like"} {
		t.Run(image, func(t *testing.T) {
			row := &timed{image: image}
			defer func() { rows = append(rows, row.String()) }()
			onSystem(t, row)
		})
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "system\tsystemd\tglibc\tiptables\t%s\n", strings.Join(stepsOnSystem, "\t"))
	for _, row := range rows {
		fmt.Fprintln(w, row)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("seconds:\n%s", &table)
}

// stepsOnSystem are the steps of onSystem, in their order.
var stepsOnSystem = []string{"preflight", "up", "second up", "verify", "reboot", "reset"}

// timed is a row of the table.
type timed struct {
	image    string
	versions []string // systemd, glibc, iptables
	steps    []string // seconds; a step that failed is missing, and so are those after it
}

func (r *timed) String() string {
	cells := append([]string{r.image}, r.versions...)
	for len(cells) < 4 {
		cells = append(cells, "?")
	}
	cells = append(cells, r.steps...)
	for len(cells) < 4+len(stepsOnSystem) {
		cells = append(cells, "failed")
	}
	return strings.Join(cells, "\t")
}

// onSystem lives through a cluster of a control plane and a worker of one system.
func onSystem(t *testing.T, row *timed) {
	l := newLab(t, "every-"+row.image, "--control-planes", "1", "--workers", "1", "--image", row.image)
	do := map[string]func(){
		"preflight": func() { l.must(5*time.Minute, "preflight", "-i", l.inventory) },
		"up":        l.up,
		"second up": func() { l.upAgain(); l.hasStarted() },
		"verify":    func() { l.must(5*time.Minute, "verify", "-i", l.inventory, "--quick") },
		"reboot":    func() { rebootAll(l) },
		"reset": func() {
			l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "every-"+row.image)
		},
	}
	for _, name := range stepsOnSystem {
		begin := time.Now()
		do[name]()
		row.steps = append(row.steps, fmt.Sprintf("%.1f", time.Since(begin).Seconds()))
		if name == "up" {
			row.versions = versionsOn(l)
		}
	}
}

// hasStarted checks that systemd counts every service as started: what comes after one that it does
// not would not start at a boot.
func (l *lab) hasStarted() {
	l.t.Helper()
	for _, h := range l.hosts() {
		if jobs := l.exec(h.Name, "systemctl", "list-jobs", "--no-legend"); strings.TrimSpace(jobs) != "" {
			l.fatalf("%s: systemd still waits for\n%s", h.Name, jobs)
		}
	}
}

// rebootAll powers the hosts off and on, and waits until the cluster is back and works.
func rebootAll(l *lab) {
	l.t.Helper()
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "stop", h.Name)
	}
	for _, h := range l.hosts() {
		l.mustLab(2*time.Minute, "start", h.Name)
	}
	l.ready(len(l.hosts()), 4*time.Minute)
	l.heals()
	l.must(5*time.Minute, "verify", "-i", l.inventory, "--only", "dns,pods,services,nodeports")
}

// versionsOn asks the first host for what a system is told apart by.
func versionsOn(l *lab) []string {
	l.t.Helper()
	word := func(n int, command ...string) string {
		words := strings.Fields(l.exec("cp1", command...))
		if len(words) <= n {
			return "?"
		}
		return words[n]
	}
	return []string{
		word(1, "systemctl", "--version"),
		word(1, "getconf", "GNU_LIBC_VERSION"),
		word(1, "iptables", "--version"),
	}
}
