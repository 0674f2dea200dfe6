package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"kbootstrap/host"
	"kbootstrap/host/netns"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
)

// podFailure is something that does not work for the pods of a node.
type podFailure struct {
	text string
	unit string // whose work it is; "" when there is nothing to restart
}

// podAnswer bounds each question; the first packet over a new bridge is lost at times, and sent
// again.
const podAnswer = 2 * time.Second

// try asks all questions at once, and returns what fails in their order.
func (p PodProbe) try(ctx context.Context, sys *host.System, a *kube.API) []podFailure {
	pods, err := p.pods(ctx, a)
	if err != nil {
		if kube.IsCode(err, http.StatusForbidden) {
			return []podFailure{{
				text: "the DaemonSet " + p.Namespace + "/probe is not there; `up` of the whole cluster makes it",
			}}
		}
		return []podFailure{{text: "the API does not tell which pods run: " + err.Error()}}
	}
	own, found := podOn(pods, p.Node)
	if !found {
		return []podFailure{{text: "no pod of the DaemonSet " + p.Namespace + "/probe is on this node"}}
	}
	if !own.ready() {
		return []podFailure{{text: p.whyNot(ctx, a, own)}}
	}
	sandbox, failure := p.sandboxOf(sys, own)
	if failure != "" {
		return []podFailure{{text: failure}}
	}
	return p.ask(ctx, sandbox.Network(sys), own.Status.PodIP, pods)
}

func (p PodProbe) pods(ctx context.Context, a *kube.API) ([]pod, error) {
	data, err := a.Get(ctx, "/api/v1/namespaces/"+p.Namespace+"/pods?labelSelector=app%3Dprobe")
	if err != nil {
		return nil, err
	}
	var list struct{ Items []pod }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// podOn returns the pod on a node, rather one that stays than one that is about to go.
func podOn(pods []pod, node string) (pod, bool) {
	var found pod
	for _, p := range pods {
		if p.Spec.NodeName == node && (found.Metadata.Name == "" || found.Metadata.DeletionTimestamp != "") {
			found = p
		}
	}
	return found, found.Metadata.Name != ""
}

// whyNot tells why a pod does not run: in the words of its container, and of the last event that
// warns.
func (p PodProbe) whyNot(ctx context.Context, a *kube.API, pod pod) string {
	words := []string{fmt.Sprintf("pod %s/%s is %s", p.Namespace, pod.Metadata.Name, pod.Status.Phase)}
	for _, c := range pod.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil {
			words[0] += " (" + w.Reason + ")"
			if w.Message != "" {
				words = append(words, human.OneLine(w.Message))
			}
		}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status != "True" {
			words = append(words, human.OneLine(c.Message))
		}
	}
	if _, message := lastWarning(ctx, a, p.Namespace, pod); message != "" {
		words = append(words, message)
	}
	return strings.Join(words, ": ")
}

// sandboxOf returns the pod as it runs on this host, and what is wrong with its address.
func (p PodProbe) sandboxOf(sys *host.System, pod pod) (netns.Sandbox, string) {
	containers, err := netns.FindContainers(sys)
	if err != nil {
		return netns.Sandbox{}, err.Error()
	}
	i := slices.IndexFunc(containers.Sandboxes, func(s netns.Sandbox) bool { return s.Pod == pod.Metadata.UID })
	if i < 0 {
		return netns.Sandbox{}, fmt.Sprintf("the API says that pod %s/%s runs, and this host has no process of it",
			p.Namespace, pod.Metadata.Name)
	}
	sandbox := containers.Sandboxes[i]
	_, addresses, err := sandbox.LinkOf(sys)
	if err != nil {
		return sandbox, fmt.Sprintf("pod %s/%s: %v", p.Namespace, pod.Metadata.Name, err)
	}
	has := func(a netip.Prefix) bool { return a.Addr().String() == pod.Status.PodIP }
	if !slices.ContainsFunc(addresses, has) {
		return sandbox, fmt.Sprintf("pod %s/%s has %s, and the API says %s",
			p.Namespace, pod.Metadata.Name, prefixes(addresses), pod.Status.PodIP)
	}
	return sandbox, ""
}

// ask asks from the pod's network.
func (p PodProbe) ask(ctx context.Context, namespace, from string, pods []pod) []podFailure {
	type question struct {
		what, unit string
		ask        func(context.Context) error
	}
	questions := []question{
		{fmt.Sprintf("the API's Service address %s", p.API), kubeProxyUnit, func(ctx context.Context) error {
			conn, err := netns.DialIn(ctx, namespace, "tcp", p.API)
			if err != nil {
				return err
			}
			return conn.Close()
		}},
		{fmt.Sprintf("the cluster DNS %s", p.DNS), "", func(ctx context.Context) error {
			return p.resolve(ctx, namespace)
		}},
	}
	for _, peer := range p.Peers {
		pod, found := podOn(pods, peer)
		to, err := netip.ParseAddr(pod.Status.PodIP)
		if !found || err != nil || !pod.ready() || pod.Metadata.DeletionTimestamp != "" {
			continue // the host of that pod tells of it
		}
		questions = append(questions, question{fmt.Sprintf("the pod of %s (%s)", peer, to), flanneldUnit,
			func(ctx context.Context) error { return netns.PingFrom(ctx, namespace, to) }})
	}
	answers := make([]error, len(questions))
	var all sync.WaitGroup
	for i, q := range questions {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, podAnswer)
			defer cancel()
			answers[i] = q.ask(ctx)
		})
	}
	all.Wait()
	var failures []podFailure
	for i, err := range answers {
		if err != nil {
			text := fmt.Sprintf("%s is not reached from this host's pod (%s): %v", questions[i].what, from, err)
			failures = append(failures, podFailure{text, questions[i].unit})
		}
	}
	return failures
}

// resolve asks the cluster DNS for the name of the API.
func (p PodProbe) resolve(ctx context.Context, namespace string) error {
	resolver := net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return netns.DialIn(ctx, namespace, network, net.JoinHostPort(p.DNS, "53"))
		},
	}
	name := "kubernetes.default.svc." + p.Domain
	wanted, _, err := net.SplitHostPort(p.API)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		one, cancel := context.WithTimeout(ctx, podAnswer/4) // a lost datagram costs no more
		var addresses []netip.Addr
		addresses, err = resolver.LookupNetIP(one, "ip4", name+".")
		cancel()
		if err == nil {
			if slices.ContainsFunc(addresses, func(a netip.Addr) bool { return a.Unmap().String() == wanted }) {
				return nil
			}
			return fmt.Errorf("%s is %v, not %s", name, addresses, wanted)
		}
	}
	return err
}
