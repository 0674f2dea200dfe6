package main

import (
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/report"
)

// TestOtherTarget: the version of the inventory counts, and the message says which line to write.
func TestOtherTarget(t *testing.T) {
	err := otherTarget("hosts.yaml", "v1.35.4", "v1.36.3")
	if fault.Of(err) != fault.UpgradeTarget || !strings.Contains(err.Error(), "write `kubernetes: v1.36.3`") {
		t.Errorf("got %v", err)
	}
}

// TestUpgradeText: what moves is listed with the order of the nodes; where no node is emptied, the
// order is of no interest.
func TestUpgradeText(t *testing.T) {
	u := report.Upgrade{
		Moves: []report.Move{{
			Component: "kubernetes", From: []string{"1.35.4", "1.35.7"}, To: "1.36.3",
			Hosts: []string{"m1", "w1", "w2"},
		}},
		Waves: [][]string{{"m1"}, {"w1", "w2"}},
	}
	const moves = "kubernetes: 1.35.4, 1.35.7 -> 1.36.3 on m1, w1, w2\n"
	if got := upgradeText(u); got != moves {
		t.Errorf("got %q", got)
	}
	u.SnapshotHost, u.SnapshotDir = "m1", "/snapshots"
	const kept = "before the first change: m1 keeps a snapshot of etcd in /snapshots\n"
	if got := upgradeText(u); got != moves+kept {
		t.Errorf("got %q", got)
	}
	u.Drained = []string{"w1", "w2"}
	u.Moves = append(u.Moves, report.Move{Component: "etcd", From: []string{"3.5.33"}, To: "3.6.14"})
	if got := upgradeText(u); !strings.Contains(got, "etcd 3.6.14: when its last member has it there is no way back") {
		t.Errorf("got %q", got)
	}
	u.Moves[1].From[0] = "3.6.13"
	if got := upgradeText(u); strings.Contains(got, "no way back") {
		t.Errorf("a patch: got %q", got)
	}
	u.Moves = u.Moves[:1]
	const order = "nodes, one after the other: m1, w1+w2; pods leave w1, w2 first\n"
	if got := upgradeText(u); got != moves+kept+order {
		t.Errorf("got %q", got)
	}
}
