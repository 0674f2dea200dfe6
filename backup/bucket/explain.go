package bucket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/minio/minio-go/v7"

	"kbootstrap/fault"
)

// explain says what the answer of a store means. What it was asked to do, and where, comes first.
func (s *Store) explain(ctx context.Context, doing string, p Place, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", doing, p, context.Cause(ctx))
	}
	code := fault.BucketUnreached
	var answer minio.ErrorResponse
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(err, &answer):
		if code = meanings[answer.Code]; code == "" {
			code = fault.BucketRefused
		}
		err = fmt.Errorf("%s: %w", answer.Code, err)
	case errors.As(err, &untrusted):
		err = fmt.Errorf("this machine does not trust its certificate: %w", untrusted)
	}
	return code.Errorf("%s %s: %s: %w", doing, p, s.endpoint, err)
}

// meanings are the codes of S3 that tell more than a refusal.
var meanings = map[string]fault.Code{
	"NoSuchBucket":         fault.BucketMissing,
	"NoSuchKey":            fault.BucketMissing,
	"NotFound":             fault.BucketMissing,
	"RequestTimeTooSkewed": fault.BucketClock,
	"InternalError":        fault.BucketUnreached,
	"ServiceUnavailable":   fault.BucketUnreached,
	"SlowDown":             fault.BucketUnreached,
}
