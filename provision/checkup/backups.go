package checkup

import (
	"fmt"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
)

// backups judges the sets that the hosts of etcd make by themselves. One that is fresh is enough
// for a cluster to go on: all members hold the same. A host that has none while others do is a
// warning.
func backups(s Scene) (string, []Problem) {
	period := s.Cluster.Backup.Schedule.Period()
	if period == 0 {
		return "", nil
	}
	var found []Problem
	var makers []Host
	for _, h := range s.Hosts {
		switch told := h.Checkup; {
		case !h.Has(inventory.Etcd) || !h.Reached:
		case told.BackupsErr != nil:
			found = append(found, Problem{Level: Warning, Host: h.Name,
				Text: "the sets of backups cannot be read: " + told.BackupsErr.Error()})
		default:
			makers = append(makers, h)
			if f := told.Backups.Failure; f != nil {
				found = append(found, Problem{Level: Warning, Host: h.Name,
					Text: fmt.Sprintf("the last set, %s ago, was not made: %s", age(s.Now.Sub(f.Time)), f.Text),
					Hint: "journalctl -u kbootstrap-backup on the host, which tries again at the next time"})
			}
		}
	}
	if makers == nil {
		return "not known", found
	}
	newest, maker, count := newestSet(makers)
	if newest == nil {
		if isYoung(s, makers, 2*period) {
			return "none yet; the first is made within " + age(period), found
		}
		return "there is none", append(found, Problem{Level: Broken,
			Text: "no host of etcd has made a set of a backup", Hint: backupHint})
	}
	text := fmt.Sprintf("%d on hosts, the newest on %s, %s ago: %s", count, maker, age(s.Now.Sub(newest.Created)),
		human.Size(newest.Size))
	if old := s.Now.Sub(newest.Created); old > 2*period {
		return text, append(found, Problem{Level: Broken, Hint: backupHint,
			Text: fmt.Sprintf("the newest set of a backup is %s old, and one is made every %s", age(old), age(period))})
	}
	return text, append(found, late(s, makers, 2*period)...)
}

// newestSet is the newest set of all hosts, which host has it, and how many there are.
func newestSet(makers []Host) (newest *host.BackupSet, maker string, count int) {
	for _, h := range makers {
		sets := h.Checkup.Backups.Sets
		count += len(sets)
		if len(sets) > 0 && (newest == nil || sets[0].Created.After(newest.Created)) {
			newest, maker = &sets[0], h.Name
		}
	}
	return newest, maker, count
}

// isYoung reports whether a host was told to make sets, and all were so recently.
func isYoung(s Scene, makers []Host, limit time.Duration) bool {
	young := false
	for _, h := range makers {
		since := h.Checkup.Backups.Since
		if !since.IsZero() && s.Now.Sub(since) > limit {
			return false
		}
		young = young || !since.IsZero()
	}
	return young
}

// late are the hosts without a fresh set, where another has one.
func late(s Scene, makers []Host, limit time.Duration) []Problem {
	var found []Problem
	for _, h := range makers {
		told := h.Checkup.Backups
		last := told.Since
		if len(told.Sets) > 0 && told.Sets[0].Created.After(last) {
			last = told.Sets[0].Created
		}
		if told.Failure == nil && !last.IsZero() && s.Now.Sub(last) > limit {
			found = append(found, Problem{Level: Warning, Host: h.Name, Hint: backupHint,
				Text: "there is no set of the last " + age(limit)})
		}
	}
	return found
}

// backupHint is where to look when sets are missing.
const backupHint = "systemctl list-timers kbootstrap-backup.timer and journalctl -u kbootstrap-backup on the hosts " +
	"of etcd"

// age is a time that has gone by, in the largest unit of which there are two.
func age(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
