package components

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/goccy/go-yaml"
)

// lockLimit is how large the lock file of a mirror may be, in bytes.
const lockLimit = 4 << 20

// otherMirror is the mirror of another machine, in the place of upstream: its lock file says which
// files it has, with their sums. Whoever names it trusts it, as it trusts who built it.
func otherMirror(ctx context.Context, base string, log func(string)) (*upstream, error) {
	root, err := url.Parse(strings.TrimSuffix(base, "/"))
	if err != nil || root.Host == "" || root.Scheme != "http" && root.Scheme != "https" {
		return nil, fmt.Errorf("%q is not the http or https URL of a mirror", base)
	}
	u := bareUpstream(log)
	list := root.JoinPath(lockName).String()
	ctx, cancel := context.WithTimeoutCause(ctx, silence, fmt.Errorf("no answer within %s", silence))
	defer cancel()
	text, err := u.get(ctx, list)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("%s: %w", list, err)
	}
	var lock lockFile
	if err := yaml.UnmarshalWithOptions(text, &lock, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s is no lock file: %w", list, err)
	}
	if lock.Version != 1 {
		return nil, fmt.Errorf("%s: version %d of the lock file is not known", list, lock.Version)
	}
	for _, a := range lock.Artifacts {
		u.sums[a.URL] = a.SHA256
	}
	u.client.Transport = below{root, u.client.Transport}
	return u, nil
}

// get returns a short file.
func (u *upstream) get(ctx context.Context, from string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	response, err := u.client.Do(request)
	if err != nil {
		return nil, errors.Unwrap(err) // and not the URL once more
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return io.ReadAll(io.LimitReader(response.Body, lockLimit))
}

// below asks a mirror for the files of other servers.
type below struct {
	root *url.URL
	by   http.RoundTripper
}

// RoundTrip sends a request for https://HOST/PATH to ROOT/HOST/PATH.
func (b below) RoundTrip(r *http.Request) (*http.Response, error) {
	clone := r.Clone(r.Context())
	clone.URL = b.root.JoinPath(r.URL.Host, r.URL.Path)
	clone.Host = b.root.Host
	return b.by.RoundTrip(clone)
}
