package node

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"kbootstrap/host"
)

// networkTimeout bounds how long a host may need to look at its network; it takes some 20 ms.
const networkTimeout = 10 * time.Second

type networkQuery struct{ Dirs []string }

// Network returns how the host sends packets on, and how full the file systems of some directories
// are.
func (c *Client) Network(ctx context.Context, dirs []string) (host.Network, error) {
	var found host.Network
	err := c.again(ctx, "network", func() error {
		found = host.Network{}
		return c.ask(ctx, "/v1/network", networkQuery{dirs}, &found)
	})
	return found, err
}

func (s *server) network(w http.ResponseWriter, r *http.Request) error {
	var q networkQuery
	if err := decode(w, r, &q); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), networkTimeout,
		fmt.Errorf("looking took longer than %s", networkTimeout))
	defer cancel()
	return answer(w, s.sys.Network(ctx, q.Dirs))
}
