package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// requestLimit bounds the body of a request that is held in memory, in bytes. A plan for one host
// is some hundred KB.
const requestLimit = 64 << 20

// server is the state of one session on a host.
type server struct {
	sys     *host.System
	blobs   *blobs
	lock    *lock
	running gate
	turns   *turns
	relay   relay
	began   host.Moment // when the session did
}

func newServer(options Options) *server {
	s := &server{blobs: newBlobs(options.Root), lock: &lock{root: options.Root}, turns: newTurns(),
		began: host.Uptime()}
	s.sys = host.NewSystem(options.Root, options.Run, nil, nil) // who changes the host has contents, see change
	s.sys.Around = options.around
	s.blobs.sys, s.lock.sys = s.sys, s.sys
	return s
}

// handler lists all that a client can ask.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	routes := map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /v1/open":         s.open,
		"POST /v1/look":         s.look,
		"POST /v1/converge":     s.converge,
		"POST /v1/stop":         s.stop,
		"POST /v1/flush":        s.flush,
		"POST /v1/missing":      s.missing,
		"PUT /v1/blobs/{sum}":   s.receive,
		"POST /v1/abandon":      s.abandon,
		"POST /v1/relay":        s.listenRelay,
		"POST /v1/fetch":        s.fetch,
		"POST /v1/journal":      s.journal,
		"POST /v1/lines":        s.lines,
		"POST /v1/evidence":     s.evidence,
		"POST /v1/network":      s.network,
		"POST /v1/request":      s.request,
		"POST /v1/ask":          s.questions,
		"POST /v1/push":         s.push,
		"POST /v1/snapshot":     s.snapshot,
		"POST /v1/store":        s.store,
		"POST /v1/probe/fsync":  s.fsync,
		"POST /v1/probe/listen": s.listen,
		"POST /v1/probe/reach":  s.reach,
	}
	for pattern, serve := range routes {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !s.running.enter() {
				return
			}
			defer s.running.leave()
			if err := guarded(r.URL.Path, func() error { return serve(w, r) }); err != nil {
				fail(w, err)
			}
		})
	}
	return mux
}

// guarded turns a panic into the error of the one request, with the stack on standard error.
func guarded(request string, serve func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(os.Stderr, "kbootstrap node: %s: panic: %v\n%s", request, p, debug.Stack())
			err = fault.NodePanic.Errorf("bug in the node: %v", p)
		}
	}()
	return serve()
}

// fail answers with an error.
func fail(w http.ResponseWriter, err error) {
	wire := toWire(err)
	status := http.StatusInternalServerError
	switch wire.Kind {
	case kindLocked:
		status = http.StatusLocked
	case kindRequest:
		status = http.StatusBadRequest
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(wire) // a client that is gone needs no answer
}

func answer(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(value) // as above
	return nil
}

// body reads the whole body of a request.
func body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	from := http.MaxBytesReader(w, idleBody(w, r), requestLimit)
	read := io.ReadAll
	if r.Header.Get("Content-Encoding") == packing {
		read = func(from io.Reader) ([]byte, error) { return unpack(from, requestLimit) }
	}
	text, err := read(from)
	if err != nil {
		return nil, requestError{fmt.Errorf("read request: %w", err)}
	}
	return text, nil
}

func decode(w http.ResponseWriter, r *http.Request, into any) error {
	text, err := body(w, r)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return requestError{fmt.Errorf("read request: %w", err)}
	}
	return nil
}

// idleBody is the body of a request, which fails when no byte comes for too long.
func idleBody(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return &idleReader{ReadCloser: r.Body, idle: idleTimeout, deadline: http.NewResponseController(w).SetReadDeadline}
}

type idleReader struct {
	io.ReadCloser
	idle     time.Duration
	deadline func(time.Time) error
	set      time.Time // when the deadline was last moved
}

func (r *idleReader) Read(p []byte) (int, error) {
	// Moving the deadline is a message to the connection's goroutine: not each read is worth one.
	if now := time.Now(); now.Sub(r.set) > r.idle/60 {
		if err := r.deadline(now.Add(r.idle)); err != nil {
			return 0, err
		}
		r.set = now
	}
	n, err := r.ReadCloser.Read(p)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("nothing came for %s", r.idle)
	case err != nil:
		_ = r.deadline(time.Time{}) // the body is over; the answer may take longer
	}
	return n, err
}

// exclusive makes sure that this session is the only one that changes the host. A client that did
// not say who it is holds the lock without a name.
func (s *server) exclusive(holder Holder) error {
	return s.lock.take(holder, s.recover)
}

// recover makes good for a session that was killed.
func (s *server) recover() error { return errors.Join(s.blobs.prepare(), s.sys.Recover()) }

// end leaves the host as a session should: no contents, no lock.
func (s *server) end() error {
	s.sys.Close()
	s.relay.close()
	if !s.lock.held() {
		return nil
	}
	err := s.blobs.clear()
	s.lock.release()
	return err
}

func (s *server) missing(w http.ResponseWriter, r *http.Request) error {
	var sums []string
	if err := decode(w, r, &sums); err != nil {
		return err
	}
	missing, err := s.blobs.missing(sums)
	if err != nil {
		return err
	}
	return answer(w, missing)
}

func (s *server) receive(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	size, err := strconv.ParseInt(query.Get("size"), 10, 64)
	if err != nil || size < 0 {
		return requestError{fmt.Errorf("not a size: %q", query.Get("size"))}
	}
	u := Upload{Sum: r.PathValue("sum"), Size: size, Base: query.Get("base"), Keep: query.Get("keep") != ""}
	if err := s.exclusive(Holder{}); err != nil {
		return err
	}
	if err := s.blobs.receive(r.Context(), u, idleBody(w, r)); err != nil {
		return err
	}
	return answer(w, struct{}{})
}

type abandonment struct{ Sum, Cause string }

func (s *server) abandon(w http.ResponseWriter, r *http.Request) error {
	var a abandonment
	if err := decode(w, r, &a); err != nil {
		return err
	}
	s.blobs.abandon(a.Sum, a.Cause)
	return answer(w, struct{}{})
}

type journalRequest struct {
	Unit  string
	Lines int
}

func (s *server) journal(w http.ResponseWriter, r *http.Request) error {
	var q journalRequest
	if err := decode(w, r, &q); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(r.Context(), idleTimeout, fmt.Errorf("no answer within %s", idleTimeout))
	defer cancel()
	text, err := s.sys.Run(ctx, "journalctl", "--unit="+q.Unit, "--lines="+strconv.Itoa(q.Lines), "--no-pager",
		"--quiet", "--output=short-iso")
	if err != nil {
		return err
	}
	return answer(w, string(text))
}

type evidenceRequest struct {
	Unit  string
	Since host.Moment // 0 means since the session began
}

func (s *server) evidence(w http.ResponseWriter, r *http.Request) error {
	var q evidenceRequest
	if err := decode(w, r, &q); err != nil {
		return err
	}
	if q.Since == 0 {
		q.Since = s.began
	}
	return answer(w, s.sys.Journal(r.Context(), q.Unit, q.Since))
}
