package node

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/resource"
)

// snapshotTimeout bounds how long a host may need to write and check a snapshot: 8 GB on a slow
// disk.
const snapshotTimeout = 10 * time.Minute

// snapshotHeadLimit bounds the line before a snapshot: it names each node of the cluster.
const snapshotHeadLimit = 4 << 20

// Snapshot has the host take a snapshot of its member of etcd, and returns what is in it and its
// bytes, which the caller closes and compares with the size and the sum. A connection that is lost
// meanwhile is not made again: another snapshot would be another one.
func (c *Client) Snapshot(
	ctx context.Context, access resource.EtcdAccess,
) (taken resource.EtcdSnapshot, content io.ReadCloser, err error) {
	question, err := json.Marshal(access)
	if err != nil {
		return taken, nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stall := time.AfterFunc(snapshotTimeout, func() {
		cancel(fmt.Errorf("the host sent nothing of a snapshot for %s", snapshotTimeout))
	})
	stream := &snapshotStream{stall: stall, cancel: cancel}
	defer func() {
		if err != nil {
			_ = stream.Close()
		}
	}()
	//nolint:bodyclose // the stream closes it
	response, err := c.do(ctx, http.MethodPost, "/v1/snapshot", bytes.NewReader(question))
	if err != nil {
		return taken, nil, err
	}
	stream.body = response.Body
	lines := bufio.NewReader(response.Body)
	head, err := readLine(lines, snapshotHeadLimit)
	if err != nil {
		return taken, nil, c.lost(ctx, err)
	}
	if err := json.Unmarshal(head, &taken); err != nil {
		return taken, nil, fmt.Errorf("read what is in the snapshot: %w", err)
	}
	if stream.plain, err = zstd.NewReader(lines, zstd.WithDecoderConcurrency(1)); err != nil {
		return taken, nil, err
	}
	return taken, stream, nil
}

// readLine reads up to the end of a line.
func readLine(from *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		if line = append(line, part...); err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(line) > most {
			return nil, fmt.Errorf("the line has more than %d bytes", most)
		}
	}
}

// snapshotStream is a snapshot on its way.
type snapshotStream struct {
	body   io.Closer
	plain  *zstd.Decoder
	stall  *time.Timer
	cancel context.CancelCauseFunc
}

// Read reads on.
func (s *snapshotStream) Read(p []byte) (int, error) {
	s.stall.Reset(snapshotTimeout)
	return s.plain.Read(p)
}

// Close ends the request.
func (s *snapshotStream) Close() error {
	s.stall.Stop()
	if s.plain != nil {
		s.plain.Close()
	}
	var err error
	if s.body != nil {
		err = s.body.Close()
	}
	s.cancel(nil)
	return err
}

// snapshot answers with a line of JSON and the compressed snapshot. The lock of the host is not
// taken: nothing that the tool decides is changed.
func (s *server) snapshot(w http.ResponseWriter, r *http.Request) error {
	var access resource.EtcdAccess
	if err := decode(w, r, &access); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), snapshotTimeout,
		fmt.Errorf("the snapshot was not there within %s", snapshotTimeout))
	defer cancel()
	file, taken, err := access.Snapshot(ctx, s.sys)
	if err != nil {
		return err
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := json.NewEncoder(w).Encode(taken); err != nil {
		return nil //nolint:nilerr // a client that is gone needs no answer
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	// The client compares the sum: what is cut off is no snapshot.
	_, _ = io.Copy(packed, file)
	_ = packed.Close()
	return nil
}

// store answers with what a member of etcd holds now.
func (s *server) store(w http.ResponseWriter, r *http.Request) error {
	var access resource.EtcdAccess
	if err := decode(w, r, &access); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), idleTimeout, fmt.Errorf("no answer within %s", idleTimeout))
	defer cancel()
	found, err := access.Store(ctx, s.sys, 0)
	if err != nil {
		return err
	}
	return answer(w, found)
}

// Store returns what a member of etcd holds now.
func (c *Client) Store(ctx context.Context, access resource.EtcdAccess) (resource.EtcdStore, error) {
	var found resource.EtcdStore
	err := c.again(ctx, "etcd", func() error { return c.ask(ctx, "/v1/store", access, &found) })
	return found, err
}
