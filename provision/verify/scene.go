package verify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"kbootstrap/inventory"
)

// Scene is a cluster that is tried, with what the checks share.
type Scene struct {
	World   World
	Cluster *inventory.Cluster
	// Reached are the hosts with a session, in the order of the inventory, and Unreached why the
	// others have none.
	Reached   []string
	Unreached map[string]error
	Image     string // of the pods
	// Registry is the cluster's own; nil if there is none, or no login for it here.
	Registry *Registry
	// Settle is how long ways may fail at first, because the rules of a new Service take their
	// time; 0 means twelve seconds.
	Settle time.Duration
	// Trust has the certificate that the ingress has from elsewhere, in PEM, and ServerName a name
	// that it is for; without them it has one of the cluster's authority, for the hosts' addresses.
	Trust      []byte
	ServerName string

	// Namespace is made by the opening.
	Namespace string
	suffix    string
	service   string // the address of the Service of the agents
	nodePort  int

	agentsOnce sync.Once
	agents     map[string]agent // by host
	agentFails []Failure
}

// agent is a pod that asks and answers others, one on every host.
type agent struct{ pod, ip string }

// Names of what a scene is made of. Whatever has the label, and every taint and label of a node
// with that key, is of a verification, and is removed by the next one if it is left.
const (
	mark       = "kbootstrap.io/verify"
	prefix     = "kbootstrap-verify-"
	agentsName = "agents"
	podPort    = 8080
)

// open makes the namespace, and the agents in it. What an earlier verification has left, because it
// was killed, goes first.
func open(ctx context.Context, s *Scene) (string, []Failure) {
	if err := s.sweep(ctx); err != nil {
		return "", failed(err)
	}
	random := make([]byte, 3)
	_, _ = rand.Read(random) // it never fails
	s.suffix = hex.EncodeToString(random)
	s.Namespace = prefix + s.suffix
	// A pod that reads a file of its host is refused by the level baseline, which an inventory may
	// ask for. All other pods pass restricted.
	namespace := object{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": object{"name": s.Namespace, "labels": object{
			mark: s.suffix, "pod-security.kubernetes.io/enforce": "privileged",
		}},
	}
	if err := s.create(ctx, "/api/v1/namespaces", namespace); err != nil {
		return "", failed(err)
	}
	// Before that account is there, the API refuses pods.
	const account = "the account default of the namespace"
	err := await(ctx, accountWait, account, func(ctx context.Context) (bool, string, error) {
		err := s.get(ctx, "/api/v1/namespaces/"+s.Namespace+"/serviceaccounts/default", nil)
		if isCode(err, 404) {
			return false, "the controller manager has not made it", nil
		}
		return err == nil, "", err
	})
	if err != nil {
		return "", failed(err)
	}
	if err := s.create(ctx, s.path("services"), s.nodePortService(agentsName, 80, podPort, 0)); err != nil {
		return "", failed(err)
	}
	if s.service, s.nodePort, err = s.addressOf(ctx, agentsName); err != nil {
		return "", failed(err)
	}
	daemons := s.daemonSet(agentsName, podSpec{Args: []string{"netexec", "--http-port=8080"}, Everywhere: true})
	if err := s.create(ctx, s.workloads("daemonsets"), daemons); err != nil {
		return "", failed(err)
	}
	return "namespace " + s.Namespace, nil
}

// everyAgent waits once for the agents, and returns those that are there. Hosts without one are a
// matter of the check of that.
func (s *Scene) everyAgent(ctx context.Context) (map[string]agent, []Failure) {
	s.agentsOnce.Do(func() {
		s.agents, s.agentFails = s.onEveryHost(ctx, agentsName, agentWait)
	})
	return s.agents, s.agentFails
}

// onEveryHost waits until a DaemonSet has a pod on every host, and returns the pods that run.
func (s *Scene) onEveryHost(ctx context.Context, app string, limit waitLimit) (map[string]agent, []Failure) {
	var found map[string]agent
	var failures []Failure
	err := await(ctx, limit, "a pod of "+app+" on every host", func(ctx context.Context) (bool, string, error) {
		pods, err := s.pods(ctx, app)
		if err != nil {
			return false, "", err
		}
		found, failures = map[string]agent{}, nil
		for _, h := range s.Cluster.Hosts {
			text := "no pod was made for the host"
			var names []string
			for _, p := range pods {
				if p.Node == h.Name && p.Ready && p.IP != "" && !p.Leaving {
					found[h.Name] = agent{p.Name, p.IP}
				}
				if p.Node == h.Name {
					text, names = p.Why, append(names, p.Name)
				}
			}
			if _, ok := found[h.Name]; !ok {
				failures = append(failures, Failure{Host: h.Name, Text: text, Pods: names})
			}
		}
		return failures == nil, fmt.Sprintf("%d of %d are there", len(found), len(s.Cluster.Hosts)), nil
	})
	if err != nil && failures == nil {
		failures = failed(err)
	}
	return found, failures
}

// agentsReached are the hosts that have a session and an agent, in the order of the inventory: from
// these a check asks.
func (s *Scene) agentsReached(ctx context.Context) []string {
	agents, _ := s.everyAgent(ctx)
	return slices.DeleteFunc(slices.Clone(s.Reached), func(name string) bool {
		_, ok := agents[name]
		return !ok
	})
}

// number is so many things in words.
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// failed is an error as the only failure of a check.
func failed(err error) []Failure { return []Failure{{Text: err.Error()}} }
