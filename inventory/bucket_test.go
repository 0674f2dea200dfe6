package inventory

import (
	"strings"
	"testing"
)

// TestStoreOfBackups reads backup.s3: its server has a default, and no login in its URL is shown.
func TestStoreOfBackups(t *testing.T) {
	b, err := backupOf("  s3: {region: eu-1}\n")
	if err != nil {
		t.Fatal(err)
	}
	if s := b.S3; s.Endpoint != "https://s3.amazonaws.com" || s.Region != "eu-1" || s.Keep != 0 || s.Authority != nil {
		t.Errorf("read as %+v", s)
	}
	b, err = backupOf("  s3: {endpoint: 'https://minio.example.com:9000/', ca: testdata/mirror.crt, " +
		"credentials: k, keep: 7}\n")
	if err != nil {
		t.Fatal(err)
	}
	if s := b.S3; s.Endpoint != "https://minio.example.com:9000" || s.Keep != 7 || len(s.Authority) == 0 ||
		s.Credentials != "k" {
		t.Errorf("read as %+v", s)
	}
	for lines, want := range map[string]string{
		"{endpoint: minio.example.com}":                                   "is not an http(s) URL",
		"{endpoint: 'https://anna:hidden@minio.example.com'}":             "has a user name or a password",
		"{endpoint: 'https://minio.example.com/backups'}":                 "neither a path nor a query",
		"{endpoint: 'http://minio.example.com', ca: testdata/mirror.crt}": "without TLS needs no authority",
		"{ca: nowhere.crt}":   "name the file with the certificate of the server's authority",
		"{keep: 1}":           "1 of keep is not a number from 2 to 1000",
		"{secretKey: hidden}": "secretKey",
	} {
		_, err := backupOf("  s3: " + lines + "\n")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", lines, err)
		}
	}
}
