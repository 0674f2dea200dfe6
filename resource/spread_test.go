package resource_test

import (
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// TestSpread: pods are moved only where another node takes them, and never while one is missing.
func TestSpread(t *testing.T) {
	taint := func(key, effect string) any { return map[string]any{"key": key, "effect": effect} }
	cordoned := node("m2", true)
	cordoned["spec"] = map[string]any{"unschedulable": true}
	for name, c := range map[string]struct {
		pods    []string
		nodes   []map[string]any
		differs bool
	}{
		"two nodes":            {[]string{"m1", "m1"}, []map[string]any{node("m1", true), node("m2", true)}, true},
		"one node":             {[]string{"m1", "m1"}, []map[string]any{node("m1", true)}, false},
		"spread":               {[]string{"m1", "m2"}, []map[string]any{node("m1", true), node("m2", true)}, false},
		"one pod":              {[]string{"m1"}, []map[string]any{node("m1", true), node("m2", true)}, false},
		"one is not placed":    {[]string{"m1", ""}, []map[string]any{node("m1", true), node("m2", true)}, false},
		"none is placed":       {[]string{"", ""}, []map[string]any{node("m1", true), node("m2", true)}, false},
		"the other is down":    {[]string{"m1", "m1"}, []map[string]any{node("m1", true), node("m2", false)}, false},
		"the other is drained": {[]string{"m1", "m1"}, []map[string]any{node("m1", true), cordoned}, false},
		"a taint is tolerated": {[]string{"m1", "m1"}, []map[string]any{
			node("m1", true), node("m2", true, taint("node-role.kubernetes.io/control-plane", "NoSchedule"))}, true},
		"a taint is not": {[]string{"m1", "m1"}, []map[string]any{
			node("m1", true), node("m2", true, taint("gpu", "NoSchedule"))}, false},
		"a taint is a wish": {[]string{"m1", "m1"}, []map[string]any{
			node("m1", true), node("m2", true, taint("gpu", "PreferNoSchedule"))}, true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			k := newKube(m)
			k.crowd()
			k.place(c.pods...)
			k.nodes(c.nodes...)
			wanted := api.Spread{Namespace: "kube-system", Name: "x", Kubeconfig: namespaceX().Kubeconfig}
			if found := m.observe(wanted); resource.Changed(found, wanted) != c.differs {
				t.Errorf("found %q", found.State())
			}
			m.apply(wanted)
			if found := m.observe(wanted); resource.Changed(found, wanted) {
				t.Error("applied, and not spread")
			}
		})
	}
}

// TestSpreadWithoutAPI: where no API answers there is nothing to move.
func TestSpreadWithoutAPI(t *testing.T) {
	m := newMachine(t)
	wanted := api.Spread{Namespace: "kube-system", Name: "x", Kubeconfig: namespaceX().Kubeconfig}
	if found := m.observe(wanted); resource.Changed(found, wanted) {
		t.Error("a host without a kubeconfig has pods that are all on one node")
	}
	k := newKube(m)
	k.crowd()
	k.server.Close()
	if found := m.observe(wanted); resource.Changed(found, wanted) {
		t.Error("pods of an API that is down are all on one node")
	}
}
