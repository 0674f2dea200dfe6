package node

import (
	"context"
	"fmt"
	"net/http"

	"kbootstrap/host"
)

// UnitLines returns lines of the journal of a host.
func (c *Client) UnitLines(ctx context.Context, q host.UnitQuery) (host.UnitLines, error) {
	var found host.UnitLines
	err := c.again(ctx, "journal", func() error { return c.ask(ctx, "/v1/lines", q, &found) })
	return found, err
}

func (s *server) lines(w http.ResponseWriter, r *http.Request) error {
	var q host.UnitQuery
	if err := decode(w, r, &q); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), idleTimeout, fmt.Errorf("no answer within %s", idleTimeout))
	defer cancel()
	found, err := s.sys.UnitLines(ctx, q)
	if err != nil {
		return err
	}
	return answer(w, found)
}
