package host

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Inspected is a file or a directory as its mode and owner are judged. A symbolic link is what it
// leads to.
type Inspected struct {
	Path      string
	Mode      fs.FileMode
	Owner     string // "root:root"
	Err       string // why it could not be looked at
	Target    string `json:",omitempty"` // of a symbolic link, where it leads in the end
	Authority string `json:",omitempty"` // of a certificate: the sha256 of the file
	// Certificates are those in the file, or the user's in a kubeconfig.
	Certificates []Certificate `json:",omitempty"`
}

// largestCertificate bounds the files in which certificates are looked for, in bytes.
const largestCertificate = 256 << 10

// expand lists what is at patterns.
func (s surveyor) expand(patterns []string) []string {
	var found []string
	for _, pattern := range patterns {
		if dir, ok := strings.CutSuffix(pattern, "/**"); ok {
			_ = filepath.WalkDir(s.Path(dir), func(path string, _ fs.DirEntry, err error) error {
				if err == nil && s.ctx.Err() == nil {
					found = append(found, s.Name(path))
				}
				return s.ctx.Err()
			})
			continue
		}
		paths, _ := filepath.Glob(s.Path(pattern)) // a pattern of ours is a good one
		for _, path := range paths {
			found = append(found, s.Name(path))
		}
	}
	return found
}

// inspected looks at one file, and reports whether it exists.
func (s surveyor) inspected(path string) (Inspected, bool) {
	f := Inspected{Path: path}
	info, err := os.Stat(s.Path(path))
	if Absent(err) {
		return f, false
	}
	if err != nil {
		f.Err = err.Error()
		return f, true
	}
	f.Mode = info.Mode()
	if target, err := filepath.EvalSymlinks(s.Path(path)); err == nil && s.Name(target) != path {
		f.Target = s.Name(target)
	}
	if f.Owner, err = s.OwnerOf(info, "root:root"); err != nil {
		f.Err = err.Error()
	}
	if isCertificate(path) && info.Mode().IsRegular() && info.Size() <= largestCertificate {
		f.Certificates, _ = Certificates(string(s.Root), []string{path}) // a key in PEM has none
		if content, err := os.ReadFile(s.Path(path)); err == nil && len(f.Certificates) > 0 {
			sum := sha256.Sum256(content)
			f.Authority = hex.EncodeToString(sum[:])
		}
	}
	return f, true
}

// isCertificate reports whether a file may hold certificates: by its name, or as a kubeconfig.
func isCertificate(path string) bool {
	return slices.Contains([]string{".crt", ".pem", ".conf", ".kubeconfig"}, filepath.Ext(path))
}
