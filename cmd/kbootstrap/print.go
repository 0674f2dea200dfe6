package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"

	"kbootstrap/internal/human"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/screen"
)

// printSummary prints what a run did, a line for each host, and what to type next.
func (a *app) printSummary(run *provision.Run, summary provision.Summary, kubeconfig string) {
	if summary.Total() == 0 {
		fmt.Fprintf(a.stdout, "%s: nothing to do: %s as %s says\n",
			run.Cluster.Name, hostsAre(len(run.Plan.Hosts())), run.Cluster.File)
		return
	}
	table(a.stdout, func(w io.Writer) {
		for _, h := range run.Plan.Hosts() {
			fmt.Fprintf(w, "%s\t%s\t%s\t%d changed\t%s sent%s%s\n",
				h.Name, h.Address, roles(h), summary.Changed[h.Name],
				human.Size(summary.Bytes[h.Name]), passed(summary.Passed[h.Name]), a.touched(h.Name))
		}
	})
	took := summary.Took
	if a.shown != nil {
		took = a.shown.run.Took() // includes what came before the first change
	}
	fmt.Fprintf(a.stdout, "%s: healthy after %s\n", run.Cluster.Name, seconds(took))
	first := run.Cluster.With(inventory.ControlPlane)[0]
	// Add-ons start on their own after a run, so there is a verb that waits for them.
	fmt.Fprintf(a.stdout, "\nnext:\n  kbootstrap status -i %[1]s\n  kbootstrap addons -i %[1]s --wait\n"+
		"  on %[2]s: sudo -i kubectl get nodes -o wide\n", run.Cluster.File, first.Name)
	if kubeconfig != "" {
		fmt.Fprintf(a.stdout, "  from here: kubectl --kubeconfig %s get nodes\n", kubeconfig)
	}
}

// passed is how many of the bytes that a host got other hosts have sent; empty if none.
func passed(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return ", " + human.Size(bytes) + " of it by other hosts"
}

// touched names the components that were changed on a host, if they are few.
func (a *app) touched(host string) string {
	if a.shown == nil {
		return ""
	}
	names := a.shown.run.Touched(host)
	if len(names) == 0 || len(names) > 3 {
		return ""
	}
	return "\t" + strings.Join(names, ", ")
}

// table writes lines whose cells, separated by tabs, are aligned in columns.
func table(w io.Writer, write func(io.Writer)) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	write(t)
	_ = t.Flush()
}

// cell makes a text from a host fit for a cell of a table: on one line, and safe for a terminal.
func cell(text string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(screen.Clean(text))
}

func roles(h inventory.Host) string {
	names := make([]string, len(h.Roles))
	for i, r := range h.Roles {
		names[i] = string(r)
	}
	return strings.Join(names, ",")
}

func seconds(d time.Duration) string { return screen.Seconds(d) }

// interactive reports whether a person is there to be asked.
func (a *app) interactive() bool {
	in, ok := a.stdin.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}
