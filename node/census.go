package node

import (
	"context"
	"net/http"

	"kbootstrap/resource"
)

// Census asks the cluster, as this host reaches it, who belongs to it. Who does not answer is left out.
func (c *Client) Census(ctx context.Context, from resource.CensusSource) (resource.Census, error) {
	var census resource.Census
	err := c.ask(ctx, "/v1/census", from, &census)
	return census, err
}

func (s *server) census(w http.ResponseWriter, r *http.Request) error {
	var from resource.CensusSource
	if err := s.decode(w, r, &from); err != nil {
		return err
	}
	return answer(w, resource.TakeCensus(r.Context(), s.sys, from))
}
