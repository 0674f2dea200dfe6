package component

import (
	"slices"
	"time"

	"kbootstrap/resource"
)

// soak is how long a service that an upgrade has started again must run until what comes after it
// is begun: one that ends soon after its first good answer is put back like one that gives none.
const soak = 6 * time.Second

// soaked has each service of a component watched for a while, behind its last sign of health.
func soaked(of func(Target) []resource.Resource) func(Target) []resource.Resource {
	return func(t Target) []resource.Resource {
		rs := of(t)
		for i := len(rs) - 1; i >= 0; i-- {
			service, ok := rs[i].(resource.Service)
			if !ok || !service.Running || service.Config == "" {
				continue
			}
			last := i
			for j := i + 1; j < len(rs); j++ {
				if ready, ok := rs[j].(resource.Ready); ok && ready.Unit == service.Name {
					last = j
				}
			}
			var watched resource.Resource = resource.Steady{Unit: service.Name, For: soak}
			rs = slices.Insert(slices.Clone(rs), last+1, watched)
		}
		return rs
	}
}
