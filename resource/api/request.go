package api

import (
	"context"
	"fmt"
	"strings"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
)

// Request is one request to the API.
type Request struct {
	Kubeconfig string // path on the host, below System.Root
	Method     string // "GET", "POST", "PUT", "PATCH" or "DELETE"
	Path       string // "/api/v1/nodes", with what comes after a question mark
	Type       string // of the body: "application/json"
	Body       []byte
}

// Response is what the API answered. Without an Error the request was carried out.
type Response struct {
	Body  []byte
	Code  int    // the HTTP status that the API refused with; 0 when it did not answer
	Error string // why the request was not carried out
}

// responseLimit bounds an answer of the API that travels, in bytes.
const responseLimit = 8 << 20

// Send sends a request to the API. That it is refused, or that no server answers, is a Response
// too.
func Send(ctx context.Context, sys *host.System, q Request) Response {
	if !strings.HasPrefix(q.Path, "/") {
		return Response{Error: fmt.Sprintf("not a path of the API: %q", q.Path)}
	}
	a, err := kube.OpenAPI(sys, q.Kubeconfig)
	if err != nil {
		return Response{Error: human.OneLine(err.Error())}
	}
	body, err := a.Send(ctx, q.Method, q.Path, q.Type, q.Body)
	if err != nil {
		return Response{Code: kube.CodeOf(err), Error: human.OneLine(err.Error())}
	}
	if len(body) > responseLimit {
		return Response{Error: fmt.Sprintf("the answer to %s has %d bytes, which is too much", q.Path, len(body))}
	}
	return Response{Body: body}
}
