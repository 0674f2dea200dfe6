// Package bucket keeps backups in a store that speaks S3. What it sends is read again before it
// counts as sent, and what it fetches gets its name when it is whole. It knows neither hosts nor
// what is in a backup. Start at Parse, what a user names, then Open.
package bucket

import (
	"regexp"
	"strings"

	"kbootstrap/fault"
)

// Place is where in a store backups are: the name of one object, or, when Name is empty or ends
// with a slash, what the names of all of them begin with.
type Place struct{ Bucket, Name string }

const scheme = "s3://"

// suffix is what names of backups end with.
const suffix = ".kbackup"

// IsPlace reports whether a text names a place in a store, and not a file here.
func IsPlace(text string) bool { return strings.HasPrefix(strings.ToLower(text), scheme) }

// bucketPattern is the form of the name of a bucket.
var bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// Parse reads s3://bucket/name. A name without .kbackup at its end is taken for a directory. What
// may be a login in it is not repeated.
func Parse(text string) (Place, error) {
	bucket, name, _ := strings.Cut(text[min(len(scheme), len(text)):], "/")
	switch {
	case !strings.HasPrefix(text, scheme):
		return Place{}, fault.BucketPlace.Errorf("%q does not begin with %s", text, scheme)
	case strings.ContainsAny(bucket, "@:"):
		return Place{}, fault.BucketPlace.Errorf("the name of the bucket has a login or a port: keys come from the " +
			"environment or a file, and the server from backup.s3.endpoint")
	case !bucketPattern.MatchString(bucket):
		return Place{}, fault.BucketPlace.Errorf("%q is not the name of a bucket", bucket)
	case strings.ContainsAny(name, "?#\\") || strings.Contains("/"+name, "//") ||
		strings.Contains("/"+name+"/", "/../"):
		return Place{}, fault.BucketPlace.Errorf("%q is not the name of a backup in a bucket", name)
	}
	if name != "" && !strings.HasSuffix(name, suffix) && !strings.HasSuffix(name, "/") {
		name += "/"
	}
	return Place{bucket, name}, nil
}

func (p Place) String() string { return scheme + p.Bucket + "/" + p.Name }

// IsDir reports whether a place is of many backups.
func (p Place) IsDir() bool { return p.Name == "" || strings.HasSuffix(p.Name, "/") }

// Join is the place of a backup in one that IsDir.
func (p Place) Join(name string) Place { return Place{p.Bucket, p.Name + name} }
