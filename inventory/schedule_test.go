package inventory

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// backupOf reads an inventory with the lines of backup.
func backupOf(lines string) (Backup, error) {
	c, err := Parse("hosts.yaml", []byte("cluster: demo\nkubernetes: v1.36.3\nhosts:\n"+
		"  - {name: m1, address: 10.0.0.1, roles: [etcd, control-plane, worker]}\nbackup:\n"+lines),
		Rules{OldestMinor: 33, NewestMinor: 36})
	if err != nil {
		return Backup{}, err
	}
	return c.Backup, nil
}

const someRecipient = "  recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]\n"

// TestSchedule: what a schedule says, and how long it is from one time to the next at most.
func TestSchedule(t *testing.T) {
	for text, want := range map[string]struct {
		times  string
		period time.Duration
	}{
		`"02:30"`:                     {"02:30", 24 * time.Hour},
		`02:30`:                       {"02:30", 24 * time.Hour},
		`["12:00", "00:00", "12:00"]`: {"00:00 12:00", 12 * time.Hour},
		`["00:00", "06:00"]`:          {"00:00 06:00", 18 * time.Hour},
	} {
		b, err := backupOf(someRecipient + "  schedule: " + text + "\n")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := strings.Join(b.Schedule.Times(), " "); got != want.times || b.Schedule.Period() != want.period {
			t.Errorf("%s is %s every %s", text, got, b.Schedule.Period())
		}
		if b.Keep != 14 || b.To != "/var/backups/kbootstrap" {
			t.Errorf("the defaults are %d and %s", b.Keep, b.To)
		}
	}
	b, err := backupOf(someRecipient + "  schedule: hourly\n")
	if err != nil || len(b.Schedule) != 24 || b.Schedule.Period() != time.Hour {
		t.Errorf("hourly is %v, %v", b.Schedule, err)
	}
	late := Schedule{23*60 + 50, 60}.Later(15)
	if got := late.Times(); !slices.Equal(got, []string{"00:05", "01:15"}) {
		t.Errorf("a quarter of an hour later is %q", got)
	}
	if none := (Schedule{}); none.IsSet() || none.Period() != 0 {
		t.Errorf("no schedule is %v", none.Period())
	}
}

// TestBackupProblems: what cannot be is told with its place, all of it at once.
func TestBackupProblems(t *testing.T) {
	for lines, want := range map[string][]string{
		"  schedule: hourly\n":                            {"6:13:", "no recipient is named"},
		someRecipient + "  schedule: \"24:00\"\n":         {"7:13:", `"24:00" is neither a time of day`},
		someRecipient + "  schedule: [daily, \"1:00\"]\n": {`"daily"`, `"1:00"`},
		someRecipient + "  schedule: []\n":                {"the list is empty"},
		"  to: srv/backups\n  keep: 1\n":                  {"not a place for backups", "1 of keep is not a number"},
		"  to: /etc/backups\n":                            {"not a place for backups"},
		"  to: /srv/backups/\n":                           {"not a place for backups"},
	} {
		_, err := backupOf(lines)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%q: got %v, want %q", lines, err, w)
			}
		}
	}
}
