package provision

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/plan"
	"kbootstrap/provision/verify"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// Verify lists what comes before a cluster is tried: its hosts get the image of the pods that try
// it, and nothing else. The locks of the hosts keep other runs away meanwhile. Run.Verify tries it.
func Verify() []Stage {
	return []Stage{TolerateAll, FetchTrialImage, LoadLogin, ConnectLocked, NeedTrace, BuildTrial, ObservePlan}
}

// LoadLogin loads the login of the cluster's registry, if it has one.
func LoadLogin(ctx context.Context, r *Run) error {
	if !r.Cluster.AddOns.Registry.Enabled {
		return nil
	}
	return LoadKeys(ctx, r)
}

// FetchTrialImage fetches the image of the pods that try a cluster.
func FetchTrialImage(ctx context.Context, r *Run) error {
	return fetchFor(ctx, r, component.VerifyVerb)
}

// BuildTrial says what hosts need before they are tried.
func BuildTrial(ctx context.Context, r *Run) error {
	targets, err := targetsOf(ctx, r)
	if err != nil {
		return err
	}
	r.whole = plan.Build(component.Trial(), targets)
	r.Plan = r.whole
	return nil
}

// Verify gives hosts the image of the pods that try the cluster, and tries it. The outcomes are
// those of all checks; the error is that the hosts could not get the image, that what was made
// could not be removed, or that ctx ended. Each outcome is an event as it comes.
func (r *Run) Verify(ctx context.Context, selected []verify.Check) ([]verify.Outcome, error) {
	if _, err := r.Apply(ctx); err != nil && !isAboutHosts(err, new(plan.Failures)) {
		return nil, err
	} // a host that did not get the image is seen by the pods that do not start there
	if r.lead == "" {
		return nil, errors.New("no control plane was reached")
	}
	set, err := r.releases.of(ctx, r.Fleet[r.lead].Facts.Arch)
	if err != nil {
		return nil, err
	}
	s := &verify.Scene{
		World: world{r}, Cluster: r.Cluster, Unreached: r.Unreached, Image: set.Image(component.TrialImage),
	}
	if s.Trust, s.ServerName, err = certs.OfIngress(r.Cluster); err != nil {
		return nil, err
	}
	if s.Registry, err = r.ownRegistry(); err != nil {
		return nil, err
	}
	for _, h := range r.Cluster.Hosts {
		if r.Fleet[h.Name] != nil {
			s.Reached = append(s.Reached, h.Name)
		}
	}
	outcomes, left := verify.Run(ctx, s, selected, func(o verify.Outcome) { r.options.Tell(eventOf(o)) })
	if ctx.Err() == nil {
		return outcomes, left
	}
	if left != nil {
		r.options.Tell(fleet.Event{Kind: fleet.EventWarning, Text: left.Error()})
	}
	return outcomes, context.Cause(ctx)
}

// ownRegistry is the registry of the cluster, or nil if there is none, no login for it here, or no
// session to its host, which pushes to it.
func (r *Run) ownRegistry() (*verify.Registry, error) {
	a := r.Cluster.AddOns.Registry
	h, ok := r.Cluster.Host(a.Host)
	m := r.Fleet[a.Host]
	if !a.Enabled || r.PKI == nil || m == nil || !ok {
		return nil, nil
	}
	login := r.PKI.Registry().Basic()
	const repository, tag = "kbootstrap-verify/itself", "latest"
	text, err := verify.DockerLogin(a.Endpoint(), login)
	if err != nil {
		return nil, err
	}
	push := node.Push{
		Server: "https://" + a.Endpoint(), Address: net.JoinHostPort(h.Address.String(), strconv.Itoa(a.Port)),
		Authority: component.PKIDir + "/ca.crt", Authorization: login, Repository: repository, Tag: tag,
	}
	remove := push
	remove.Remove = true
	return &verify.Registry{
		Image: a.Endpoint() + "/" + repository + ":" + tag, Login: text,
		Push:   func(ctx context.Context) error { return m.Client.Push(ctx, push) },
		Remove: func(ctx context.Context) error { return m.Client.Push(ctx, remove) },
	}, nil
}

// eventOf is the event of a check that has ended.
func eventOf(o verify.Outcome) fleet.Event {
	e := fleet.Event{Kind: fleet.EventChecked, Component: o.Check.Name, Text: string(o.Result), Took: o.Took}
	if o.Result != verify.Fail {
		if o.Text != "" {
			e.Text += ": " + o.Text
		}
		return e
	}
	var texts []string
	for _, f := range o.Failures[:min(len(o.Failures), 3)] {
		texts = append(texts, strings.TrimPrefix(f.Host+": "+f.Text, ": "))
	}
	e.Text += ": " + strings.Join(texts, "; ")
	return e
}

// world is the cluster as the sessions of a run reach it.
type world struct{ run *Run }

// apiLimit bounds how long one control plane may take for an answer.
const apiLimit = 20 * time.Second

// API asks by the control plane that leads, or by the next one where no answer comes from that. The
// first may have carried the request out all the same: what verify asks for may be asked for twice.
func (w world) API(ctx context.Context, q api.Request) (api.Response, error) {
	q.Kubeconfig = component.Admin
	err := errors.New("no control plane was reached")
	var answer api.Response
	for _, h := range w.planes() {
		late := fmt.Errorf("%s did not answer within %s", h, apiLimit)
		limited, cancel := context.WithTimeoutCause(ctx, apiLimit, late)
		answer, err = w.run.Fleet[h].Client.Request(limited, q)
		cancel()
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		if err == nil && (answer.Error == "" || answer.Code != 0) {
			return answer, nil
		}
	}
	return answer, err
}

// planes are the control planes with a session, and of these the one that leads first.
func (w world) planes() []string {
	names := []string{w.run.lead}
	for _, h := range w.run.Cluster.With(inventory.ControlPlane) {
		if h.Name != w.run.lead && w.run.Fleet[h.Name] != nil {
			names = append(names, h.Name)
		}
	}
	return names
}

// Ask has a host ask others.
func (w world) Ask(ctx context.Context, name string, questions []node.Question) ([]node.Reply, error) {
	m := w.run.Fleet[name]
	if m == nil {
		return nil, fmt.Errorf("no session to %s", name)
	}
	return m.Client.Ask(ctx, questions)
}

// lookLimit bounds how long a host may take to show itself.
const lookLimit = 20 * time.Second

// Look asks a host how it sends packets on, and which of the cluster's services do not run there.
func (w world) Look(ctx context.Context, name string) (host.Network, []string, error) {
	m := w.run.Fleet[name]
	if m == nil {
		return host.Network{}, nil, fmt.Errorf("no session to %s", name)
	}
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	var services []resource.Resource
	for _, s := range component.Services(w.run.Cluster, m.Host) {
		services = append(services, resource.Service{Name: s.Unit, Running: true})
	}
	answer, err := m.Client.Look(ctx, node.Query{Witnesses: services})
	if err != nil {
		return host.Network{}, nil, err
	}
	var stopped []string
	for _, found := range answer.Witnesses {
		if runner, ok := found.(resource.Runner); ok {
			if unit, runs := runner.Runs(); !runs && !slices.Contains(stopped, unit) {
				stopped = append(stopped, unit)
			}
		}
	}
	network, err := m.Client.Network(ctx, []string{"/var/lib/kubelet", "/var/lib/containerd"})
	return network, stopped, errors.Join(err, answer.WitnessesErr)
}
