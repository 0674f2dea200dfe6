package node

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"kbootstrap/resource/api"
)

// requestTimeout bounds how long a host may wait for the API.
const requestTimeout = 15 * time.Second

// Request has the host send a request to the API of the cluster. That the API refuses it is in the
// response. A request that changes something is sent once, also when the connection is lost.
func (c *Client) Request(ctx context.Context, q api.Request) (api.Response, error) {
	var found api.Response
	send := func() error { return c.ask(ctx, "/v1/request", q, &found) }
	if q.Method != http.MethodGet {
		return found, send()
	}
	err := c.again(ctx, "request", send)
	return found, err
}

// isTokenRequest reports whether a request asks for a token of a service account. It is a POST, and
// changes nothing that another run could come between.
func isTokenRequest(q api.Request) bool {
	return q.Method == http.MethodPost && strings.Contains(q.Path, "/serviceaccounts/") &&
		strings.HasSuffix(q.Path, "/token")
}

func (s *server) request(w http.ResponseWriter, r *http.Request) error {
	var q api.Request
	if err := decode(w, r, &q); err != nil {
		return err
	}
	switch q.Method {
	case http.MethodGet:
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		if isTokenRequest(q) {
			break
		}
		if err := s.exclusive(Holder{}); err != nil {
			return err
		}
	default:
		return requestError{fmt.Errorf("not a method of the API: %q", q.Method)}
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), requestTimeout,
		fmt.Errorf("the API did not answer within %s", requestTimeout))
	defer cancel()
	return answer(w, api.Send(ctx, s.sys, q))
}
