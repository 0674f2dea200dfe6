package fleet

import (
	"testing"
	"time"
)

// TestTwin: a lock is held by another session of the same run when only the moment differs; one's
// own lost session is waited for, and other runs are.
func TestTwin(t *testing.T) {
	us := holder("kbootstrap up")
	twins, later, other, elsewhere := twin(us), us, us, us
	later.Since = us.Since.Add(time.Millisecond)
	other.PID++
	other.Since = later.Since
	elsewhere.Host, elsewhere.Since = "another", later.Since
	if !twins.isTwin(later) {
		t.Error("another session of this run is not known")
	}
	if twins.isTwin(us) || twins.isTwin(other) || twins.isTwin(elsewhere) {
		t.Error("a lost session, or another run, is taken for another session of this run")
	}
}
