package resource

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/human"
)

// Ready is the health of a service, as its own endpoint tells it.
type Ready struct {
	Name   string // who is waited for: "etcd"
	URL    string // "https://127.0.0.1:2379/health"; see probe.go for other schemes
	CACert string // paths of PEM files below System.Root; "" where the URL does not need them
	Cert   string // the client's certificate
	Key    string // and its key
	// the component that is waited for, where that is not the one that waits; the host does not
	// need it
	For  string
	Unit string // its journal goes into the error; "" for none
	// Service is the Service behind the address of a dns:// URL, as "NAMESPACE/NAME": when it does
	// not answer, its endpoints are asked one by one. Kubeconfig is who may read them.
	Service    string
	Kubeconfig string        // path on the host, below System.Root; "" where there is no Service
	Expect     string        // text that the answer must contain; "" means that any good one will do
	Timeout    time.Duration // how long to wait; 0 means one minute
	// how often to ask; 0 means every 20 ms, which is too often for an API server that is just
	// starting
	Every   time.Duration
	Crashes int  // give up when systemd has restarted the Unit so often meanwhile; 0 means never
	Absent  bool // it is not ready
}

// ID is "ready NAME".
func (r Ready) ID() string { return "ready " + r.Name }

// State is "ready" or empty.
func (r Ready) State() string { return States(Flag("ready", !r.Absent)) }

func (r Ready) every() time.Duration {
	if r.Every == 0 {
		return readyPoll
	}
	return r.Every
}

// Answers returns the service's unit; what goes through several services is answered where all of
// them run.
func (r Ready) Answers() (unit string, all bool) { return r.Unit, r.Unit == "" }

// Absence is a service that is not ready.
func (r Ready) Absence() Resource {
	r.Absent = true
	return r
}

// Problem says that the service is not ready.
func (r Ready) Problem(Resource) string {
	if r.Absent {
		return Denial(r.Name)
	}
	return ""
}

// Impatient is the same wait, given up when systemd has restarted the unit so often.
func (r Ready) Impatient(crashes int) Resource {
	r.Crashes = crashes
	return r
}

// Awaits is the component that is waited for.
func (r Ready) Awaits() string { return r.For }

const (
	readyPoll   = 20 * time.Millisecond
	readyAnswer = 2 * time.Second // for one answer
)

// Observe asks once. A service that does not answer is not ready; why is for Apply to say.
func (r Ready) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	found := r
	found.Absent = true
	_, err := host.Once(ctx, r.question(), func() (struct{}, error) {
		client, err := r.Client(sys)
		if err != nil {
			return struct{}{}, setupError{err}
		}
		defer client.CloseIdleConnections()
		return struct{}{}, r.ask(ctx, sys, client)
	})
	if setup := (setupError{}); errors.As(err, &setup) && !isComing(setup.error) {
		return nil, setup.error
	}
	found.Absent = err != nil
	return found, ctx.Err()
}

// setupError is why a service could not be asked at all.
type setupError struct{ error }

func (e setupError) Unwrap() error { return e.error }

// question is what is asked, without who waits for the answer and for how long.
func (r Ready) question() Ready {
	return Ready{
		URL: r.URL, CACert: r.CACert, Cert: r.Cert, Key: r.Key, Expect: r.Expect,
		Service: r.Service, Kubeconfig: r.Kubeconfig,
	}
}

// unpaired is the error of a certificate and a key that do not fit to each other. They are two
// files, and whoever renews them writes one after the other.
type unpaired struct{ error }

func (e unpaired) Unwrap() error { return e.error }

// isComing reports whether certificates are not there yet, or not all of them.
func isComing(err error) bool { return host.Absent(err) || errors.As(err, new(unpaired)) }

// Apply waits until the service is ready, and before that until its certificates are there, which
// another component may be about to write. When they are renewed meanwhile, the new ones are used.
// It gives up early when its unit has failed for good.
func (r Ready) Apply(ctx context.Context, sys *host.System) error {
	if r.Absent {
		return nil
	}
	read := r.files(sys)
	client, err := r.Client(sys)
	if err != nil && !isComing(err) {
		return err
	}
	defer func() {
		if client != nil {
			client.CloseIdleConnections()
		}
	}()
	timeout := r.Timeout
	if timeout == 0 {
		timeout = time.Minute
	}
	sys.Logf("waiting for %s", r.URL)
	deadline, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	begin := time.Now()
	since := sys.Since(r.Unit)
	watch := Watch{Unit: r.Unit, Crashes: r.Crashes, Gate: r.For != ""}
	var last error
	err = host.Poll(deadline, r.every(), func() (bool, error) {
		var answer error
		if now := r.files(sys); client == nil || !bytes.Equal(read, now) {
			read = now
			if client, answer = r.Client(sys); answer != nil && !isComing(answer) {
				return false, answer
			}
		}
		if client != nil {
			answer = r.ask(deadline, sys, client)
		}
		if answer == nil {
			return true, nil
		}
		if deadline.Err() == nil || last == nil {
			last = answer // and not that the time was up while it was asked
		}
		return false, watch.Hopeless(deadline, sys)
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	waited := time.Since(begin).Round(time.Millisecond)
	err = fmt.Errorf("waited %s for %s: %w; last answer: %w", waited, r.URL, ended(err), last)
	if r.Unit == "" {
		return r.silence(ctx, sys, err)
	}
	failure := host.NotReady
	if watch.Crashed {
		failure = host.Crashed
	}
	return sys.Failed(ctx, fault.ServiceNotReady, r.Unit, failure, since, err)
}

// files are the certificates and the key that the URL needs, one after the other.
func (r Ready) files(sys *host.System) []byte {
	var all []byte
	for _, path := range []string{r.CACert, r.Cert, r.Key} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(sys.Path(path))
		if err != nil {
			continue // Client says what is wrong with it
		}
		all = append(all, text...)
	}
	return all
}

// Client is an HTTP client with the certificates that the URL needs.
func (r Ready) Client(sys *host.System) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CACert != "" {
		pem, err := os.ReadFile(sys.Path(r.CACert))
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", r.CACert)
		}
	}
	if r.Cert != "" {
		pair, err := tls.LoadX509KeyPair(sys.Path(r.Cert), sys.Path(r.Key))
		if err != nil && !host.Absent(err) {
			err = unpaired{err}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Cert, err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	// A proxy of the environment is not meant for the host itself.
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: readyAnswer}, nil
}

// fetch asks over HTTP.
func (r Ready) fetch(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), r.Expect) {
		return fmt.Errorf("%s: %s", response.Status, human.OneLine(failing(string(body))))
	}
	return nil
}

// failing are the checks of an answer of Kubernetes that failed, or the whole answer where it is
// not a list of checks.
func failing(body string) string {
	var failed []string
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "[-]") {
			failed = append(failed, strings.TrimSpace(line))
		}
	}
	if failed == nil {
		return body
	}
	return strings.Join(failed, "; ")
}
