package release

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"kbootstrap/fault"
)

// pull fetches an image from its registry, without credentials, and writes the archive that `docker
// save` would. The layers stay as they are, so the archive is the same each time and can be locked
// like any file.
//
// The archive names the image as upstream does, wherever it came from.
//
// An image whose index is known is pulled by that digest: the client then verifies the index, the
// manifest of the platform, its configuration and its layers. The archive names the image by its
// tag all the same, because that is what kubelets ask for.
func (f *fetcher) pull(ctx context.Context, a artifact, from place, s *sink) error {
	tag, err := name.NewTag(a.image)
	if err != nil {
		return err
	}
	var strict []name.Option
	if from.insecure {
		strict = append(strict, name.Insecure)
	}
	there, err := name.NewTag(from.at, strict...)
	if err != nil {
		return err
	}
	ref := name.Reference(there)
	if a.index == "" && a.sum == "" && there.Scheme() != "https" {
		return fault.ArtifactInsecure.Errorf("the digest of the image is not known, and the registry is plain http, " +
			"where anyone on the way can replace it")
	}
	if a.index != "" {
		ref = there.Context().Digest("sha256:" + a.index)
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
	image, err := remote.Image(ref, options...)
	if err == nil {
		err = tarball.Write(tag, image, s)
	}
	if err == nil {
		return nil
	}
	var refused *transport.Error
	if errors.As(err, &refused) && refused.StatusCode != http.StatusTooManyRequests && refused.StatusCode < 500 {
		return fault.ArtifactRefused.Wrap(err)
	}
	if a.index != "" && context.Cause(ctx) == nil && isContent(err) {
		return &mismatchError{fault.ArtifactMismatch, err.Error()}
	}
	return transferError(ctx, s, err)
}

// isContent reports whether an error of the registry's client is about what came, and not about the
// way. The client has no type for a digest that is another, but all others have one.
func isContent(err error) bool {
	var way net.Error
	var refused *transport.Error
	var disk *fs.PathError
	var long errTooLong
	return !errors.As(err, &way) && !errors.As(err, &refused) && !errors.As(err, &disk) && !errors.As(err, &long) &&
		!errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF)
}
