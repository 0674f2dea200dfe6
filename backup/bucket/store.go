package bucket

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"kbootstrap/fault"
)

// Settings say which store it is.
type Settings struct {
	Endpoint string // its URL
	Region   string
	// Authority has the certificates that its own is checked by, in PEM; nil stands for those that
	// this machine trusts.
	Authority []byte
}

// Store is a server that speaks S3.
type Store struct {
	client   *minio.Client
	endpoint string
}

// attempts is how often a request is made that the server could not take.
const attempts = 3

// Open prepares the requests to a store, and makes none.
func Open(s Settings, keys Keys) (*Store, error) {
	u, err := url.Parse(s.Endpoint)
	if err != nil || u.Host == "" {
		return nil, fault.BucketPlace.Errorf("%q is not the URL of a store", s.Endpoint)
	}
	isSecure := u.Scheme == "https"
	transport, err := minio.DefaultTransport(isSecure)
	if err != nil {
		return nil, err
	}
	if s.Authority != nil && isSecure {
		trusted := x509.NewCertPool()
		trusted.AppendCertsFromPEM(s.Authority)
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(keys.value.AccessKeyID, keys.value.SecretAccessKey, keys.value.SessionToken),
		Secure: isSecure, Region: s.Region, Transport: transport, MaxRetries: attempts,
	})
	if err != nil {
		return nil, fault.BucketPlace.Errorf("%s: %w", s.Endpoint, err)
	}
	return &Store{client, s.Endpoint}, nil
}

// sumName is the field of an object's metadata with the sum of the file that was sent.
const sumName = "Sha256"

// Send copies a file to a place, and reads it again from there. An object that does not read as it
// was written is removed.
func (s *Store) Send(ctx context.Context, path string, to Place) error {
	sum, size, err := sumOf(path)
	if err != nil {
		return err
	}
	sending, stop := within(ctx, size)
	defer stop()
	_, err = s.client.FPutObject(sending, to.Bucket, to.Name, path, minio.PutObjectOptions{
		ContentType: "application/octet-stream", UserMetadata: map[string]string{sumName: sum},
	})
	if err != nil {
		return s.explain(sending, "send", to, err)
	}
	again := sha256.New()
	if _, err := s.read(ctx, to, again); err != nil {
		return err
	}
	if hex.EncodeToString(again.Sum(nil)) != sum {
		err := fault.BackupDamaged.Errorf("%s does not read as it was sent, and is removed", to)
		return errors.Join(err, s.remove(ctx, to))
	}
	return nil
}

// Fetch copies an object into a new file, which others cannot read, and which is not there after an
// error.
func (s *Store) Fetch(ctx context.Context, from Place, path string) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, file.Close()); err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	sum := sha256.New()
	sent, err := s.read(ctx, from, io.MultiWriter(file, sum))
	if err == nil && sent != "" && sent != hex.EncodeToString(sum.Sum(nil)) {
		err = fault.BackupDamaged.Errorf("%s does not read as it was sent", from)
	}
	return err
}

// read reads an object to its end, and returns the sum that was sent with it. A GET is made without
// a HEAD before it, whose answer cannot say why it refuses.
func (s *Store) read(ctx context.Context, from Place, to io.Writer) (string, error) {
	asking, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	late := time.AfterFunc(patience, func() { cancel(errLate) })
	defer late.Stop()
	object, info, _, err := minio.Core{Client: s.client}.GetObject(asking, from.Bucket, from.Name,
		minio.GetObjectOptions{})
	if err != nil {
		return "", s.explain(asking, "read", from, err)
	}
	defer object.Close()
	late.Reset(limitOf(info.Size))
	if _, err := io.Copy(to, object); err != nil {
		return "", s.explain(asking, "read", from, err)
	}
	return info.UserMetadata[sumName], nil
}

func (s *Store) remove(ctx context.Context, p Place) error {
	if err := s.client.RemoveObject(ctx, p.Bucket, p.Name, minio.RemoveObjectOptions{}); err != nil {
		return s.explain(ctx, "remove", p, err)
	}
	return nil
}

// Backups are the whole backups of a cluster in a place, the newest first. They have the names that
// the tool gives; what else lies there is not the tool's.
func (s *Store) Backups(ctx context.Context, dir Place, cluster string) ([]Place, error) {
	ctx, stop := within(ctx, 0)
	defer stop()
	isOurs := regexp.MustCompile("^" + regexp.QuoteMeta(cluster) + `-[0-9]{8}T[0-9]{6}Z` +
		regexp.QuoteMeta(suffix) + "$")
	var found []Place
	for object := range s.client.ListObjects(ctx, dir.Bucket, minio.ListObjectsOptions{Prefix: dir.Name}) {
		if object.Err != nil {
			return nil, s.explain(ctx, "list", dir, object.Err)
		}
		if isOurs.MatchString(strings.TrimPrefix(object.Key, dir.Name)) {
			found = append(found, Place{dir.Bucket, object.Key})
		}
	}
	slices.SortFunc(found, func(a, b Place) int { return cmp.Compare(b.Name, a.Name) })
	return found, nil
}

// Newest is the newest backup of a cluster in a place.
func (s *Store) Newest(ctx context.Context, dir Place, cluster string) (Place, error) {
	found, err := s.Backups(ctx, dir, cluster)
	if err == nil && len(found) == 0 {
		err = fault.BucketMissing.Errorf("%s has no backup of the cluster %s", dir, cluster)
	}
	if err != nil {
		return Place{}, err
	}
	return found[0], nil
}

// Rotate removes the oldest backups of a cluster in a place that are more than are to be kept, and
// returns which. The one that was just sent stays, whatever its name says.
func (s *Store) Rotate(ctx context.Context, sent Place, cluster string, keep int) ([]string, error) {
	dir := Place{sent.Bucket, sent.Name[:strings.LastIndex(sent.Name, "/")+1]}
	found, err := s.Backups(ctx, dir, cluster)
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, p := range found[min(keep, len(found)):] {
		if p == sent {
			continue
		}
		if err := s.remove(ctx, p); err != nil {
			return removed, err
		}
		removed = append(removed, p.String())
	}
	return removed, nil
}

// The time that a request may take: some minutes, and what a slow line needs for its bytes.
const (
	patience = 5 * time.Minute
	slowest  = 256 << 10 // bytes a second
)

// errLate is why a request ends that takes longer.
var errLate = errors.New("the store takes too long")

func limitOf(size int64) time.Duration { return patience + time.Duration(size/slowest)*time.Second }

func within(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	limit := limitOf(size)
	return context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w: more than %s", errLate, limit))
}

// sumOf is the sum and the size of a file.
func sumOf(path string) (string, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	return hex.EncodeToString(sum.Sum(nil)), n, err
}
