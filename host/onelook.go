package host

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// oneLook is what was asked so far in a look at a machine.
type oneLook struct {
	units []string // that will be asked for

	mu    sync.Mutex
	asked map[any]*asked
}

// asked is a question that is under way or was answered. Value and err are there when done is
// closed.
type asked struct {
	done  chan struct{}
	value any
	err   error
}

type oneLookKey struct{}

// OneLook returns the context of a look at a machine that changes nothing there: what its parts ask
// by Once is asked once for all of them. The units are those that they will ask systemd for.
func OneLook(ctx context.Context, units []string) context.Context {
	units = slices.Compact(slices.Sorted(slices.Values(units)))
	return context.WithValue(ctx, oneLookKey{}, &oneLook{units: units, asked: map[any]*asked{}})
}

// IsLook reports whether a context is that of a look, which changes nothing.
func IsLook(ctx context.Context) bool { return ctx.Value(oneLookKey{}) != nil }

// Once returns what ask returns. Within one look, all who ask a question of the same key get the
// same answer, which must not be changed. An error is no answer: it may be that of a deadline of
// its own, so that each other part asks again.
func Once[T any](ctx context.Context, key any, ask func() (T, error)) (T, error) {
	look, ok := ctx.Value(oneLookKey{}).(*oneLook)
	if !ok {
		return ask()
	}
	look.mu.Lock()
	a, others := look.asked[key]
	if !others {
		a = &asked{done: make(chan struct{})}
		look.asked[key] = a
	}
	look.mu.Unlock()
	if !others {
		defer close(a.done)
		value, err := ask()
		a.value, a.err = value, err
		return value, err
	}
	select {
	case <-a.done:
	case <-ctx.Done():
		return ask()
	}
	if value, ok := a.value.(T); ok && a.err == nil {
		return value, nil
	}
	return ask()
}

// allProperties are UnitProperties and what Starts asks for.
const allProperties = UnitProperties + "," + startsProperties

// showUnits asks systemd for some properties of units, in one call; the answers are in the order of
// the names. In one look it is asked once for the units of all parts: most of what the answer costs
// is systemd's own work for each unit, whatever was asked of it.
func showUnits(ctx context.Context, run Runner, properties string, names []string) ([]string, error) {
	look, ok := ctx.Value(oneLookKey{}).(*oneLook)
	if !ok || slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(look.units, name) }) {
		return show(ctx, run, properties, names)
	}
	type units struct{}
	all, err := Once(ctx, units{}, func() ([]string, error) { return show(ctx, run, allProperties, look.units) })
	if err != nil {
		return nil, err
	}
	blocks := make([]string, len(names))
	for i, name := range names {
		at, _ := slices.BinarySearch(look.units, name)
		blocks[i] = all[at]
	}
	return blocks, nil
}

// show runs systemctl.
func show(ctx context.Context, run Runner, properties string, names []string) ([]string, error) {
	argv := append([]string{"systemctl", "show", "-p", properties, "--"}, names...)
	out, err := run(ctx, argv...)
	if err != nil {
		return nil, err
	}
	blocks := strings.Split(strings.TrimSpace(string(out)), "\n\n")
	if len(blocks) != len(names) {
		return nil, fmt.Errorf("%s: %d answers for %d units", strings.Join(argv, " "), len(blocks), len(names))
	}
	return blocks, nil
}
