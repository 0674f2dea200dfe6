// Package kube is the Kubernetes API as the tool needs it: five verbs on paths that are known,
// objects as JSON, and the projection that compares an object with the part of it that is wanted.
// Start at API.
package kube

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/internal/human"
)

// API is the Kubernetes API as one kubeconfig reaches it. A client of Kubernetes' own would be ten
// times this tool's size; five verbs on paths that we know need none.
type API struct {
	sys    *host.System
	Server string
	token  string
	client *http.Client
	as     host.Acting // the zero value is the user of the kubeconfig
}

const (
	apiAnswer   = 10 * time.Second // for one answer
	APIPoll     = 50 * time.Millisecond
	APITimeout  = 30 * time.Second // until an object is accepted
	apiPatience = 3 * time.Second  // until an object that surely exists can be read
)

// apiError is an answer other than 2xx.
type apiError struct {
	code int
	text string // the API's own message
}

// Fault returns the code.
func (e *apiError) Fault() fault.Code { return fault.ObjectRefused }

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.code, e.text) }

// Passing reports whether the same request may succeed in a moment: the API starts, is busy, or
// does not know the namespace, the kind or our rights yet.
func Passing(err error) bool {
	var answer *apiError
	if !errors.As(err, &answer) {
		return true // no answer: no server listens yet, or the connection was cut
	}
	switch answer.code {
	case http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusTooManyRequests:
		return true
	}
	return answer.code >= 500
}

// IsRefused reports whether the API knows the user and gives it no such right, or does not know it.
func IsRefused(err error) bool {
	return IsCode(err, http.StatusForbidden) || IsCode(err, http.StatusUnauthorized)
}

// IsAnswer reports whether an API server answered, whatever it said.
func IsAnswer(err error) bool { return err == nil || errors.As(err, new(*apiError)) }

// IsCode reports whether the API answered with an HTTP status.
func IsCode(err error, code int) bool {
	var answer *apiError
	return errors.As(err, &answer) && answer.code == code
}

// kubeconfig is what we read of such a file.
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Clusters []struct {
		Name    string
		Cluster struct {
			Server     string
			CAData     string `yaml:"certificate-authority-data"`
			CA         string `yaml:"certificate-authority"`
			ServerName string `yaml:"tls-server-name"`
		}
	}
	Users []struct {
		Name string
		User struct {
			Token    string
			CertData string `yaml:"client-certificate-data"`
			Cert     string `yaml:"client-certificate"`
			KeyData  string `yaml:"client-key-data"`
			Key      string `yaml:"client-key"`
		}
	}
}

// OpenAPI is the API behind a kubeconfig, a path on the host. The connection is kept for the
// resources that follow; a kubeconfig that has changed gets a new one.
func OpenAPI(sys *host.System, name string) (*API, error) {
	data, err := os.ReadFile(sys.Path(name))
	if err != nil {
		return nil, err
	}
	type key struct {
		name string
		sum  [sha256.Size]byte
		as   host.Acting
	}
	as, _ := sys.Acts(name)
	kept, err := sys.Keep(key{name, sha256.Sum256(data), as}, func() (io.Closer, error) {
		a, err := connect(sys, data)
		if err != nil {
			return nil, err
		}
		a.as = as
		return a, nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	a, _ := kept.(*API)
	return a, nil
}

// Close closes the connection.
func (a *API) Close() error {
	a.client.CloseIdleConnections()
	return nil
}

func connect(s *host.System, data []byte) (*API, error) {
	var k kubeconfig
	if err := yaml.Unmarshal(data, &k); err != nil {
		// The library's message quotes the lines around the error, and they hold keys.
		return nil, errors.New("not a kubeconfig")
	}
	var cluster, user string
	for _, c := range k.Contexts {
		if c.Name == k.CurrentContext {
			cluster, user = c.Context.Cluster, c.Context.User
		}
	}
	a := &API{sys: s}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, c := range k.Clusters {
		if c.Name != cluster {
			continue
		}
		a.Server, config.ServerName = strings.TrimSuffix(c.Cluster.Server, "/"), c.Cluster.ServerName
		pem, err := embedded(s, c.Cluster.CAData, c.Cluster.CA)
		if err != nil {
			return nil, fmt.Errorf("certificate authority: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("certificate authority: no certificate in it")
		}
	}
	if a.Server == "" {
		return nil, errors.New("its current context names no server")
	}
	for _, u := range k.Users {
		if u.Name != user {
			continue
		}
		a.token = u.User.Token
		if u.User.CertData == "" && u.User.Cert == "" {
			continue
		}
		cert, err := embedded(s, u.User.CertData, u.User.Cert)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		key, err := embedded(s, u.User.KeyData, u.User.Key)
		if err != nil {
			return nil, fmt.Errorf("client key: %w", err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	a.client = &http.Client{Timeout: apiAnswer, Transport: &http.Transport{
		TLSClientConfig: config, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute,
	}}
	return a, nil
}

// embedded is a part of a kubeconfig: in base64 within it, or a file next to it.
func embedded(s *host.System, data, file string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	return os.ReadFile(s.Path(file))
}

// do sends one request and returns the body of the answer.
func (a *API) do(ctx context.Context, method, path, contentType string, query url.Values, body []byte) ([]byte, error) {
	return a.ask(ctx, "application/json", method, path, contentType, query, body)
}

// ask is do for an answer in some form.
func (a *API) ask(
	ctx context.Context, accept, method, path, contentType string, query url.Values, body []byte,
) ([]byte, error) {
	address := a.Server + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", accept)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if a.token != "" {
		request.Header.Set("Authorization", "Bearer "+a.token)
	}
	if a.as.User != "" {
		request.Header.Set("Impersonate-User", a.as.User)
		request.Header.Set("Impersonate-Group", a.as.Group)
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode/100 != 2 {
		return nil, &apiError{response.StatusCode, statusMessage(answer)}
	}
	return answer, nil
}

// Change is do for a request that changes something.
func (a *API) Change(ctx context.Context, method, path, contentType string, query url.Values, body []byte) error {
	return a.sys.Step(host.Step{Op: host.OpRequest, Path: method + " " + path}, func() error {
		_, err := a.do(ctx, method, path, contentType, query, body)
		return err
	})
}

// Get reads what is at a path. Within one look (host.OneLook) it is read once, whoever wants it;
// the answer must not be changed.
func (a *API) Get(ctx context.Context, path string) ([]byte, error) {
	type question struct {
		of   *API
		path string
	}
	return host.Once(ctx, question{a, path}, func() ([]byte, error) {
		return a.do(ctx, http.MethodGet, path, "", nil, nil)
	})
}

// Look reads an object, and waits while the API is busy or starting. There is no data when the
// object is not there, nor when no server listens or the host has no kubeconfig yet: on a new host
// the API comes later in the same plan.
func Look(ctx context.Context, sys *host.System, kubeconfig, path string) ([]byte, error) {
	if _, err := OpenAPI(sys, kubeconfig); err != nil && !host.Absent(err) {
		return nil, err
	}
	data, err := Ask(ctx, sys, kubeconfig, path)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case host.Absent(err) || err != nil && Passing(err):
		return nil, nil
	}
	return data, err
}

// Ask is Look, and tells why there is no data: IsCode, IsRefused, IsAnswer, host.Absent.
func Ask(ctx context.Context, sys *host.System, kubeconfig, path string) ([]byte, error) {
	a, err := OpenAPI(sys, kubeconfig)
	if err != nil {
		return nil, err
	}
	deadline, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	var data []byte
	_ = host.Poll(deadline, APIPoll, func() (bool, error) {
		data, err = a.Get(deadline, path)
		var answer *apiError
		busy := errors.As(err, &answer) && (answer.code == http.StatusTooManyRequests || answer.code >= 500)
		return !busy, nil
	})
	return data, err
}

// statusMessage is the message in the API's Status object, or the body itself.
func statusMessage(body []byte) string {
	var status struct{ Message string }
	if err := yaml.Unmarshal(body, &status); err == nil && status.Message != "" {
		return human.OneLine(status.Message)
	}
	return human.OneLine(string(body))
}
