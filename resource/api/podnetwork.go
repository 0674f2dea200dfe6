package api

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// PodNetwork is all that a host has of the network between pods, and that it agrees with what the
// API says of the node: the lease of flannel, the configuration that new pods get, the bridge, and
// the pods that are on it. What keeps only new pods from starting differs here too, while those
// that run go on.
type PodNetwork struct {
	Node       string
	Kubeconfig string        // path on the host, below System.Root
	Address    string        // by which other hosts reach this one
	Config     string        // the path of the CNI configuration
	VXLAN      bool          // there is an interface flannel.1
	Timeout    time.Duration // how long the parts may take to agree; 0 means two minutes
	Differs    []string      // only in a found value: what does not agree, a sentence each
	Absent     bool          // the node is not registered, or has no subnet yet
}

// ID is "pod network of NODE".
func (n PodNetwork) ID() string { return "pod network of " + n.Node }

// State lists what does not agree.
func (n PodNetwork) State() string {
	switch {
	case n.Absent:
		return ""
	case len(n.Differs) > 0:
		return resource.States(n.Differs...)
	}
	return resource.States("agrees with the node in the API")
}

// Answers says that several services stand between the host and the answer.
func (n PodNetwork) Answers() (unit string, all bool) { return "", true }

// Absence is the network of a node that is not registered.
func (n PodNetwork) Absence() resource.Resource {
	n.Absent, n.Differs = true, nil
	return n
}

// Problem tells what does not agree.
func (n PodNetwork) Problem(resource.Resource) string {
	if n.Absent {
		return "node " + n.Node + " has no subnet for pods, or the API does not answer"
	}
	return strings.Join(n.Differs, "; ")
}

const (
	flanneldUnit = "flanneld.service"
	// agreeTimeout is how long the parts may take to agree: flanneld starts within a second, and
	// the kubelet makes a new sandbox for a pod within some seconds.
	agreeTimeout = 120 * time.Second
	agreePoll    = 100 * time.Millisecond
	// settled is how long flanneld may take from its start until all that it makes is there.
	settled = 5 * time.Second
)

// Observe compares the parts.
func (n PodNetwork) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	found := n
	found.Absent, found.Differs = false, nil
	facts, known, err := n.facts(ctx, sys)
	if err != nil {
		return nil, err
	}
	if !known {
		return n.Absence(), nil
	}
	for _, d := range facts.differences(n) {
		found.Differs = append(found.Differs, d.text)
	}
	return found, nil
}

// Apply mends one part after the other, in the order in which they depend on each other, each at
// most once, and waits until all agree.
func (n PodNetwork) Apply(ctx context.Context, sys *host.System) error {
	if n.Absent || len(n.Differs) > 0 {
		return errors.New("a network of pods that was mended cannot be put back")
	}
	since := sys.Since(flanneldUnit)
	timeout := n.Timeout
	if timeout == 0 {
		timeout = agreeTimeout
	}
	stopped, stop := sys.UntilStopped(ctx)
	defer stop()
	deadline, cancel := context.WithTimeout(stopped, timeout)
	defer cancel()
	sys.Logf("waiting: %s", n.ID())
	var last error
	done := map[string]bool{}
	foreign := map[int]time.Time{}
	err := host.Poll(deadline, agreePoll, func() (bool, error) {
		facts, known, err := n.facts(deadline, sys)
		switch {
		case err != nil:
			return false, err
		case !known:
			last = errors.New("the API has no subnet for it")
			return false, nil
		}
		differences := facts.differences(n)
		if len(differences) == 0 {
			return true, nil
		}
		last = errors.New(differences[0].text)
		for _, d := range differences {
			if d.part != differences[0].part || done[d.key] {
				continue
			}
			if d.deletes {
				if may, err := facts.mayDelete(foreign); err != nil || !may {
					return false, err
				}
			}
			if done[d.key], err = d.remedy(deadline, sys); err != nil {
				return false, err
			}
		}
		return false, nil
	})
	if err == nil || deadline.Err() == nil || stopped.Err() != nil || last == nil {
		return err
	}
	return sys.Failed(ctx, fault.PodNetworkDiffers, flanneldUnit, host.Unheard, since,
		fmt.Errorf("waited %s for the pod network to agree with the node: %w", timeout, last))
}

// facts is what the API and the host say; known reports whether the node has a subnet.
func (n PodNetwork) facts(ctx context.Context, sys *host.System) (f podFacts, known bool, err error) {
	data, err := kube.Look(ctx, sys, n.Kubeconfig, "/api/v1/nodes/"+n.Node)
	if err != nil || data == nil {
		return f, false, err
	}
	k, err := parseNode(data)
	if err != nil || k.Spec.PodCIDR == "" {
		return f, false, err
	}
	subnet, err := netip.ParsePrefix(k.Spec.PodCIDR)
	if err != nil {
		return f, false, fmt.Errorf("pod CIDR of %s: %w", n.Node, err)
	}
	f, err = lookAtPods(sys, subnet, n.Config)
	f.publicIP = k.Metadata.Annotations["flannel.alpha.coreos.com/public-ip"]
	f.backendType = k.Metadata.Annotations[backendTypeKey]
	f.backendData = k.Metadata.Annotations["flannel.alpha.coreos.com/backend-data"]
	return f, true, err
}
