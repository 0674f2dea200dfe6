package remote

import (
	"context"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// Trust records the keys of hosts that are not known yet.
type Trust struct {
	Options Options
	// Show is called with the keys that were seen, once in each round.
	Show func([]Sighting)
	// Confirm is called before n keys are recorded; an error ends the work.
	Confirm func(ctx context.Context, n int) error
	// Recorded counts the keys that were written to known_hosts.
	Recorded int
}

// Record looks at the keys of the hosts and records the new ones. What is behind a jump host can
// only be seen when the jump host's key is known, so there is a round for each jump host in a row.
// It returns the sightings of keys that could not be seen, are not what they were, or could not be
// recorded; these have an error.
func (t *Trust) Record(ctx context.Context, hosts []inventory.Host) ([]Sighting, error) {
	for {
		found := Survey(ctx, hosts, t.Options)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		t.Show(found)
		fresh, behind, failed := sift(found)
		if len(fresh) == 0 {
			return failed, nil
		}
		if err := t.Confirm(ctx, len(fresh)); err != nil {
			return nil, err
		}
		if unwritten := t.write(fresh); len(unwritten) > 0 {
			return unwritten, nil
		}
		if !behind {
			return failed, nil
		}
	}
}

// sift returns the sightings of keys that can be recorded, whether a jump host hides some others,
// and those that went wrong.
func sift(found []Sighting) (fresh []Sighting, behind bool, failed []Sighting) {
	for _, s := range found {
		switch {
		case s.New():
			fresh = append(fresh, s)
		case s.Behind != "":
			behind = true
		case s.Err != nil:
			failed = append(failed, s)
		}
	}
	return fresh, behind, failed
}

// write records keys and returns those that could not be, each with the reason.
func (t *Trust) write(fresh []Sighting) (failed []Sighting) {
	for _, s := range fresh {
		if s.Err = s.Record(); s.Err != nil {
			failed = append(failed, s)
			continue
		}
		t.Recorded++
	}
	return failed
}

// Status is one word about the key: known, new, changed, refused, unreachable or behind.
func (s Sighting) Status() string {
	switch code := fault.Of(s.Err); {
	case s.Err == nil:
		return "known"
	case s.New():
		return "new"
	case s.Behind != "":
		return "behind"
	case code == fault.HostKeyChanged:
		return "changed"
	case code == fault.HostKeyRevoked || code == fault.HostKeyPinned || code == fault.KnownHosts:
		return "refused"
	}
	return "unreachable"
}
