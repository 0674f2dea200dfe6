package resource_test

import (
	"testing"

	"kbootstrap/resource/api"
	"kbootstrap/resource/kinds"
)

// TestWhatWasSeenIsNotLookedAtAgain: the API tells of a node what its controllers last heard, and
// may take back for a while what an Apply has just seen. That is no failure of the change.
func TestWhatWasSeenIsNotLookedAtAgain(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	const path = "/api/v1/nodes/m1"
	k.status(path, `{}`)
	k.ripe, k.later = 1, func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.objects, path)
	}
	wanted := api.Registration{Node: "m1", Kubeconfig: namespaceX().Kubeconfig}
	change, err := kinds.ApplyAndVerify(t.Context(), m.System, wanted.Absence(), wanted, nil)
	if err != nil || change.After != wanted.State() {
		t.Errorf("%v, after it %q", err, change.After)
	}
	if now := m.observe(wanted); now.State() == wanted.State() {
		t.Error("the node was not taken back, so this test shows nothing")
	}
}

// TestLateAnswerIsNoAbsence: an API server that has taken an object may not tell of it at once, for
// instance because it does not know the administrator's new rights yet.
func TestLateAnswerIsNoAbsence(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	k.lateReads = 3
	wanted := namespaceX()
	change, err := kinds.ApplyAndVerify(t.Context(), m.System, wanted.Absence(), wanted, nil)
	if err != nil || change.After != wanted.State() || k.lateReads != 0 {
		t.Errorf("%v, after it %q, %d answers left", err, change.After, k.lateReads)
	}
}
