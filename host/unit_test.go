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
