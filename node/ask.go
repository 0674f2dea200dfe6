package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	askLimit     = 10 * time.Second // at most, for one answer
	askDefault   = 2 * time.Second
	replyLimit   = 64 << 10 // bytes of an answer that travel
	maxQuestions = 1000     // at once
)

// Question is what a host is to ask another, once:
//
//	http://ADDRESS:PORT/PATH   a page; https:// with a certificate that is verified
//	tcp://ADDRESS:PORT         whether something accepts connections
//	dns://SERVER/NAME          the addresses of a name, over UDP; dns+tcp:// over TCP
type Question struct {
	URL   string
	Limit time.Duration // for the answer; 0 means two seconds
	Trust []byte        // of https: the certificates of those who are believed, in PEM
	Name  string        // of https: whom the certificate has to be for, if not the ADDRESS
	// User and Password are the login to a page with TLS.
	User, Password string
}

// Reply is an answer, or why there is none.
type Reply struct {
	Status int    // of a page
	Body   string // the page, or the addresses, separated by blanks
	Took   time.Duration
	Fault  string // why there is no answer; empty when there is one
}

// Ask has the host ask all questions at once and returns the replies in their order. It asks from
// the host's own network, and of an HTTP server over a connection of its own for each page.
func (c *Client) Ask(ctx context.Context, questions []Question) ([]Reply, error) {
	var replies []Reply
	if err := c.again(ctx, "ask", func() error {
		replies = nil
		return c.ask(ctx, "/v1/ask", questions, &replies)
	}); err != nil {
		return nil, err
	}
	if len(replies) != len(questions) {
		return nil, fmt.Errorf("the node answered %d of %d questions", len(replies), len(questions))
	}
	return replies, nil
}

func (s *server) questions(w http.ResponseWriter, r *http.Request) error {
	var questions []Question
	if err := decode(w, r, &questions); err != nil {
		return err
	}
	if len(questions) > maxQuestions {
		return requestError{fmt.Errorf("%d questions are too many", len(questions))}
	}
	replies := make([]Reply, len(questions))
	var all sync.WaitGroup
	slots := make(chan struct{}, dialers)
	for i, q := range questions {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			replies[i] = q.put(r.Context())
		})
	}
	all.Wait()
	return answer(w, replies)
}

// put asks the question.
func (q Question) put(ctx context.Context) (r Reply) {
	limit := min(q.Limit, askLimit)
	if limit <= 0 {
		limit = askDefault
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	begin := time.Now()
	defer func() { r.Took = time.Since(begin) }()
	target, err := url.Parse(q.URL)
	if err != nil {
		return Reply{Fault: "not a URL"}
	}
	switch target.Scheme {
	case "http", "https":
		r, err = q.page(ctx)
	case "tcp":
		err = accepts(ctx, target.Host)
	case "dns", "dns+tcp":
		r, err = resolve(ctx, target)
	default:
		return Reply{Fault: fmt.Sprintf("not a question: %q", target.Scheme)}
	}
	if err != nil {
		r.Fault = silence(err, limit)
	}
	return r
}

func (q Question) page(ctx context.Context) (Reply, error) {
	trust := x509.NewCertPool()
	trust.AppendCertsFromPEM(q.Trust)
	// A proxy of the environment is not meant for the cluster.
	transport := &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: trust, ServerName: q.Name, MinVersion: tls.VersionTLS12},
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, q.URL, nil)
	if err != nil {
		return Reply{}, err
	}
	if q.User != "" && request.URL.Scheme == "https" { // never without TLS
		request.SetBasicAuth(q.User, q.Password)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return Reply{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, replyLimit))
	return Reply{Status: response.StatusCode, Body: string(body)}, err
}

func accepts(ctx context.Context, address string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// resolve asks a name server. What comes with its network is not the resolver's to choose.
func resolve(ctx context.Context, target *url.URL) (Reply, error) {
	server, network := target.Host, "udp"
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "53")
	}
	if target.Scheme == "dns+tcp" {
		network = "tcp"
	}
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server)
	}}
	// With the dot the name is not tried in search domains.
	addresses, err := resolver.LookupHost(ctx, strings.TrimSuffix(strings.TrimPrefix(target.Path, "/"), ".")+".")
	slices.Sort(addresses)
	return Reply{Body: strings.Join(addresses, " ")}, err
}

// silence says why there is no answer, in the fewest words.
func silence(err error, limit time.Duration) string {
	var timeout interface{ Timeout() bool }
	var name *net.DNSError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", limit)
	case errors.As(err, &name):
		return name.Err // its whole text names the server of /etc/resolv.conf, which was not asked
	}
	return reason(err)
}
