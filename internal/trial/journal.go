package trial

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/posix"
)

// Journal is what journalctl prints in its format json for these lines, written just now.
func Journal(t testing.TB, lines ...string) []byte {
	t.Helper()
	return JournalAt(t, posix.Uptime(), "", lines...)
}

// JournalAt is the same for lines that one start of a unit wrote so long after the boot. A
// microsecond is added, as journalctl prints whole ones.
func JournalAt(t testing.TB, uptime time.Duration, start string, lines ...string) []byte {
	t.Helper()
	var b strings.Builder
	for _, line := range lines {
		entry, err := json.Marshal(map[string]string{
			"MESSAGE": line, "SYSLOG_IDENTIFIER": "etcd", "_PID": "7", "_HOSTNAME": "m1",
			"__REALTIME_TIMESTAMP":   "1795870860000000",
			"__MONOTONIC_TIMESTAMP":  strconv.FormatInt(uptime.Microseconds()+1, 10),
			"_SYSTEMD_INVOCATION_ID": start,
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(entry)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}
