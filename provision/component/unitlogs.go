package component

import (
	"slices"

	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	unitLogsUnit = "kbootstrap-unit-logs.service"
	// unitLogsDir has the file that the agent reads, and the one before it.
	unitLogsDir  = "/var/log/kbootstrap"
	unitLogsFile = unitLogsDir + "/units.json"
	// logAgentDir is what the agent of a host has sent, and what it could not send yet.
	logAgentDir     = "/var/lib/kbootstrap-log-agent"
	unitLogsProgram = ownDir + "/libexec/unit-logs"
)

const (
	// unitLogsEnough is the size from which another file is begun, in bytes, and unitLogsMost the
	// one that none exceeds: a program that writes lines of 48 KB fills a file at once.
	unitLogsEnough = 16 << 20
	unitLogsMost   = 64 << 20
	// unitLogsLines is after how many lines the size is looked at.
	unitLogsLines = 5000
)

// unitLogs are what the services of the cluster on a host write, in a file for the agent of
// logging: agents read files and no journals. It is a program of a few lines next to journalctl, so
// that a host needs no package and no secret, and it goes on where it ended.
var unitLogs = Component{
	Name:  "unit-logs",
	On:    func(t Target) bool { return hasLogging(t.Cluster) },
	After: []string{"base"},
	Units: []string{unitLogsUnit},
	Residue: Residue{
		Data: []string{unitLogsDir, logAgentDir},
	},
	Sandbox: unitLogsSandbox,
	Reads: []Reading{{What: "the journal",
		Whose: "the operator's: `journald.conf` says how much of it is kept"}},
}

// noUnitLogs is a host of a cluster without logging.
var noUnitLogs = Component{
	Name:    "no-unit-logs",
	On:      func(t Target) bool { return !hasLogging(t.Cluster) },
	After:   []string{"base"},
	Absence: true,
	Resources: func(Target) []resource.Resource {
		return one(
			resource.Service{Name: unitLogsUnit},
			resource.File{Path: "/etc/systemd/system/" + unitLogsUnit, Absent: true},
			resource.File{Path: unitLogsProgram, Absent: true},
			resource.Tree{Path: unitLogsDir, Absent: true},
			resource.Tree{Path: logAgentDir, Absent: true},
		)
	},
}

// heard has unitLogs collect what the services of all components write.
func heard(all []Component) []Component {
	for i := range all {
		if all[i].Name == unitLogs.Name {
			all[i].Resources = func(t Target) []resource.Resource { return t.unitLogs(UnitsOf(all, t)) }
		}
	}
	return all
}

// UnitsOf are the services that a host has, each once and in the order of their names, but the one
// that collects what they write.
func UnitsOf(all []Component, t Target) []string {
	var units []string
	for _, c := range all {
		if c.On(t) {
			units = append(units, c.Units...)
		}
	}
	units = unique(units)
	slices.Sort(units)
	return slices.DeleteFunc(units, func(u string) bool { return u == unitLogsUnit })
}

func (t Target) unitLogs(units []string) []resource.Resource {
	return list(
		one(resource.Dir{Path: unitLogsDir, Mode: 0o700}),
		t.service(unitLogsUnit, nil, one(
			text(unitLogsProgram, 0o755, unitLogsScript.Render(unitLogsData{
				File: unitLogsFile, Enough: unitLogsEnough, Lines: unitLogsLines, Units: units,
			})),
			unit(unitLogsUnit, unitLogsService.Render(unitLogsCommand{
				Program: unitLogsProgram, Most: unitLogsMost, Sandbox: unitLogsSandbox(t),
			})),
		)),
	)
}

// unitLogsSandbox is what the program may do. The journal is root's, so that it needs no
// capability to read it; it lies below /run on hosts that keep it in memory.
func unitLogsSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Writable: []string{unitLogsDir}, ReadsRun: []string{"log"}})
}

// hasLogging reports whether a cluster keeps its logs.
func hasLogging(c *inventory.Cluster) bool { return c.AddOns.Logging.Enabled }

// unitLogsData is the data of the program.
type unitLogsData struct {
	File   string
	Enough int
	Lines  int
	Units  []string
}

// unitLogsCommand is the data of its service.
type unitLogsCommand struct {
	Program string
	Most    int
	Sandbox templates.Sandbox
}

var (
	unitLogsScript  = templates.New[unitLogsData]("unit-logs.sh.tmpl")
	unitLogsService = templates.New[unitLogsCommand]("kbootstrap-unit-logs.service.tmpl")
)
