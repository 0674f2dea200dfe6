package plan_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/plan"
	"kbootstrap/remote"
)

func TestFailures(t *testing.T) {
	locked := &node.LockedError{}
	f := plan.Failures{
		{
			Host: "m2", Component: "connect",
			Err: &remote.Error{
				Host: "m2", Op: "dial 192.0.2.2:22", Kind: remote.Unreachable, Err: errors.New("no route"),
			},
		},
		{Host: "m1", Component: "connect", Err: locked},
		{Host: "m1", Component: "etcd", Err: context.Canceled},
	}
	sorted := f.Sorted([]inventory.Host{{Name: "m1"}, {Name: "m2"}})
	want := "m1: connect: locked by another run\nm1: etcd: context canceled\nm2: dial 192.0.2.2:22: no route"
	if sorted.Error() != want {
		t.Errorf("got\n%s\nwant\n%s", sorted, want)
	}
	if d := cmp.Diff([]string{"m1", "m2"}, sorted.Hosts()); d != "" {
		t.Errorf("hosts:\n%s", d)
	}
	var (
		err     error = sorted
		failure plan.Failure
		unreach *remote.Error
		lock    *node.LockedError
	)
	if !errors.As(err, &failure) || failure.Host != "m1" || !errors.As(err, &unreach) || !errors.As(err, &lock) ||
		!errors.Is(err, context.Canceled) {
		t.Error("a cause cannot be found in the failures")
	}
	if failure.Hint() != locked.Hint() || failure.Hint() == "" {
		t.Errorf("hint %q", failure.Hint())
	}
	if hint := (plan.Failure{Host: "m1", Err: errors.New("x")}).Hint(); hint != "" {
		t.Errorf("hint %q", hint)
	}
}
