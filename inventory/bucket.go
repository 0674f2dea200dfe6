package inventory

import (
	"net/url"
	"strings"
)

// S3 is the store that s3:// in the place of a file means: where backups are sent, and read from.
type S3 struct {
	// Endpoint is the URL of its server, without a path.
	Endpoint string
	Region   string
	// CA is the path of the file with the certificate of its authority; "" for one that this
	// machine trusts anyway. Authority is what is in the file.
	CA        string
	Authority []byte
	// Credentials is the path of a file with its keys; "" stands for the environment and the usual
	// file.
	Credentials string
	// Keep is how many backups of the cluster stay; with 0 all do.
	Keep int
}

func defaultS3() S3 { return S3{Endpoint: "https://s3.amazonaws.com", Region: "us-east-1"} }

// s3Fields returns the fields of backup.s3.
func s3Fields(s *S3) []field {
	return []field{
		{name: "endpoint", shape: "URL", fallback: "https://s3.amazonaws.com", read: endpointURL(&s.Endpoint),
			doc: "the server of the store that `kbootstrap backup -o s3://BUCKET/NAME/` means, such as " +
				"`https://minio.example.com:9000`."},
		{name: "region", shape: "text", fallback: "us-east-1", read: str(&s.Region),
			doc: "the region that requests are signed for."},
		{name: "ca", shape: "path of a file", read: file(&s.CA),
			doc: "the certificate of the authority that the server's is checked by, in PEM. Without the line this " +
				"machine's authorities count."},
		{name: "credentials", shape: "path of a file", read: file(&s.Credentials),
			doc: "a file with the access key and its secret, in the format of `~/.aws/credentials`, that only its " +
				"owner can read. Without the line `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY` count, then " +
				"`~/.aws/credentials`. The inventory has no keys, and hosts get none."},
		{name: "keep", shape: "number", fallback: "all", read: number(&s.Keep, 2, 1000),
			doc: "how many backups of the cluster stay in a place of the store: older ones are removed after a new " +
				"one was sent."},
	}
}

// endpointURL reads the URL of a server.
func endpointURL(to *string) decoder {
	return decoder{textLike(`^https?://`), func(r *reader, at string, v *node) {
		*to = ""
		var given string
		if str(&given).decode(r, at, v); given == "" {
			return
		}
		u, err := url.Parse(given)
		switch {
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
			r.problemAt(v.line, v.column, "write it like https://minio.example.com:9000",
				"the server of the store is not an http(s) URL")
		case u.User != nil:
			r.problemAt(v.line, v.column, "name a file with the keys: backup.s3.credentials",
				"the URL has a user name or a password")
			r.problems[len(r.problems)-1].Excerpt = ""
		case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
			r.problemAt(v.line, v.column, "the bucket goes into s3://BUCKET/NAME",
				"the URL of a store has neither a path nor a query")
		default:
			*to = u.Scheme + "://" + u.Host
		}
	}}
}

// checkS3 reads the authority of the store.
func checkS3(r *reader, c *Cluster) {
	s := &c.Backup.S3
	if s.CA == "" {
		return
	}
	if strings.HasPrefix(s.Endpoint, "http://") {
		r.problem("backup.s3.ca", "leave it out, or write https://", "a store without TLS needs no authority")
		return
	}
	s.Authority = authorityIn(r, "backup.s3.ca", s.CA)
}
