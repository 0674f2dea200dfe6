package component

import (
	"hash/fnv"
	"path"

	"kbootstrap/backup/scheduled"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	backupTimer   = "kbootstrap-backup.timer"
	backupUnit    = "kbootstrap-backup.service"
	backupProgram = ownDir + "/libexec/kbootstrap"
)

// OwnProgram is the name of the content that is the tool itself. Hosts that make backups keep it.
const OwnProgram = "kbootstrap"

// backupSpread is within how many minutes after the time of the inventory the hosts begin, each at
// a minute of its own: a snapshot is work for a member and its disk.
const backupSpread = 30

// hostBackups is the part of a backup that each host of etcd makes by itself, so that one that is
// down ends nothing. The program is the tool's own: it seals for the recipients of the inventory,
// and the host has no key that opens what it made.
var hostBackups = Component{
	Name:    "host-backups",
	Short:   "backups",
	On:      func(t Target) bool { return t.Has(inventory.Etcd) && makesBackups(t.Cluster) },
	After:   []string{"tools", Etcd},
	Units:   BackupUnits(),
	Aside:   true,
	Sandbox: hostBackupsSandbox,
	Resources: func(t Target) []resource.Resource {
		program := t.content(OwnProgram)
		return list(
			one(
				resource.Dir{Path: BackupSetsDir(t.Cluster, t.Host), Mode: 0o700},
				resource.File{Path: backupProgram, Mode: 0o755, Blob: program.SHA256, Size: program.Size},
				text(scheduled.ConfigPath, 0o600, backupConfig(t).Text()),
				unit(backupUnit, backupService.Render(backupServiceData{
					Program: backupProgram, Dir: BackupSetsDir(t.Cluster, t.Host), Sandbox: hostBackupsSandbox(t),
				})),
			),
			one(unit(backupTimer, backupTimerFile.Render(backupTimerData{
				Times: t.Cluster.Backup.Schedule.Later(minuteOf(t.Host.Name)).Times(),
			}))),
			one(resource.Service{
				Name: backupTimer, Enabled: true, Running: true,
				Starts: []string{resource.File{Path: "/etc/systemd/system/" + backupTimer}.ID()},
			}),
		)
	},
}

// noHostBackups is a host that makes no backups by itself. What it made stays.
var noHostBackups = Component{
	Name:    "no-host-backups",
	On:      func(t Target) bool { return !t.Has(inventory.Etcd) || !makesBackups(t.Cluster) },
	After:   []string{"base"},
	Absence: true,
	Resources: func(Target) []resource.Resource {
		return one(
			resource.Service{Name: backupTimer},
			resource.Service{Name: backupUnit},
			resource.File{Path: "/etc/systemd/system/" + backupTimer, Absent: true},
			resource.File{Path: "/etc/systemd/system/" + backupUnit, Absent: true},
			resource.File{Path: scheduled.ConfigPath, Absent: true},
			resource.File{Path: backupProgram, Absent: true},
		)
	},
}

// BackupUnits are the units of backups that hosts make by themselves.
func BackupUnits() []string { return []string{backupTimer, backupUnit} }

// makesBackups reports whether the hosts of etcd make backups by themselves.
func makesBackups(c *inventory.Cluster) bool { return c.Backup.Schedule.IsSet() }

// BackupSetsDir is the directory in which a host keeps the sets that it makes.
func BackupSetsDir(c *inventory.Cluster, h inventory.Host) string {
	return path.Join(c.Backup.To, c.Name, h.Name)
}

// backupConfig is what a host is told of the sets that it makes.
func backupConfig(t Target) scheduled.Config {
	return scheduled.Config{
		Cluster: t.Cluster.Name, Host: t.Host.Name, Kubernetes: t.Cluster.Kubernetes,
		Versions: map[string]string{Etcd: t.version(Etcd)},
		Members:  len(t.Cluster.With(inventory.Etcd)), Fingerprints: t.PKI.Fingerprints(),
		Recipients: t.Cluster.Backup.Recipients, Keep: t.Cluster.Backup.Keep,
		Dir: BackupSetsDir(t.Cluster, t.Host), Etcd: OwnEtcd(),
	}
}

// minuteOf is the minute of a host, which does not change when others come or go.
func minuteOf(name string) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(name)) // never fails
	return int(sum.Sum32() % backupSpread)
}

// hostBackupsSandbox is what the program may do: it reads the key of a client of etcd.
func hostBackupsSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{
		Writable: []string{BackupSetsDir(t.Cluster, t.Host)}, Capabilities: []string{"CAP_DAC_READ_SEARCH"},
	})
}

// content is a content that every release of the cluster has.
func (t Target) content(name string) release.Content {
	content, err := t.Release.Content(name)
	if err != nil {
		panic("component: " + err.Error()) // as for programs
	}
	return content
}

// backupServiceData is the data of the service.
type backupServiceData struct {
	Program, Dir string
	Sandbox      templates.Sandbox
}

// backupTimerData is the data of the timer.
type backupTimerData struct{ Times []string }

var (
	backupService   = templates.New[backupServiceData]("kbootstrap-backup.service.tmpl")
	backupTimerFile = templates.New[backupTimerData]("kbootstrap-backup.timer.tmpl")
)
