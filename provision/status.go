package provision

import (
	"cmp"
	"slices"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/preflight"
	"kbootstrap/resource"
)

// Status is the health of a cluster as its hosts tell it. It needs no API: hosts answer over SSH
// when that is dead.
type Status struct {
	Cluster string `json:"cluster"`
	// Healthy says that nothing is broken and every host was asked; warnings do not count.
	Healthy bool `json:"healthy"`
	// Bare says that no host has anything of a cluster yet.
	Bare bool `json:"bare,omitempty"`
	// Summary is the cluster in a few lines.
	Summary []checkup.Area `json:"summary"`
	// Problems are what is not as it should be, the worst first.
	Problems []checkup.Problem `json:"problems"`
	Hosts    []HostStatus      `json:"hosts"`
	// Backups are the sets that the hosts of etcd have made by themselves, where the inventory has
	// them do so.
	Backups []HostBackups `json:"backups,omitempty"`
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
	// Unknown says that the component could not be asked, because a service that answers for it
	// does not run.
	Unknown bool `json:"unknown,omitempty"`
	// Changed says that the component differs from the inventory; plan tells how.
	Changed bool `json:"changed,omitempty"`

	short, area, unit string
}

// Short is the name of the component where there is little room.
func (c ComponentStatus) Short() string { return cmp.Or(c.short, c.Name) }

// Certificate is a certificate on a host.
type Certificate struct {
	Path    string    `json:"path"`
	Subject string    `json:"subject"`
	Expires time.Time `json:"expires"`
}

// Healthy reports whether the host answered and all its components are healthy.
func (h HostStatus) Healthy() bool {
	return h.Error == "" && !slices.ContainsFunc(h.Components, func(c ComponentStatus) bool { return !c.Healthy })
}

// Sick reports whether something is broken of what is known, other than that hosts were not
// reached.
func (s Status) Sick() bool {
	return slices.ContainsFunc(s.Problems, func(p checkup.Problem) bool {
		return p.Level == checkup.Broken && !p.Unreached
	})
}

// Status tells the health of what the plan found, and of what the hosts and the cluster told of
// themselves.
func (r *Run) Status() Status {
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
	stopped := stoppedUnits(r.Plan)
	for i, h := range r.Cluster.Hosts {
		status.Hosts[i] = hostStatus(r, h, stopped)
	}
	scene := sceneOfCheckup(r, status.Hosts)
	var err error
	if scene.Own, err = ownCertificates(r.Cluster); err != nil {
		status.Warnings = append(status.Warnings, err.Error())
	}
	status.Bare = scene.Bare
	status.Summary, status.Problems = checkup.Judge(scene)
	status.Backups = backupsOf(scene)
	for _, p := range status.Problems {
		status.Healthy = status.Healthy && p.Level != checkup.Broken
	}
	return status
}

func hostStatus(r *Run, h inventory.Host, stopped map[string][]string) HostStatus {
	status := HostStatus{Name: h.Name, Address: h.Address.String(), Roles: h.Roles, Reached: r.Fleet[h.Name] != nil}
	if err := r.Unreached[h.Name]; err != nil {
		status.Error = err.Error()
		return status
	}
	for _, s := range r.Plan.Steps {
		if s.About() != h.Name {
			continue
		}
		c := componentStatus(s, stopped[s.At])
		if s.Component.Absence && c.Healthy && !c.Changed {
			continue // there is nothing, as there should be
		}
		status.Components = append(status.Components, c)
	}
	told := r.checkups[h.Name]
	if err := cmp.Or(told.CertificatesErr, told.StartsErr); err != nil {
		status.Error = err.Error()
	}
	for _, c := range told.Certificates {
		status.Certificates = append(status.Certificates, certificate(c))
	}
	return status
}

func certificate(c host.Certificate) Certificate {
	return Certificate{Path: c.Path, Subject: c.Subject, Expires: c.NotAfter}
}

// stoppedUnits are the services of each host that should run and do not.
func stoppedUnits(p plan.Plan) map[string][]string {
	stopped := map[string][]string{}
	for _, s := range p.Steps {
		for i, found := range s.Found {
			wanted, ok := s.Wanted[i].(resource.Runner)
			if !ok {
				continue
			}
			unit, should := wanted.Runs()
			if _, runs := found.(resource.Runner).Runs(); should && !runs {
				stopped[s.At] = append(stopped[s.At], unit)
			}
		}
	}
	return stopped
}

// componentStatus tells the health of the step: of its services, of what must be ready, and of its
// nodes. What a stopped service would have to answer for was not asked: that is no problem of its
// own.
func componentStatus(s plan.Step, stopped []string) ComponentStatus {
	status := ComponentStatus{
		Name: s.Component.Name, Healthy: true, Changed: len(s.Changes()) > 0, short: s.Component.Short,
	}
	if s.Component.PodNetwork {
		status.area = checkup.Network
	}
	if len(s.Component.Units) > 0 {
		status.unit = s.Component.Units[0]
	}
	for i, found := range s.Found {
		health, ok := found.(resource.Health)
		if !ok {
			continue
		}
		problem := health.Problem(s.Wanted[i])
		if problem == "" {
			continue
		}
		unit := silent(found, stopped)
		switch {
		case unit == "":
			status.Healthy, status.Unknown, status.Problem = false, false, problem
			return status // what is known to be wrong counts more than what was not asked
		case status.Healthy:
			status.Healthy, status.Unknown, status.Problem = false, true, "not known while "+unit+" does not run"
		}
	}
	return status
}

// silent returns the stopped service because of which a resource was not asked; "" when it was.
func silent(r resource.Resource, stopped []string) string {
	answered, ok := r.(resource.Answered)
	if !ok || len(stopped) == 0 {
		return ""
	}
	switch unit, all := answered.Answers(); {
	case all:
		return stopped[0]
	case slices.Contains(stopped, unit):
		return unit
	}
	return ""
}
