package verify

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/resource/api"
)

const (
	guestbookPort = 30001 // or the first of the range that is free
	storePort     = 6379
	// The names of the Services are fixed in the program of the front end.
	primary, replica, frontend = "agnhost-primary", "agnhost-replica", "frontend"
	replicas                   = 2
)

// guestbookWorks runs an application of three tiers. A word that is written through the front end
// and read from each replica has gone through names, Services, the network between hosts and a
// NodePort.
func guestbookWorks(ctx context.Context, s *Scene) (string, []Failure) {
	store := []string{"guestbook", "--http-port", fmt.Sprint(storePort)}
	for _, tier := range []struct {
		app      string
		replicas int
		args     []string
	}{
		{primary, 1, store},
		{replica, replicas, append(store, "--replicaof", primary)},
		{frontend, 1, []string{
			"guestbook", "--http-port", fmt.Sprint(podPort), "--backend-port", fmt.Sprint(storePort),
		}},
	} {
		if tier.app != frontend {
			if err := s.create(ctx, s.path("services"), s.serviceOf(tier.app, storePort, storePort)); err != nil {
				return "", failed(err)
			}
		}
		deployment := s.deployment(tier.app, tier.replicas, podSpec{Args: tier.args})
		if err := s.create(ctx, s.workloads("deployments"), deployment); err != nil {
			return "", failed(err)
		}
	}
	port, err := s.exposeGuestbook(ctx)
	if err != nil {
		return "", failed(err)
	}
	for _, app := range []string{primary, replica, frontend} {
		if failures := s.rolledOut(ctx, app); failures != nil {
			return "", failures
		}
	}
	last := s.Reached[len(s.Reached)-1]
	h, _ := s.Cluster.Host(last)
	front := fmt.Sprintf("http://%s:%d/guestbook?key=messages", h.Address, port)
	word := "written-" + s.suffix
	ask := func(about, url string) way {
		return way{
			from: s.Reached[0], about: about, hosts: []string{last}, right: isData(word),
			Question: node.Question{URL: url, Limit: dialLimit},
		}
	}
	write := ask("the front end writes", front+"&cmd=set&value="+url.QueryEscape(word))
	write.right = is(`{"message":"Updated"}`)
	if failures := s.tryWays(ctx, []way{write}); failures != nil {
		return "", s.withPods(ctx, failures, frontend, primary)
	}
	pods, err := s.pods(ctx, replica)
	if err != nil {
		return "", failed(err)
	}
	ways := []way{ask("the front end reads", front+"&cmd=get")}
	for _, p := range pods {
		read := ask("the replica "+p.Name+" on "+p.Node+" reads",
			fmt.Sprintf("http://%s:%d/get?key=messages", p.IP, storePort))
		read.from, read.hosts, read.pods = s.nearest(p.Node), nil, []string{p.Name}
		ways = append(ways, read)
	}
	return fmt.Sprintf("port %d, %d replicas", port, len(pods)),
		s.withPods(ctx, s.tryWays(ctx, ways), frontend, primary)
}

// isData wants an answer of the store to be this word.
func isData(word string) func(string) string { return is(`{"data":"` + word + `"}`) }

// withPods names the pods of applications in failures, so that their logs are shown.
func (s *Scene) withPods(ctx context.Context, failures []Failure, apps ...string) []Failure {
	for i := range failures {
		for _, app := range apps {
			pods, err := s.pods(ctx, app)
			if err != nil {
				continue // the failure stands without
			}
			for _, p := range pods {
				failures[i].Pods = append(failures[i].Pods, p.Name)
			}
		}
	}
	return failures
}

// exposeGuestbook gives the front end port 30001, or the first that is free. Others may take a port
// between the look and the request.
func (s *Scene) exposeGuestbook(ctx context.Context) (int, error) {
	const tries = 5
	var err error
	for range tries {
		var port int
		if port, err = s.freePort(ctx); err != nil {
			return 0, err
		}
		err = s.create(ctx, s.path("services"), s.nodePortService(frontend, 80, podPort, port))
		if !isCode(err, http.StatusUnprocessableEntity) {
			return port, err
		}
	}
	return 0, err
}

func (s *Scene) freePort(ctx context.Context) (int, error) {
	var list struct {
		Items []struct {
			Spec struct{ Ports []struct{ NodePort int } }
		}
	}
	if err := s.request(ctx, api.Request{Method: http.MethodGet, Path: "/api/v1/services"}, &list); err != nil {
		return 0, err
	}
	taken := map[int]bool{}
	for _, service := range list.Items {
		for _, p := range service.Spec.Ports {
			taken[p.NodePort] = true
		}
	}
	port, ok := choosePort(s.Cluster.Network.NodePorts, taken)
	if !ok {
		return 0, fmt.Errorf("no port of the range %d to %d is free", s.Cluster.Network.NodePorts.First,
			s.Cluster.Network.NodePorts.Last)
	}
	return port, nil
}

// choosePort is the port of the guestbook, or the first of the range that is free.
func choosePort(within inventory.PortRange, taken map[int]bool) (int, bool) {
	if guestbookPort >= within.First && guestbookPort <= within.Last && !taken[guestbookPort] {
		return guestbookPort, true
	}
	for port := within.First; port <= within.Last; port++ {
		if !taken[port] {
			return port, true
		}
	}
	return 0, false
}
