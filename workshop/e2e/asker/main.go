// Command asker is a client of the Kubernetes API that the tests of whole clusters run on hosts: it
// writes, reads, lists, changes and deletes a ConfigMap, again and again, until it is told to stop,
// and counts what fails. It repeats only what the API server has not begun and asks for once more
// (503 with Retry-After, on a connection that it is about to end), as every client made with
// client-go does.
//
//	asker KUBECONFIG SERVER fresh|kept NAME
//
// A server of http:// is a Service, and asked for what its URL names; nothing is repeated then.
// With "fresh" each request has a connection of its own; with "kept" all have one, of HTTP/2. What
// an API server answers that etcd has not done in time is counted apart: it is no request that was
// lost on its way, but a machine that is too busy, or a leader of etcd that has just changed.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: asker KUBECONFIG SERVER fresh|kept NAME")
	}
	client, err := connect(args[0], args[2] == "fresh")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	asked, failed, late := 0, 0, 0
	for round := 0; ctx.Err() == nil; round++ {
		for _, q := range questions(args[1], fmt.Sprintf("%s-%d", args[3], round)) {
			if strings.HasPrefix(q.url, "http://") {
				<-time.After(50 * time.Millisecond) // a Service answers at once, and the machine has more to do
			}
			begin := time.Now()
			asked++
			if err := q.insist(context.WithoutCancel(ctx), client); err != nil {
				fmt.Printf("%s %d %s, after %s: %v\n", begin.Format("15:04:05.000"), asked, q.method,
					time.Since(begin).Round(time.Millisecond), err)
				if errors.Is(err, errEtcd) {
					late++
					// Whether the object is there is open, so that the rest of the round proves
					// nothing.
					break
				}
				failed++
			}
		}
	}
	fmt.Printf("asked %d times, %d failed, %d times etcd was late\n", asked, failed, late)
	return nil
}

// patience is how long an answer may take. It is long: a request that hangs is a failure of its
// own, and on a busy machine one that does not may take seconds.
const patience = time.Minute

// connect returns a client with the identity in a kubeconfig.
func connect(name string, fresh bool) (*http.Client, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var config struct {
		Clusters []struct {
			Cluster struct {
				CA string `yaml:"certificate-authority-data"`
			}
		}
		Users []struct {
			User struct {
				Cert string `yaml:"client-certificate-data"`
				Key  string `yaml:"client-key-data"`
			}
		}
	}
	if err := yaml.Unmarshal(data, &config); err != nil || len(config.Clusters) == 0 || len(config.Users) == 0 {
		return nil, fmt.Errorf("%s is not a kubeconfig with a cluster and a user: %w", name, err)
	}
	parts := [3][]byte{}
	for i, text := range []string{config.Clusters[0].Cluster.CA, config.Users[0].User.Cert, config.Users[0].User.Key} {
		if parts[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	pair, err := tls.X509KeyPair(parts[1], parts[2])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(parts[0])
	return &http.Client{Timeout: patience, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
		},
		ForceAttemptHTTP2: true, DisableKeepAlives: fresh,
	}}, nil
}

// errEtcd is an answer of etcd, which the API server passes on.
var errEtcd = errors.New("etcd")

// question is one request.
type question struct{ method, url, contentType, body string }

// questions are what is asked about one ConfigMap.
func questions(server, name string) []question {
	if strings.HasPrefix(server, "http://") {
		return []question{{http.MethodGet, server, "", ""}}
	}
	all := server + "/api/v1/namespaces/default/configmaps"
	one := all + "/" + name
	return []question{
		{http.MethodPost, all, "application/json", `{"metadata":{"name":"` + name + `"},"data":{"n":"1"}}`},
		{http.MethodGet, one, "", ""},
		{http.MethodGet, all + "?limit=5", "", ""},
		{http.MethodPatch, one, "application/merge-patch+json", `{"data":{"n":"2"}}`},
		{http.MethodDelete, one, "", ""},
	}
}

// errRepeat is an answer that asks for the same request later.
var errRepeat = errors.New("asked to repeat")

// insist asks, and again when the server asks for that, as often as client-go does.
func (q question) insist(ctx context.Context, client *http.Client) error {
	var err error
	for range 10 {
		if err = q.ask(ctx, client); !errors.Is(err, errRepeat) {
			return err
		}
		<-time.After(time.Second) // what Retry-After says
	}
	return err
}

func (q question) ask(ctx context.Context, client *http.Client) error {
	request, err := http.NewRequestWithContext(ctx, q.method, q.url, bytes.NewReader([]byte(q.body)))
	if err != nil {
		return err
	}
	if q.contentType != "" {
		request.Header.Set("Content-Type", q.contentType)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode == http.StatusInternalServerError && bytes.Contains(answer, []byte(`"etcdserver: `)) {
		return fmt.Errorf("%w: %s", errEtcd, strings.TrimSpace(string(answer)))
	}
	if response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") == "1" {
		return fmt.Errorf("%w: %s", errRepeat, strings.TrimSpace(string(answer)))
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(answer)))
	}
	return nil
}
