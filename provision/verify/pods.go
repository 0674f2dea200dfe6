package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/node"
)

// variablesAreSet checks that a pod which starts after a Service has its address in variables. The
// kubelet puts them into the arguments, and the program answers each request with those.
func variablesAreSet(ctx context.Context, s *Scene) (string, []Failure) {
	const app = "variables"
	s.everyAgent(ctx) // by then the kubelets know of the Service
	name := strings.ToUpper(agentsName)
	p := s.pod(app, app, podSpec{Args: []string{
		"netexec", fmt.Sprintf("--http-port=%d", podPort),
		fmt.Sprintf("--http-override=/echo?msg=$(%[1]s_SERVICE_HOST):$(%[1]s_SERVICE_PORT)", name),
	}})
	if err := s.create(ctx, s.path("pods"), p); err != nil {
		return "", failed(err)
	}
	at, failures := s.running(ctx, app)
	if failures != nil {
		return "", failures
	}
	want := fmt.Sprintf("%s:80", s.service)
	return want, s.tryWays(ctx, []way{{
		from: s.nearest(at.node), pods: []string{app},
		about:    "the pod tells the address of the Service " + agentsName,
		Question: node.Question{URL: fmt.Sprintf("http://%s:%d/", at.ip, podPort)}, right: is(want),
	}})
}

// place is where a pod runs.
type place struct{ pod, node, ip string }

// running waits until the pod of an application runs.
func (s *Scene) running(ctx context.Context, app string) (place, []Failure) {
	var at place
	why := ""
	err := await(ctx, podWait, "the pod of "+app, func(ctx context.Context) (bool, string, error) {
		pods, err := s.pods(ctx, app)
		if err != nil {
			return false, "", err
		}
		if len(pods) == 0 {
			return false, "there is none", nil
		}
		at, why = place{pods[0].Name, pods[0].Node, pods[0].IP}, pods[0].Why
		return pods[0].Ready && at.ip != "", why, nil
	})
	if err != nil {
		return at, []Failure{{Host: at.node, Text: err.Error(), Pods: []string{at.pod}}}
	}
	return at, nil
}

// nearest is the host itself if it has a session, else the first that has one.
func (s *Scene) nearest(host string) string {
	if slices.Contains(s.Reached, host) {
		return host
	}
	return s.Reached[0]
}

// logsCome asks the API for the logs of the agents, which it gets from the kubelets.
func logsCome(ctx context.Context, s *Scene) (string, []Failure) {
	agents, _ := s.everyAgent(ctx)
	var failures []Failure
	for _, h := range s.Cluster.Hosts {
		a, ok := agents[h.Name]
		if !ok {
			continue
		}
		err := await(ctx, logWait, "the log of the pod", func(ctx context.Context) (bool, string, error) {
			text, err := s.log(ctx, a.pod, logBegin)
			return strings.Contains(text, "HTTP server"), "it has no line of the program", err
		})
		if err != nil {
			failures = append(failures, Failure{Host: h.Name, Text: err.Error(), Pods: []string{a.pod}})
		}
	}
	if len(agents) == 0 {
		return "", []Failure{{Text: "there are no pods to try"}}
	}
	return number(len(agents), "log"), failures
}

// ended waits until a pod that ends has ended well, and returns what it wrote.
func (s *Scene) ended(ctx context.Context, app string) (place, string, []Failure) {
	var at place
	err := await(ctx, podWait, "the pod of "+app+" to end", func(ctx context.Context) (bool, string, error) {
		pods, err := s.pods(ctx, app)
		if err != nil {
			return false, "", err
		}
		if len(pods) == 0 {
			return false, "there is none", nil
		}
		at = place{pods[0].Name, pods[0].Node, pods[0].IP}
		return pods[0].Phase == "Succeeded", pods[0].Why, nil
	})
	text := ""
	if err == nil {
		text, err = s.log(ctx, at.pod, logBegin)
	}
	if err != nil {
		return at, "", []Failure{{Host: at.node, Text: err.Error(), Pods: []string{at.pod}}}
	}
	return at, text, nil
}

// emptyDirIsShared has one container write a file, and the next read it.
func emptyDirIsShared(ctx context.Context, s *Scene) (string, []Failure) {
	const app = "emptydir"
	p := s.pod(app, app, podSpec{
		Once:    true,
		First:   [][]string{{"mounttest", "--new_file_0644=/shared/file"}},
		Args:    []string{"mounttest", "--file_content=/shared/file"},
		Volumes: []object{{"name": "shared", "emptyDir": object{}}},
		Mounts:  []object{{"name": "shared", "mountPath": "/shared"}},
	})
	if err := s.create(ctx, s.path("pods"), p); err != nil {
		return "", failed(err)
	}
	at, text, failures := s.ended(ctx, app)
	if failures == nil && !strings.Contains(text, "mount-tester new file") {
		text = "the file has another content: " + shortened(text)
		failures = []Failure{{Host: at.node, Text: text, Pods: []string{app}}}
	}
	return "on " + at.node, failures
}

// hostPathIsRead has a pod read a file that every host has, and whose content the API knows.
func hostPathIsRead(ctx context.Context, s *Scene) (string, []Failure) {
	const app, file = "hostpath", "/etc/machine-id"
	p := s.pod(app, app, podSpec{
		Once: true, Args: []string{"mounttest", "--file_content=/host/file"},
		Volumes: []object{{"name": "host", "hostPath": object{"path": file, "type": "File"}}},
		Mounts:  []object{{"name": "host", "mountPath": "/host/file", "readOnly": true}},
	})
	if err := s.create(ctx, s.path("pods"), p); err != nil {
		return "", failed(err)
	}
	at, text, failures := s.ended(ctx, app)
	if failures != nil {
		return "", failures
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return "", failed(err)
	}
	if id := nodes[at.node].Status.NodeInfo.MachineID; id == "" || !strings.Contains(text, id) {
		text = file + " is not the one of the host: " + shortened(text)
		return "", []Failure{{Host: at.node, Text: text, Pods: []string{app}}}
	}
	return file + " of " + at.node, nil
}
