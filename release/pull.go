package release

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// pull fetches an image from its registry, without credentials, and writes the archive that `docker
// save` would. The layers stay as they are, so the archive is the same each time and can be locked
// like any file.
func (f *fetcher) pull(ctx context.Context, a artifact, s *sink) error {
	tag, err := name.NewTag(f.location(a))
	if err != nil {
		return err
	}
	options := []remote.Option{
		remote.WithContext(ctx),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: a.arch}),
		// Retries are decided in one place, which is not there.
		remote.WithRetryStatusCodes(),
		remote.WithRetryPredicate(func(error) bool { return false }),
	}
	if f.client.Transport != nil {
		options = append(options, remote.WithTransport(f.client.Transport))
	}
	image, err := remote.Image(tag, options...)
	if err == nil {
		err = tarball.Write(tag, image, s)
	}
	if err == nil {
		return nil
	}
	var refused *transport.Error
	if errors.As(err, &refused) && refused.StatusCode != http.StatusTooManyRequests && refused.StatusCode < 500 {
		return err
	}
	return transferError(ctx, s, err)
}
