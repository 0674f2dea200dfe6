package provision

import (
	"context"
	"errors"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
)

// Meet asks hosts for their facts that are in no cluster yet: an inventory is to be made of them.
// It returns the facts of those that answered, by their names, and why the others did not. The
// error is about the run, and not about single hosts. Nothing is changed, and no lock is taken.
func Meet(
	ctx context.Context, hosts []inventory.Host, o fleet.Options,
) (map[string]host.Facts, map[string]error, error) {
	found, err := fleet.Connect(ctx, hosts, o, false)
	var failures plan.Failures
	if err != nil && (ctx.Err() != nil || !errors.As(err, &failures)) {
		found.Close()
		return nil, nil, err
	}
	defer found.Close()
	facts, failed := map[string]host.Facts{}, map[string]error{}
	for name, m := range found {
		facts[name] = m.Facts
	}
	for _, f := range failures {
		failed[f.Host] = f.Err
	}
	return facts, failed, nil
}
