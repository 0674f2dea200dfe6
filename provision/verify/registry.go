package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"kbootstrap/resource/api"
)

// pullWait is how long hosts may take to pull an image of some tens of megabytes, all at once.
const pullWait = waitLimit(90 * time.Second)

// Registry is the cluster's own registry as the checks reach it.
type Registry struct {
	// Image is what its test image is named by.
	Image string
	// Login is the content of a Secret of the type kubernetes.io/dockerconfigjson.
	Login []byte
	// Push puts the image there, and Remove takes it away again.
	Push, Remove func(context.Context) error
}

// hasNoRegistry says that the cluster has no registry that can be tried.
func hasNoRegistry(_ context.Context, s *Scene) string {
	switch {
	case !s.Cluster.AddOns.Registry.Enabled:
		return "addons.registry is off"
	case s.Registry == nil:
		return "the state directory here has no login for the registry"
	}
	return ""
}

// imagesArePulled pushes an image to the registry of the cluster, and has a pod on every host of
// the same architecture run it.
func imagesArePulled(ctx context.Context, s *Scene) (string, []Failure) {
	const app, secret = "pulled", "registry-login"
	err := s.create(ctx, s.path("secrets"), object{
		"apiVersion": "v1", "kind": "Secret", "metadata": meta(secret), "type": "kubernetes.io/dockerconfigjson",
		"data": object{".dockerconfigjson": s.Registry.Login},
	})
	if err == nil {
		err = s.Registry.Push(ctx)
	}
	if err != nil {
		return "", failed(err)
	}
	nodes, err := s.nodes(ctx)
	if err != nil {
		return "", failed(err)
	}
	// The program in the image is that of the registry's host.
	architecture := nodes[s.Cluster.AddOns.Registry.Host].Status.NodeInfo.Architecture
	var hosts []string
	for _, h := range s.Reached {
		if nodes[h].Status.NodeInfo.Architecture != architecture {
			continue
		}
		p := s.pod(app+"-"+h, app, podSpec{
			Once: true, Everywhere: true, Node: h, Image: s.Registry.Image, Secret: secret, Args: []string{"--version"},
		})
		if err := s.create(ctx, s.path("pods"), p); err != nil {
			return "", failed(err)
		}
		hosts = append(hosts, h)
	}
	var failures []Failure
	err = await(ctx, pullWait, "the pods to end", func(ctx context.Context) (bool, string, error) {
		pods, err := s.pods(ctx, app)
		failures = nil
		for _, h := range hosts {
			i := slices.IndexFunc(pods, func(p api.PodState) bool { return p.Name == app+"-"+h })
			switch {
			case i < 0:
				failures = append(failures, Failure{Host: h, Text: "the pod is gone"})
			case pods[i].Phase != "Succeeded":
				failures = append(failures, Failure{Host: h, Text: pods[i].Why, Pods: []string{pods[i].Name}})
			}
		}
		return failures == nil, fmt.Sprintf("%d of %d have not", len(failures), len(hosts)), err
	})
	if err != nil && failures == nil {
		failures = failed(err)
	}
	if err := s.Registry.Remove(ctx); err != nil {
		failures = append(failures, Failure{Text: "the image is still in the registry: " + err.Error()})
	}
	return s.Registry.Image + " on " + number(len(hosts), "host"), failures
}

// DockerLogin is what docker writes down of a login, by which pods pull.
func DockerLogin(endpoint, authorization string) ([]byte, error) {
	return json.Marshal(object{"auths": object{endpoint: object{"auth": strings.TrimPrefix(authorization, "Basic ")}}})
}
