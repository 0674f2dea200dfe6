package node

import (
	"context"
	"fmt"
	"net/http"

	"kbootstrap/host"
)

type fsyncQuery struct{ Dir string }

// Fsync writes to the file system of a directory as etcd does, up to sixty times and for half a
// second, and measures how long fdatasync takes. The file has no name; where the file system knows
// no such files, nothing is written, and Writes is 0.
func (c *Client) Fsync(ctx context.Context, dir string) (host.Fsync, error) {
	var found host.Fsync
	err := c.ask(ctx, "/v1/probe/fsync", fsyncQuery{dir}, &found)
	return found, err
}

func (s *server) fsync(w http.ResponseWriter, r *http.Request) error {
	var q fsyncQuery
	if err := decode(w, r, &q); err != nil {
		return err
	}
	found, err := host.MeasureFsync(r.Context(), s.sys.Nearest(q.Dir))
	if err != nil {
		return fmt.Errorf("measure the disk below %s: %w", q.Dir, err)
	}
	return answer(w, found)
}
