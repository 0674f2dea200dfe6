package components

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// probeLimit is how long upstream may take to answer at all. Without a way to it nothing is lost
// but this, once a run.
const probeLimit = 4 * time.Second

// upstream is where projects publish their releases. It is asked for files whose sums are built
// into the product; all else is built from source.
type upstream struct {
	client *http.Client
	sums   map[string]string // sha256 in hex, by URL
	log    func(string)

	attempts int           // for each file, of which each goes on where the one before was cut off
	pause    time.Duration // before the second attempt; it doubles from there
}

// newUpstream knows the sums of what a cluster of the version is made of.
func newUpstream(kubernetesVersion, arch string, log func(string)) (*upstream, error) {
	withAll := &inventory.Cluster{Kubernetes: kubernetesVersion, Runtime: "docker"} // containerd is in both
	list, err := release.List(withAll, arch, release.Options{Sources: component.Sources()})
	if err != nil {
		return nil, fmt.Errorf("sums of upstream's releases: %w", err)
	}
	u := bareUpstream(log)
	for _, a := range list {
		if a.Origin == release.OriginBuiltIn && a.SHA256 != "" {
			u.sums[a.URL] = a.SHA256
		}
	}
	return u, nil
}

// bareUpstream knows no sums yet.
func bareUpstream(log func(string)) *upstream {
	return &upstream{
		client: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: silence, TLSHandshakeTimeout: silence,
			ForceAttemptHTTP2: true, DisableCompression: true, // sums are of the bytes as they are stored
		}},
		sums: map[string]string{}, log: log, attempts: 5, pause: time.Second,
	}
}

// has reports whether upstream publishes all that clusters need of a recipe, with known sums.
func (u *upstream) has(r recipe) bool {
	for _, a := range r.Artifacts {
		if u.sums[a.URL] == "" && a.URL != r.BenchmarkOnly {
			return false
		}
	}
	return true
}

// fetch gets what upstream has of the recipes into the mirror, and returns the others. A file that
// has another sum than it should ends it: that is no matter of the line.
func (u *upstream) fetch(ctx context.Context, m mirror, recipes []recipe) (rest []recipe, err error) {
	var published []recipe
	for _, r := range recipes {
		if u.has(r) {
			published = append(published, r)
		} else {
			rest = append(rest, r)
		}
	}
	if len(published) == 0 {
		return rest, nil
	}
	first := published[0].Artifacts[0].URL
	if err := u.probe(ctx, first); err != nil {
		u.log(fmt.Sprintf("no way to upstream's releases (%v): all is built from source", err))
		return recipes, ctx.Err()
	}
	for n, r := range published {
		u.log(fmt.Sprintf("fetch %s (%d of %d)", r, n+1, len(published)))
		var wrong *wrongSum
		switch err := u.fetchRecipe(ctx, m, r); {
		case err == nil:
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &wrong):
			return nil, fmt.Errorf("fetch %s: %w", r, err)
		default:
			u.log(fmt.Sprintf("%s could not be fetched (%v): it is built from source", r, err))
			rest = append(rest, r)
		}
	}
	return rest, nil
}

// probe asks for the head of one file.
func (u *upstream) probe(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, probeLimit, fmt.Errorf("no answer within %s", probeLimit))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return err
	}
	response, err := u.client.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

// fetchRecipe puts all files of a recipe into the mirror, as a build does.
func (u *upstream) fetchRecipe(ctx context.Context, m mirror, r recipe) error {
	work := m.path(".work")
	if err := os.RemoveAll(work); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	packed := m.path(".work", "packed")
	for _, dir := range []string{packed, m.path(".partial")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	digest, err := r.digest()
	if err != nil {
		return err
	}
	rec := record{Recipe: digest, Upstream: true}
	published := r
	published.Artifacts = nil
	for _, a := range r.Artifacts {
		if a.URL == r.BenchmarkOnly {
			continue
		}
		partial := m.path(".partial", u.sums[a.URL])
		size, err := u.download(ctx, a.URL, partial)
		if err != nil {
			return err
		}
		if err := os.Chmod(partial, a.mode()); err != nil {
			return err
		}
		if err := os.Rename(partial, m.path(".work", "packed", strconv.Itoa(len(rec.Artifacts)))); err != nil {
			return err
		}
		published.Artifacts = append(published.Artifacts, a)
		rec.Artifacts = append(rec.Artifacts, locked{URL: a.URL, SHA256: u.sums[a.URL], Size: size})
	}
	return m.publish(published, rec, packed)
}
