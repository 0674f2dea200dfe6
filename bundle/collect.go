package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

const (
	journalLines = 500         // of each unit
	hostTimeout  = time.Minute // for one host
	largest      = 4 << 20     // bytes of a log; only the end of a longer log is taken
	logs         = 20          // the newest, of all verbs
)

// Inventory adds the file of the inventory.
func (b *Bundle) Inventory(c *inventory.Cluster) {
	text, err := os.ReadFile(c.File)
	if err != nil {
		text = []byte(err.Error() + "\n")
	}
	b.Add("hosts.yaml", string(text))
	for _, h := range c.Hosts {
		b.host(h.Name, "not asked")
	}
}

// Logs adds the newest logs of runs from their directory.
func (b *Bundle) Logs(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Add("runs/none.txt", err.Error()+"\n")
		return
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".log") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names) // by time
	for _, name := range names[max(0, len(names)-logs):] {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			text = []byte(err.Error() + "\n")
		}
		b.Add("runs/"+name, string(text[max(0, len(text)-largest):]))
	}
}

// Cluster adds what a prepared run knows and what its hosts answer: all hosts are asked at once,
// each for a minute at most.
func (b *Bundle) Cluster(ctx context.Context, run *provision.Run) {
	for name, err := range run.Unreached {
		b.host(name, "not reached: "+err.Error())
		b.Add("hosts/"+name+"/unreached.txt", err.Error()+"\n")
	}
	b.AddJSON("status.json", run.Status())
	var (
		all sync.WaitGroup
		mu  sync.Mutex
	)
	for name, m := range run.Fleet {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, hostTimeout)
			defer cancel()
			files := Bundle{}
			collect(ctx, &files, m, steps(run, name))
			mu.Lock()
			defer mu.Unlock()
			for file, content := range files.files {
				b.Add("hosts/"+name+"/"+file, string(content))
			}
			b.host(name, "ok")
		})
	}
	all.Wait()
}

// steps returns the steps of a run's plan on one host.
func steps(run *provision.Run, host string) []plan.Step {
	var some []plan.Step
	for _, s := range run.Plan.Steps {
		if s.At == host {
			some = append(some, s)
		}
	}
	return some
}

// collect adds what one host answers.
func collect(ctx context.Context, b *Bundle, m *fleet.Machine, steps []plan.Step) {
	b.AddJSON("facts.json", m.Facts)
	var units []string
	var states strings.Builder
	for _, s := range steps {
		for i, w := range s.Wanted {
			fmt.Fprintf(&states, "%s: %s\n  wanted:\n%s  found:\n%s",
				s.Component.Name, w.ID(), lines(resource.Short(w.State())), found(s, i))
			if runner, ok := w.(resource.Runner); ok {
				unit, _ := runner.Runs()
				units = append(units, unit)
			}
			if file, ok := w.(resource.File); ok {
				b.rendered(file)
			}
		}
	}
	b.Add("resources.txt", states.String())
	slices.Sort(units)
	units = slices.Compact(units)
	query := host.SurveyQuery{Units: units, Paths: []string{"/", "/var/lib", "/opt", "/tmp"}}
	if survey, err := m.Client.Survey(ctx, query); err != nil {
		b.Add("survey.txt", err.Error()+"\n")
	} else {
		b.AddJSON("survey.json", survey)
	}
	for _, unit := range units {
		journal, err := m.Client.Journal(ctx, unit, journalLines)
		if err != nil {
			journal = err.Error() + "\n"
		}
		b.Add("journal/"+unit+".log", journal)
	}
}

// rendered adds a file that the tool makes on the host: the wanted text, or the digest of a secret
// or a program.
func (b *Bundle) rendered(f resource.File) {
	name := "rendered" + filepath.Clean("/"+f.Path)
	if f.Secret || f.Blob != "" || f.Absent || f.Target != "" {
		b.Add(name+".txt", resource.Short(f.State())+"\n")
		return
	}
	b.Add(name, string(f.Content))
}

// found is what was found of a step's resource, indented.
func found(s plan.Step, i int) string {
	if i >= len(s.Found) {
		return "    (not looked at)\n"
	}
	if !resource.Changed(s.Found[i], s.Wanted[i]) {
		return "    (the same)\n"
	}
	return lines(resource.Short(s.Found[i].State()))
}

// lines indents a state; an empty state becomes "(absent)".
func lines(state string) string {
	if state == "" {
		return "    (absent)\n"
	}
	return "    " + strings.ReplaceAll(strings.TrimRight(state, "\n"), "\n", "\n    ") + "\n"
}

// Failed adds the reason why nothing could be learnt from the hosts.
func (b *Bundle) Failed(err error) {
	b.Add("error.txt", err.Error()+"\n")
	var failures plan.Failures
	if errors.As(err, &failures) {
		for _, f := range failures {
			b.host(f.Host, "not reached: "+f.Error())
		}
	}
}
