package verify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"kbootstrap/resource/api"
)

// refusal is what the API said to a request that it did not carry out.
type refusal struct {
	code int // 0 if no API server answered
	text string
}

func (r refusal) Error() string { return r.text }

// isCode reports whether the API refused a request with an HTTP status.
func isCode(err error, code int) bool {
	var r refusal
	return errors.As(err, &r) && r.code == code
}

// request sends a request and reads the answer into a value, unless that is nil.
func (s *Scene) request(ctx context.Context, q api.Request, into any) error {
	what := q.Method + " " + q.Path
	answer, err := s.World.API(ctx, q)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if answer.Error != "" {
		return fmt.Errorf("%s: %w", what, refusal{answer.Code, answer.Error})
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (s *Scene) get(ctx context.Context, path string, into any) error {
	return s.request(ctx, api.Request{Method: http.MethodGet, Path: path}, into)
}

// create makes an object in a collection. One that is there already was made by a request whose
// answer was lost: names of a verification are its own.
func (s *Scene) create(ctx context.Context, collection string, o object) error {
	err := s.send(ctx, http.MethodPost, collection, "application/json", o)
	if isCode(err, http.StatusConflict) {
		return nil
	}
	return err
}

// patch merges into an object what is given.
func (s *Scene) patch(ctx context.Context, path string, o object) error {
	return s.send(ctx, http.MethodPatch, path, "application/merge-patch+json", o)
}

func (s *Scene) send(ctx context.Context, method, path, kind string, o object) error {
	body, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return s.request(ctx, api.Request{Method: method, Path: path, Type: kind, Body: body}, nil)
}

// remove deletes an object, or a collection. What is not there is gone.
func (s *Scene) remove(ctx context.Context, path string) error {
	err := s.request(ctx, api.Request{Method: http.MethodDelete, Path: path}, nil)
	if isCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}

// path is a collection of the namespace, such as pods.
func (s *Scene) path(collection string) string {
	return "/api/v1/namespaces/" + s.Namespace + "/" + collection
}

// workloads is the same of Deployments and what is like them.
func (s *Scene) workloads(collection string) string {
	return "/apis/apps/v1/namespaces/" + s.Namespace + "/" + collection
}

// pods are those of an application.
func (s *Scene) pods(ctx context.Context, app string) ([]api.PodState, error) {
	var list json.RawMessage
	if err := s.get(ctx, s.path("pods")+"?labelSelector="+url.QueryEscape("app="+app), &list); err != nil {
		return nil, err
	}
	return api.ReadPods(list)
}

// The parts of a log that are asked for.
const (
	logBegin = "limitBytes=4096"
	logEnd   = "tailLines=5"
)

// log is a part of what a pod has written.
func (s *Scene) log(ctx context.Context, pod, part string) (string, error) {
	path := fmt.Sprintf("%s/%s/log?%s", s.path("pods"), pod, part)
	answer, err := s.World.API(ctx, api.Request{Method: http.MethodGet, Path: path})
	if err == nil && answer.Error != "" {
		err = refusal{answer.Code, answer.Error}
	}
	return string(answer.Body), err
}

// addressOf is the address of a Service, and its NodePort.
func (s *Scene) addressOf(ctx context.Context, service string) (address string, nodePort int, err error) {
	var read struct {
		Spec struct {
			ClusterIP string
			Ports     []struct{ NodePort int }
		}
	}
	if err := s.get(ctx, s.path("services")+"/"+service, &read); err != nil {
		return "", 0, err
	}
	if read.Spec.ClusterIP == "" || len(read.Spec.Ports) == 0 {
		return "", 0, fmt.Errorf("the Service %s has no address", service)
	}
	return read.Spec.ClusterIP, read.Spec.Ports[0].NodePort, nil
}
