package host

import "testing"

func TestUnitRuns(t *testing.T) {
	for text, runs := range map[string]bool{
		"ActiveState=active\nSubState=running\nMainPID=7":          true,
		"ActiveState=active\nSubState=exited\nMainPID=0":           true,
		"ActiveState=activating\nSubState=start\nMainPID=7":        true,
		"ActiveState=activating\nSubState=start-pre\nMainPID=0":    false,
		"ActiveState=activating\nSubState=auto-restart\nMainPID=0": false,
		"ActiveState=deactivating\nSubState=stop\nMainPID=7":       false,
		"ActiveState=inactive\nSubState=dead\nMainPID=0":           false,
		"ActiveState=failed\nSubState=failed\nMainPID=0":           false,
	} {
		if got := parseUnit(text).Runs(); got != runs {
			t.Errorf("%q runs: %v", text, got)
		}
	}
}

// TestUnitActive: a unit that a preflight finds about to run is one that runs when the hosts try to
// reach each other.
func TestUnitActive(t *testing.T) {
	for text, active := range map[string]bool{
		"ActiveState=active\nSubState=running\nJob=0":       true,
		"ActiveState=activating\nSubState=start\nJob=71":    true,
		"ActiveState=reloading\nSubState=reload\nJob=72":    true,
		"Job=73\nActiveState=inactive\nSubState=dead":       true,
		"ActiveState=failed\nSubState=failed\nJob=74":       true,
		"ActiveState=deactivating\nSubState=stop\nJob=75":   false,
		"ActiveState=inactive\nSubState=dead\nJob=":         false,
		"ActiveState=failed\nSubState=failed\nMainPID=0":    false,
		"ActiveState=maintenance\nSubState=dead\nMainPID=0": false,
	} {
		if got := parseUnit(text).Active; got != active {
			t.Errorf("%q is active: %v", text, got)
		}
	}
}
