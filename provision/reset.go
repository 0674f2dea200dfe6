package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/component"
	"kbootstrap/provision/fleet"
	"kbootstrap/provision/guard"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
)

// MayReset says whether these hosts may be reset while the others go on: workers may. An etcd member or a control plane
// takes its part of a quorum with it, so such hosts go together with the whole cluster only.
func MayReset(c *inventory.Cluster, names []string) error {
	if wholly(c, names) {
		return nil
	}
	for _, name := range names {
		h, ok := c.Host(name)
		if ok && (h.Has(inventory.Etcd) || h.Has(inventory.ControlPlane)) {
			return &guard.RefusedError{
				Code:   fault.RefusedReset,
				Text:   fmt.Sprintf("%s is a control plane or an etcd member: resetting it alone takes a member out of a running quorum", name),
				Advice: "reset the whole cluster without --host, or keep this host",
			}
		}
	}
	return nil
}

// wholly reports whether every host of the cluster is named, however often.
func wholly(c *inventory.Cluster, names []string) bool {
	return !slices.ContainsFunc(c.Hosts, func(h inventory.Host) bool { return !slices.Contains(names, h.Name) })
}

// Reset removes from the hosts what the tool made and what Kubernetes left, and puts back what was there before. A single
// host leaves the cluster first. The SSH connection stays: only chains of Kubernetes' own are removed. The error is a
// Failures; the other hosts are reset all the same.
func Reset(ctx context.Context, c *inventory.Cluster, names []string, o fleet.Options) (Summary, error) {
	start := time.Now()
	summary := Summary{Changed: map[string]int{}}
	whole := wholly(c, names)
	hosts := c.Hosts
	if !whole {
		hosts = concerned(c, names)
	}
	reached, err := fleet.Connect(ctx, hosts, o, true)
	defer func() { reached.Close() }() // those that were reached, whatever the error
	var failures plan.Failures
	if err != nil && !errors.As(err, &failures) {
		return summary, err
	}
	var locked *node.LockedError
	if errors.As(err, &locked) {
		return summary, err // another run goes on with the cluster, and nothing was changed yet
	}
	if !whole {
		if reached[c.With(inventory.ControlPlane)[0].Name] == nil {
			return summary, err // nobody can take the nodes out of the cluster
		}
		if err := leave(ctx, c, reached, names, o); err != nil {
			return summary, err
		}
	}
	var mu sync.Mutex
	leaving := slices.DeleteFunc(slices.Clone(c.Hosts), func(h inventory.Host) bool { return !slices.Contains(names, h.Name) })
	failed := reached.Each(ctx, leaving, "reset", func(ctx context.Context, m *fleet.Machine) error {
		name := m.Host.Name
		o.Tell(fleet.Event{Kind: fleet.EventPlanned, Host: name, Count: 1})
		o.Tell(fleet.Event{Kind: fleet.EventStart, Host: name, Component: "reset"})
		events := func(stage string) func(node.Event) {
			return func(e node.Event) {
				if e.Kind == node.EventChange {
					mu.Lock()
					summary.Changed[name]++
					mu.Unlock()
					o.Tell(fleet.Event{Kind: fleet.EventChange, Host: name, Component: "reset", ID: e.ID, Text: stage, Diff: e.Diff,
						Took: time.Duration(e.Millis) * time.Millisecond})
				}
			}
		}
		if err := resetHost(ctx, c, m.Client, events); err != nil {
			o.Tell(fleet.Event{Kind: fleet.EventFailed, Host: name, Component: "reset", Text: err.Error(), Err: err, Took: time.Since(start)})
			return err
		}
		o.Tell(fleet.Event{Kind: fleet.EventDone, Host: name, Component: "reset", Took: time.Since(start)})
		return nil
	})
	failures = append(failures, failed...)
	summary.Took = time.Since(start)
	failures = failures.Sorted(c.Hosts)
	for _, h := range c.Hosts {
		switch {
		case slices.Contains(failures.Hosts(), h.Name):
			summary.Outcome.Failed = append(summary.Outcome.Failed, h.Name)
		case slices.Contains(names, h.Name):
			summary.Outcome.Finished = append(summary.Outcome.Finished, h.Name)
		}
	}
	return summary, failures.ErrOrNil()
}

// leave deletes the nodes of hosts that go away from a cluster that stays.
func leave(ctx context.Context, c *inventory.Cluster, reached fleet.Fleet, names []string, o fleet.Options) error {
	first := c.With(inventory.ControlPlane)[0].Name
	api := reached[first]
	var gone []resource.Resource
	for _, name := range names {
		manifest, err := json.Marshal(map[string]any{
			"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": name},
		})
		if err != nil {
			return err
		}
		gone = append(gone, resource.Object{Manifest: manifest, Kubeconfig: component.SuperAdmin, Absent: true})
	}
	if err := api.Client.Converge(ctx, "leave", gone, nil); err != nil {
		return plan.Failure{Host: first, Component: "leave", Err: err}
	}
	for _, name := range names {
		o.Tell(fleet.Event{Kind: fleet.EventLog, Host: name, Component: "reset", Text: "the node left the cluster"})
	}
	return nil
}

// resetHost takes down one host: services and what they left, then what was there before is put back, then the rest.
func resetHost(ctx context.Context, c *inventory.Cluster, client *node.Client, events func(string) func(node.Event)) error {
	if err := client.Converge(ctx, "stop", stopped(), events("stop")); err != nil {
		return err
	}
	var keep []string
	if !c.RestoreOnReset {
		keep = []string{resource.Service{Name: "firewalld.service"}.ID(), resource.Swap{}.ID()}
	}
	if err := client.Restore(ctx, keep, events("restore")); err != nil {
		return err
	}
	if err := client.Converge(ctx, "remove", removed(), events("remove")); err != nil {
		return err
	}
	return client.Flush(ctx) // done means that a power cut brings nothing back
}

// stopped is a host on which nothing of ours runs, and nothing that it ran: last started, first stopped.
func stopped() []resource.Resource {
	var rs []resource.Resource
	for _, unit := range []string{
		"flanneld", "kube-proxy", "kubelet", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "kube-api-proxy",
		"cri-dockerd", "docker", "containerd", "etcd",
	} {
		rs = append(rs, resource.Service{Name: unit + ".service"})
	}
	rs = append(rs, resource.Shims{Program: "/opt/kbootstrap/", Absent: true}) // containers outlive their services
	for _, dir := range []string{"/var/lib/kubelet", "/run/containerd", "/run/docker", "/var/lib/docker", "/var/lib/containerd", "/run/netns"} {
		rs = append(rs, resource.Mounts{Under: dir, Absent: true})
	}
	for _, name := range []string{"cni0", "flannel.1", "docker0"} {
		rs = append(rs, resource.Interface{Name: name, Absent: true})
	}
	// Never a flush: the operator's own rules, and with them the SSH session, stay.
	rs = append(rs, resource.Chains{Prefixes: []string{"KUBE-", "FLANNEL-", "CNI-", "DOCKER"}, Absent: true})
	return rs
}

// removed is a host without the data of Kubernetes. It comes after the records of what was there before are used up.
func removed() []resource.Resource {
	var rs []resource.Resource
	for _, dir := range []string{
		"/var/lib/etcd", "/var/lib/kubelet", "/var/lib/kube-proxy", "/var/lib/containerd", "/var/lib/docker", "/var/lib/cni",
		"/var/log/pods", "/var/log/containers", "/var/log/kubernetes", "/run/flannel", "/run/containerd", "/run/docker",
		"/etc/kubernetes", "/etc/etcd", "/etc/kube-flannel", "/etc/cni/net.d", "/opt/cni/bin",
		"/opt/kbootstrap", "/var/lib/kbootstrap",
		"/run/kbootstrap", // last: it tells a run after one that was killed to flush (see host.System.Recover)
	} {
		rs = append(rs, resource.Tree{Path: dir, Absent: true})
	}
	return rs
}
