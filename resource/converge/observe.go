package converge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// observers is how many resources are looked at together. Most of the time goes into waiting for the kernel, for
// systemd and for the API.
const observers = 8

// Observe looks at many resources together, in the order of the list. It starts one systemctl for all services and one
// ctr for all images of a store, since a process for each would cost more than everything else. The error holds every
// resource that could not be read.
func Observe(ctx context.Context, sys *host.System, wanted []resource.Resource) ([]resource.Resource, error) {
	found := make([]resource.Resource, len(wanted))
	failed := make([]error, len(wanted))
	var group errgroup.Group
	group.SetLimit(observers)
	var services []int
	stores := map[resource.ImageStore][]int{}
	for i, r := range wanted {
		switch r := r.(type) {
		case resource.Service:
			services = append(services, i)
		case resource.Image:
			stores[r.Store()] = append(stores[r.Store()], i)
		}
	}
	if len(services) > 0 {
		group.Go(func() error { observeServices(ctx, sys, wanted, services, found, failed); return nil })
	}
	for store, list := range stores {
		group.Go(func() error {
			refs := resource.Images(ctx, sys, store)
			for _, i := range list {
				image, _ := wanted[i].(resource.Image)
				found[i] = image.Found(refs)
			}
			return nil
		})
	}
	for i, r := range wanted {
		switch r.(type) {
		case resource.Service, resource.Image:
			continue
		}
		group.Go(func() error {
			found[i], failed[i] = r.Observe(ctx, sys)
			return nil
		})
	}
	_ = group.Wait() // the errors are in failed
	age(wanted, found)
	for i, err := range failed {
		if err != nil {
			failed[i] = fmt.Errorf("%s: %w", wanted[i].ID(), err)
		}
	}
	return found, errors.Join(failed...)
}

// age tells of the running services of which something that they start with differs, though their configuration is the
// wanted one: they will be older than that.
func age(wanted, found []resource.Resource) {
	differ := map[string]bool{}
	for i, w := range wanted {
		if found[i] != nil && resource.Changed(found[i], w) {
			differ[w.ID()] = true
		}
	}
	for i, w := range wanted {
		service, _ := w.(resource.Service)
		now, ok := found[i].(resource.Service)
		if ok && now.Running && now.Config == service.Config && slices.ContainsFunc(service.Starts, func(id string) bool { return differ[id] }) {
			now.Older = true
			found[i] = now
		}
	}
}

func observeServices(ctx context.Context, sys *host.System, wanted []resource.Resource, at []int, found []resource.Resource, failed []error) {
	names := make([]string, len(at))
	for n, i := range at {
		service, _ := wanted[i].(resource.Service)
		names[n] = service.Name
	}
	units, err := sys.Units(ctx, names...)
	for n, i := range at {
		if err != nil {
			failed[i] = err
			continue
		}
		service, _ := wanted[i].(resource.Service)
		found[i] = service.Found(sys, units[n])
	}
}
