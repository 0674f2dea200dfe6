package kube

import (
	"context"
	"errors"
	"net/http"

	"kbootstrap/host"
)

// Send sends a request of any kind and returns the body of the answer. One that is not a GET is a
// change.
func (a *API) Send(ctx context.Context, method, path, contentType string, body []byte) ([]byte, error) {
	if method == http.MethodGet {
		return a.do(ctx, method, path, "", nil, nil)
	}
	var answer []byte
	err := a.sys.Step(host.Step{Op: host.OpRequest, Path: method + " " + path}, func() (err error) {
		answer, err = a.do(ctx, method, path, contentType, nil, body)
		return err
	})
	return answer, err
}

// CodeOf returns the HTTP status that the API refused with, or 0.
func CodeOf(err error) int {
	var answer *apiError
	if errors.As(err, &answer) {
		return answer.code
	}
	return 0
}
