package host

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestParseProcesses: units that systemd never had to start again are left out, and the age of a
// process is counted from its own start.
func TestParseProcesses(t *testing.T) {
	shown := "Id=etcd.service\nNRestarts=0\nExecMainStartTimestampMonotonic=5\n\n" +
		"ExecMainStartTimestampMonotonic=4000000\nNRestarts=3\nId=kubelet.service\n\n" +
		"Id=docker.service\nNRestarts=2\nExecMainStartTimestampMonotonic=0\n"
	got, _ := withStarts(parseProcesses(strings.Split(shown, "\n\n"), 10*time.Second), nil)
	want := []Starts{
		{Unit: "kubelet.service", Count: 3, Ago: 6 * time.Second}, {Unit: "docker.service", Count: 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestUnitsThatStart: how long a start takes counts from the moment in which the unit was no longer
// down, and how long a job waits from the moment in which it was.
func TestUnitsThatStart(t *testing.T) {
	got, _ := withStarts(parseProcesses(strings.Split("Id=etcd.service\nActiveState=activating\nJob=7\nNRestarts=0\n"+
		"InactiveExitTimestampMonotonic=4000000\nExecMainStartTimestampMonotonic=5000000\n\n"+
		"Id=docker.service\nActiveState=inactive\nJob=8\nInactiveEnterTimestampMonotonic=9000000\n\n"+
		"Id=flanneld.service\nActiveState=inactive\nJob=9\nInactiveEnterTimestampMonotonic=0\n\n"+
		"Id=kubelet.service\nActiveState=inactive\nJob=\nInactiveEnterTimestampMonotonic=1000000\n\n"+
		"Id=kube-proxy.service\nActiveState=active\nJob=10\nInactiveExitTimestampMonotonic=1000000\n",
		"\n\n"), 10*time.Second), nil)
	want := []Starts{
		{Unit: "etcd.service", Ago: 5 * time.Second, Starting: 6 * time.Second},
		{Unit: "docker.service", Waiting: time.Second},
		{Unit: "flanneld.service", Waiting: 10 * time.Second},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
