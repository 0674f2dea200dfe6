package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// listOf reads a list as the API writes it.
func listOf(t *testing.T, items string) objectList {
	t.Helper()
	var list objectList
	if err := json.Unmarshal([]byte(`{"items":[`+items+`]}`), &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// What the API still says of the time before the start is not taken for health.
func TestNodesOfTheFloor(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	for status, c := range map[string]struct {
		heartbeat string
		ready     bool
	}{
		"True":    {"2026-01-02T03:04:05Z", true}, // the API has no parts of seconds
		"False":   {"2026-01-02T03:04:06Z", false},
		"Unknown": {"2026-01-02T03:04:06Z", false},
	} {
		list := listOf(t, fmt.Sprintf(`{"metadata":{"name":"w2"},"status":{"conditions":[{"type":"Ready","status":"True",
			"lastHeartbeatTime":"2026-01-02T03:04:04Z"}]}},{"metadata":{"name":"w1"},"status":{"conditions":[
			{"type":"DiskPressure","status":"False","lastHeartbeatTime":%[1]q},
			{"type":"Ready","status":%[2]q,"lastHeartbeatTime":%[1]q}]}}`, c.heartbeat, status))
		if ready := list.isNodeReady("w1", start); ready != c.ready {
			t.Errorf("%s: w1 is ready: %v", status, ready)
		}
		if list.isNodeReady("w2", start) {
			t.Error("w2 is ready by what its kubelet said before the start")
		}
		if list.isNodeReady("w3", start) {
			t.Error("a node that is not there is ready")
		}
	}
}

func TestPodsOfTheFloor(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	const before, after = "2026-01-02T03:04:04Z", "2026-01-02T03:04:07Z"
	pod := func(namespace, name, ready, started string) string {
		return fmt.Sprintf(`{"metadata":{"namespace":%q,"name":%q},"spec":{"nodeName":"w1"},"status":{
			"conditions":[{"type":"Ready","status":%q}],"containerStatuses":[{"state":{"running":{"startedAt":%q}}}]}}`,
			namespace, name, ready, started)
	}
	probe := pod("kbootstrap", "probe-x", "True", after)
	for what, c := range map[string]struct {
		pods  string
		ready bool
	}{
		"a probe":           {probe, true},
		"no probe":          {pod("kube-system", "coredns-x", "True", after), false},
		"one of before":     {pod("kbootstrap", "probe-x", "True", before), false},
		"both":              {probe + "," + pod("kube-system", "coredns-x", "True", after), true},
		"DNS not ready":     {probe + "," + pod("kube-system", "coredns-x", "False", after), false},
		"DNS of before":     {probe + "," + pod("kube-system", "coredns-x", "True", before), false},
		"others not ready":  {probe + "," + pod("kube-system", "metrics-server-x", "False", before), true},
		"the same of users": {probe + "," + pod("default", "coredns-x", "False", before), true},
	} {
		if ready := listOf(t, c.pods).arePodsReady("w1", start); ready != c.ready {
			t.Errorf("%s: %v", what, ready)
		}
	}
}
