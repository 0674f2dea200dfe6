package checkup

import (
	"fmt"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/inventory"
)

// backups judges the sets that the hosts of etcd make by themselves. One that is good is enough:
// all members hold the same.
func backups(s Scene) (string, []Problem) {
	period := s.Cluster.Backup.Schedule.Period()
	if period == 0 {
		return "", nil
	}
	var (
		found  []Problem
		newest *host.BackupSet
		where  string
		since  time.Time // when the first host was told to make sets
		late   []Problem
		count  int
		asked  bool
	)
	for _, h := range s.Hosts {
		if !h.Has(inventory.Etcd) || !h.Reached {
			continue
		}
		told := h.Checkup.Backups
		if h.Checkup.BackupsErr != nil {
			found = append(found, Problem{Level: Warning, Host: h.Name,
				Text: "the sets of backups cannot be read: " + h.Checkup.BackupsErr.Error()})
			continue
		}
		asked = true
		count += len(told.Sets)
		if since.IsZero() || !told.Since.IsZero() && told.Since.Before(since) {
			since = told.Since
		}
		last := told.Since
		if len(told.Sets) > 0 {
			set := told.Sets[0]
			if last = set.Created; newest == nil || set.Created.After(newest.Created) {
				newest, where = &set, h.Name
			}
		}
		switch {
		case told.Failure != nil:
			late = append(late, Problem{Level: Warning, Host: h.Name,
				Text: fmt.Sprintf("the last set, %s ago, was not made: %s", age(s.Now.Sub(told.Failure.Time)),
					told.Failure.Text),
				Hint: "journalctl -u kbootstrap-backup on the host; it tries again at the next time of the schedule"})
		case !last.IsZero() && s.Now.Sub(last) > 2*period:
			late = append(late, Problem{Level: Warning, Host: h.Name,
				Text: fmt.Sprintf("there is no set of the last %s", age(2*period)), Hint: backupHint})
		}
	}
	if !asked {
		return "", found
	}
	found = append(found, late...)
	if newest == nil {
		if !since.IsZero() && s.Now.Sub(since) <= 2*period {
			return "none yet; the first is made within " + age(period), found
		}
		return "there is none", append(found, Problem{Level: Broken,
			Text: "no host of etcd has made a set of a backup", Hint: backupHint})
	}
	if old := s.Now.Sub(newest.Created); old > 2*period {
		found = append(found, Problem{Level: Broken,
			Text: fmt.Sprintf("the newest set of a backup is %s old, and one is made every %s", age(old), age(period)),
			Hint: backupHint})
	}
	return fmt.Sprintf("%d on hosts, the newest on %s, %s ago: %s", count, where, age(s.Now.Sub(newest.Created)),
		human.Size(newest.Size)), found
}

// backupHint is where to look when sets are missing.
const backupHint = "systemctl list-timers kbootstrap-backup.timer and journalctl -u kbootstrap-backup on the hosts of etcd"

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
