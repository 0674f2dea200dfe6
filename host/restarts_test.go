package host

import (
	"slices"
	"testing"
	"time"
)

// TestParseProcesses: units that systemd never had to start again are left out, and the age of a
// process is counted from its own start.
func TestParseProcesses(t *testing.T) {
	got, _ := withRestarts(parseProcesses("Id=etcd.service\nNRestarts=0\nExecMainStartTimestampMonotonic=5\n\n"+
		"ExecMainStartTimestampMonotonic=4000000\nNRestarts=3\nId=kubelet.service\n\n"+
		"Id=docker.service\nNRestarts=2\nExecMainStartTimestampMonotonic=0\n", 10*time.Second), nil)
	want := []Restarts{
		{Unit: "kubelet.service", Count: 3, Ago: 6 * time.Second}, {Unit: "docker.service", Count: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
