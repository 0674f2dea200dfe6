package bucket

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"kbootstrap/fault"
)

// Keys are what a store knows its user by.
type Keys struct{ value credentials.Value }

// The variables of the environment that have keys or name their file, as all programs for S3 read
// them.
const (
	envID      = "AWS_ACCESS_KEY_ID"
	envSecret  = "AWS_SECRET_ACCESS_KEY"
	envToken   = "AWS_SESSION_TOKEN"
	envFile    = "AWS_SHARED_CREDENTIALS_FILE"
	envProfile = "AWS_PROFILE"
)

// FindKeys takes keys from a file in the format of ~/.aws/credentials that is given; without one
// from the environment, or else from the file that the environment names, or that in the home
// directory.
func FindKeys(given string, getenv func(string) string) (Keys, error) {
	if given != "" {
		return keysIn(given, getenv)
	}
	id, secret := getenv(envID), getenv(envSecret)
	switch {
	case id != "" && secret != "":
		return Keys{credentials.Value{AccessKeyID: id, SecretAccessKey: secret, SessionToken: getenv(envToken)}}, nil
	case id != "" || secret != "":
		return Keys{}, fault.BucketKeys.Errorf("of %s and %s only one is set", envID, envSecret)
	}
	return keysIn(cmp.Or(getenv(envFile), filepath.Join(getenv("HOME"), ".aws", "credentials")), getenv)
}

// keysIn reads keys from a file that only its owner can read.
func keysIn(path string, getenv func(string) string) (Keys, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Keys{}, fault.BucketKeys.Errorf("there is no file %s, and no %s in the environment", path, envID)
	case err != nil:
		return Keys{}, fault.BucketKeys.Wrap(err)
	case info.Mode().Perm()&0o077 != 0:
		return Keys{}, fault.BucketKeys.Errorf("%s has mode %04o: others can read the keys; run `chmod 600 %[1]s`",
			path, info.Mode().Perm())
	}
	profile := cmp.Or(getenv(envProfile), "default")
	value, err := credentials.NewFileAWSCredentials(path, profile).GetWithContext(&credentials.CredContext{})
	if err != nil {
		return Keys{}, fault.BucketKeys.Errorf("%s: the profile %q: %w", path, profile, err)
	}
	if value.AccessKeyID == "" || value.SecretAccessKey == "" {
		return Keys{}, fault.BucketKeys.Errorf("%s has no keys of the profile %q", path, profile)
	}
	return Keys{value}, nil
}
