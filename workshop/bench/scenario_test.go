package main

import (
	"slices"
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	if all, err := choose(""); err != nil || len(all) != len(scenarios()) {
		t.Errorf("nothing chosen gives %d scenarios, %v", len(all), err)
	}
	chosen, err := choose("again, 1+1")
	if err != nil || !slices.Equal(names(chosen), []string{"again", "1+1"}) {
		t.Errorf("chosen: %v, %v", names(chosen), err)
	}
	if _, err := choose("1+1,2+2"); err == nil || !strings.Contains(err.Error(), `"2+2"`) {
		t.Errorf("error is %v", err)
	}
}

func TestNodes(t *testing.T) {
	want := map[string]int{"1": 1, "1+1": 2, "1+2": 3, "1+2-plain": 3, "3+1": 4, "add-node": 3, "again": 3, kubeadm: 2,
		"1-floor": 1, "1+1-floor": 2, "3+1-floor": 4, "add-node-floor": 3}
	for _, s := range scenarios() {
		if s.nodes() != want[s.Name] {
			t.Errorf("%s: %d nodes, want %d", s.Name, s.nodes(), want[s.Name])
		}
	}
}
