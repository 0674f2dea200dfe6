package provision

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// Status is the health of a cluster as its hosts tell it. It needs no API: hosts answer over SSH
// when that is dead.
type Status struct {
	Cluster string       `json:"cluster"`
	Healthy bool         `json:"healthy"`
	Hosts   []HostStatus `json:"hosts"`
	// Refused is what `up` would not carry out because it would harm the cluster.
	Refused []string `json:"refused,omitempty"`
	// Warnings are what is odd.
	Warnings []string `json:"warnings,omitempty"`
}

// HostStatus is the health of one host.
type HostStatus struct {
	Name         string            `json:"name"`
	Address      string            `json:"address"`
	Roles        []inventory.Role  `json:"roles"`
	Reached      bool              `json:"reached"`         // a session to the host could be opened
	Error        string            `json:"error,omitempty"` // why the host could not be asked
	Components   []ComponentStatus `json:"components,omitempty"`
	Certificates []Certificate     `json:"certificates,omitempty"`
}

// ComponentStatus is the health of one component on one host.
type ComponentStatus struct {
	Name    string `json:"name"`
	Healthy bool   `json:"healthy"`
	// Problem names what is not as it should be: "service etcd.service is not running".
	Problem string `json:"problem,omitempty"`
	// Changed says that the component differs from the inventory; plan tells how.
	Changed bool `json:"changed,omitempty"`
}

// Certificate is a certificate on a host.
type Certificate struct {
	Path    string    `json:"path"`
	Subject string    `json:"subject"`
	Expires time.Time `json:"expires"`
}

// warnExpiry is when a certificate is worth a warning: `up` renews it long before.
const warnExpiry = 30 * 24 * time.Hour

// Expiring returns the certificates of the host that end within thirty days of now.
func (h HostStatus) Expiring(now time.Time) []Certificate {
	var soon []Certificate
	for _, c := range h.Certificates {
		if c.Expires.Before(now.Add(warnExpiry)) {
			soon = append(soon, c)
		}
	}
	return soon
}

// Healthy reports whether the host answered and all its components are healthy.
func (h HostStatus) Healthy() bool {
	return h.Error == "" && !slices.ContainsFunc(h.Components, func(c ComponentStatus) bool { return !c.Healthy })
}

// Status asks every host of the run for its certificates, and tells the health of what the plan
// found.
func (r *Run) Status(ctx context.Context) Status {
	status := Status{
		Cluster: r.Cluster.Name, Healthy: true, Hosts: make([]HostStatus, len(r.Cluster.Hosts)),
		Warnings: slices.Clone(r.Warnings),
	}
	for _, f := range preflight.Merged(r.Foreign) {
		status.Warnings = append(status.Warnings, f.Text())
	}
	for _, refused := range r.Refusals {
		status.Refused = append(status.Refused, refused.Error())
	}
	var all sync.WaitGroup
	for i, h := range r.Cluster.Hosts {
		all.Go(func() { status.Hosts[i] = hostStatus(ctx, r, h) })
	}
	all.Wait()
	for _, h := range status.Hosts {
		status.Healthy = status.Healthy && h.Healthy()
	}
	return status
}

func hostStatus(ctx context.Context, r *Run, h inventory.Host) HostStatus {
	status := HostStatus{Name: h.Name, Address: h.Address.String(), Roles: h.Roles, Reached: r.Fleet[h.Name] != nil}
	if err := r.Unreached[h.Name]; err != nil {
		status.Error = err.Error()
		return status
	}
	paths := map[string]bool{}
	for _, s := range r.Plan.Steps {
		if s.About() != h.Name {
			continue
		}
		status.Components = append(status.Components, componentStatus(s))
		for _, w := range s.Wanted {
			if f, ok := w.(resource.File); ok && certs.HasCertificate(f.Path) {
				paths[f.Path] = true
			}
		}
	}
	found, err := r.Fleet[h.Name].Client.Certificates(ctx, slices.Sorted(maps.Keys(paths)))
	if err != nil {
		status.Error = err.Error()
	}
	for _, c := range found {
		status.Certificates = append(status.Certificates, certificate(c))
	}
	return status
}

func certificate(c host.Certificate) Certificate {
	return Certificate{Path: c.Path, Subject: c.Subject, Expires: c.NotAfter}
}

// status tells the health of the step: of its services, of what must be ready, and of its nodes.
func componentStatus(s plan.Step) ComponentStatus {
	status := ComponentStatus{Name: s.Component.Name, Healthy: true, Changed: len(s.Changes()) > 0}
	for i, found := range s.Found {
		if health, ok := found.(resource.Health); ok {
			if text := health.Problem(s.Wanted[i]); text != "" && status.Healthy {
				status.Healthy, status.Problem = false, text
			}
		}
	}
	return status
}
