package host

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/internal/trial"
)

// TestEvidence: of a journal only what was written since the moment counts, by the monotonic
// clock, and each line is given to the start that wrote it.
func TestEvidence(t *testing.T) {
	const hour = time.Hour
	journal := slices.Concat(
		trial.JournalAt(t, hour, "a", "of an hour ago: bind: address already in use"),
		trial.JournalAt(t, 2*hour, "a", "the end of the first start", "two\nlines"),
		[]byte("cut o\n"),
		trial.JournalAt(t, 2*hour+time.Second, "b", "the second start"),
	)
	now := Moment(2*hour + 3*time.Second)
	for _, test := range []struct {
		since   time.Duration
		current string
		want    []string
	}{
		{2 * hour, "b", []string{"1 the end of the first start", "1 two", "1 lines", "0 the second start"}},
		{2 * hour, "c", []string{"2 the end of the first start", "2 two", "2 lines", "1 the second start"}},
		{2 * hour, "", []string{"1 the end of the first start", "1 two", "1 lines", "0 the second start"}},
		{2*hour + time.Second, "b", []string{"0 the second start"}},
		{3 * hour, "b", nil},
	} {
		var got []string
		for _, line := range evidence(journal, Moment(test.since), now, test.current) {
			_, text, _ := strings.Cut(line.Text, "m1 etcd[7]: ")
			got = append(got, string(rune('0'+line.Start))+" "+text)
			if line.Age < 0 || line.Age > 4*time.Second {
				t.Errorf("%q is %s old", line.Text, line.Age)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("since %s with %q: got %q, want %q", test.since, test.current, got, test.want)
		}
	}
}

// TestEntryForms: a message that is not plain text comes as bytes, and what systemd says of a unit
// belongs to the start that it is about.
func TestEntryForms(t *testing.T) {
	for text, want := range map[string]string{
		`{"MESSAGE":[104,105,255],"__MONOTONIC_TIMESTAMP":"5"}`:                                        "hi\uFFFD",
		`{"MESSAGE":["one","two"],"__MONOTONIC_TIMESTAMP":"5"}`:                                        "one",
		`{"MESSAGE":"x","INVOCATION_ID":"b","_SYSTEMD_INVOCATION_ID":"a","__MONOTONIC_TIMESTAMP":"5"}`: "x",
	} {
		lines := evidence([]byte(text+"\n"), 0, 0, "b")
		if len(lines) != 1 || !strings.HasSuffix(lines[0].Text, ": "+want) || lines[0].Start > 1 {
			t.Errorf("%s: %+v", text, lines)
		}
	}
	var f field
	if err := json.Unmarshal([]byte("null"), &f); err != nil || f != "" {
		t.Errorf("null is %q, %v", f, err)
	}
}

// TestSinceTouched: the journal counts from when the unit was touched, also for a wait that begins
// later; that of any other unit counts from the beginning of the wait.
func TestSinceTouched(t *testing.T) {
	var printed []byte
	sys := NewSystem(t.TempDir(), func(_ context.Context, argv ...string) ([]byte, error) {
		switch {
		case argv[0] == "systemctl":
			return []byte("ActiveState=active\nInvocationID=b\n"), nil
		case argv[1] == "--sync":
			return nil, errors.New("an old journalctl")
		}
		return printed, nil
	}, nil, nil)
	before := Uptime()
	old := trial.JournalAt(t, time.Duration(before)-time.Minute, "b", "old")
	sys.Touch("etcd.service")
	printed = append(old, trial.Journal(t, "new")...)
	if since := sys.Since("etcd.service"); since < before {
		t.Errorf("since %d, before %d", since, before)
	}
	j := sys.Journal(t.Context(), "etcd.service", sys.Since("etcd.service"))
	if len(j.Lines) != 1 || !strings.HasSuffix(j.End(20), "new") || !j.Runs {
		t.Errorf("got %+v", j)
	}
	printed = old
	j = sys.Journal(t.Context(), "kubelet.service", sys.Since("kubelet.service"))
	if len(j.Lines) != 0 || !strings.HasPrefix(j.End(20), "(nothing since 20") {
		t.Errorf("got %+v", j)
	}
}
