package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// ServiceAddresses are the addresses at which a Service of the type LoadBalancer is reached from
// outside, as its status has them. In a cloud a controller writes them; on bare hosts they are
// those of hosts, where kube-proxy then takes what is sent to the ports of the Service.
type ServiceAddresses struct {
	Namespace, Name string
	Addresses       []string // none is a Service without
	Kubeconfig      string   // path on the host, below System.Root
}

// ID is "addresses of Service NAMESPACE/NAME".
func (s ServiceAddresses) ID() string { return "addresses of Service " + s.Namespace + "/" + s.Name }

// State has an address a line, sorted.
func (s ServiceAddresses) State() string {
	lines := slices.Clone(s.Addresses)
	slices.Sort(lines)
	return resource.States(lines...)
}

// Answers returns the API server.
func (s ServiceAddresses) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a Service without addresses, or none.
func (s ServiceAddresses) Absence() resource.Resource {
	s.Addresses = nil
	return s
}

// Observe reads the status of the Service.
func (s ServiceAddresses) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	path, err := s.path()
	if err != nil {
		return nil, err
	}
	data, err := kube.Look(ctx, sys, s.Kubeconfig, path)
	if err != nil || data == nil {
		return s.Absence(), err
	}
	var read struct {
		Status struct {
			LoadBalancer struct{ Ingress []struct{ IP string } }
		}
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", s.ID(), err)
	}
	s.Addresses = nil
	for _, at := range read.Status.LoadBalancer.Ingress {
		s.Addresses = append(s.Addresses, at.IP)
	}
	return s, nil
}

// Apply writes the status. A Service that is not there has no addresses.
func (s ServiceAddresses) Apply(ctx context.Context, sys *host.System) error {
	path, err := s.path()
	if err != nil {
		return err
	}
	a, err := kube.OpenAPI(sys, s.Kubeconfig)
	if err == nil {
		_, err = a.Get(ctx, path)
	}
	if len(s.Addresses) == 0 && (host.Absent(err) || kube.IsCode(err, http.StatusNotFound)) {
		return nil
	}
	if err != nil {
		return err
	}
	addresses := []map[string]string{}
	for _, address := range s.Addresses {
		addresses = append(addresses, map[string]string{"ip": address})
	}
	body, err := json.Marshal(map[string]any{
		"status": map[string]any{"loadBalancer": map[string]any{"ingress": addresses}},
	})
	if err != nil {
		return err
	}
	return a.Change(ctx, http.MethodPatch, path+"/status", "application/merge-patch+json", nil, body)
}

func (s ServiceAddresses) path() (string, error) {
	return kube.Path("v1", "Service", s.Namespace, s.Name)
}
