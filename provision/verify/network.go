package verify

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"kbootstrap/node"
)

// large is more than a packet takes on any network that clusters are on, in bytes.
const large = 8 << 10

// podsReachPods has the pod on each host ask those on others, once with a few bytes and once with
// many, in both directions: where a packet is too large for the way, only the second fails.
func podsReachPods(ctx context.Context, s *Scene) (string, []Failure) {
	agents, failures := s.everyAgent(ctx)
	hosts := s.agentsReached(ctx)
	if len(hosts) == 0 {
		return "", append(failures, Failure{Text: "there are no pods to try"})
	}
	text := strings.Repeat("0123456789abcdef", large/16)
	var ways []way
	for _, h := range hosts {
		ways = append(ways, way{
			from: h, about: "the host asks the pod on it", pods: []string{agents[h].pod}, right: is(agents[h].pod),
			Question: node.Question{URL: fmt.Sprintf("http://%s:%d/hostname", agents[h].ip, podPort)},
		})
	}
	all := pairs(hosts)
	for _, p := range all {
		from, to := agents[p[0]], agents[p[1]]
		ways = append(ways, way{
			from: p[0], about: "its pod asks the pod on " + p[1], hosts: []string{p[1]}, pods: []string{to.pod},
			Question: throughPod(from, to.ip, podPort, "hostname"), right: is(to.pod),
		}, way{
			from: p[0], about: fmt.Sprintf("its pod sends %d bytes to the pod on %s and back", large, p[1]),
			hosts: []string{p[1]}, pods: []string{to.pod}, right: is(text),
			Question: throughPod(from, to.ip, podPort, "echo?msg="+url.QueryEscape(text)),
		})
	}
	return number(len(all), "way") + " between hosts", s.tryWays(ctx, ways)
}

// servicesAnswer asks the Service of the agents, from each host and from a pod on it, and whether
// that of the API accepts connections.
func servicesAnswer(ctx context.Context, s *Scene) (string, []Failure) {
	agents, _ := s.everyAgent(ctx)
	if len(agents) == 0 {
		return "", []Failure{{Text: "there are no pods to try"}}
	}
	server := s.Cluster.ServiceIP(1).String()
	var ways []way
	for _, h := range s.Reached {
		ways = append(ways, way{
			from: h, about: "the host asks the Service " + agentsName + " at " + s.service,
			Question: node.Question{URL: "http://" + s.service + "/hostname"}, right: isOneOf(agents),
		}, way{
			from: h, about: "the host connects to the API at its Service, " + server + ":443",
			Question: node.Question{URL: "tcp://" + server + ":443"},
		})
		a, ok := agents[h]
		if !ok {
			continue
		}
		ways = append(ways, way{
			from: h, about: "a pod asks the Service " + agentsName + " at " + s.service, pods: []string{a.pod},
			Question: throughPod(a, s.service, 80, "hostname"), right: isOneOf(agents),
		}, way{
			// The API answers that it speaks HTTPS, which is an answer.
			from: h, about: "a pod asks the API at its Service, " + server + ":443", pods: []string{a.pod},
			Question: throughPod(a, server, 443, "livez"),
		})
	}
	return number(len(ways), "way"), s.tryWays(ctx, ways)
}

// nodePortsAnswer asks the NodePort of the agents at the address of each host, from another one.
func nodePortsAnswer(ctx context.Context, s *Scene) (string, []Failure) {
	agents, _ := s.everyAgent(ctx)
	if len(agents) == 0 {
		return "", []Failure{{Text: "there are no pods to try"}}
	}
	all := pairs(s.Reached)
	if len(s.Reached) == 1 {
		all = [][2]string{{s.Reached[0], s.Reached[0]}}
	}
	var ways []way
	for _, p := range all {
		h, _ := s.Cluster.Host(p[1])
		address := fmt.Sprintf("%s:%d", h.Address, s.nodePort)
		ways = append(ways, way{
			from: p[0], about: fmt.Sprintf("the host asks the NodePort of %s, %s", p[1], address),
			hosts: []string{p[1]}, right: isOneOf(agents),
			Question: node.Question{URL: "http://" + address + "/hostname"},
		})
	}
	return fmt.Sprintf("%s, port %d", number(len(ways), "way"), s.nodePort), s.tryWays(ctx, ways)
}
