package fleet

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"kbootstrap/node"
)

// TestLockOfTheDead: a host that ends what a killed run began there is waited for; one that a run
// works on is not, and neither is one of whose run nothing is known.
func TestLockOfTheDead(t *testing.T) {
	t.Parallel()
	ended := exec.CommandContext(t.Context(), "true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		holder node.Holder
		waits  bool
	}{
		"killed":     {node.Holder{Host: here, PID: ended.Process.Pid}, true},
		"at work":    {node.Holder{Host: here, PID: os.Getpid()}, false},
		"elsewhere":  {node.Holder{Host: here + "-2", PID: ended.Process.Pid}, false},
		"not read":   {node.Holder{}, false},
		"vain, gone": {node.Holder{Host: here, PID: ended.Process.Pid, User: "twin"}, false},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			told, tries := "", 0
			err := Options{Report: func(e Event) { told += e.Text }}.patiently(
				t.Context(), "m1", func(h node.Holder) bool { return h.User == "twin" }, func() error {
					if tries++; tries > 1 {
						return nil
					}
					return &node.LockedError{Holder: c.holder}
				})
			if c.waits != (err == nil) || c.waits != strings.Contains(told, "that process is gone") ||
				!c.waits && !errors.As(err, new(*node.LockedError)) {
				t.Errorf("%d tries, %v, told %q", tries, err, told)
			}
		})
	}
}
