//go:build e2e && (hosts || upgrade)

package e2e

import (
	"os"
	"path/filepath"
)

// imports gives a host's containerd an image of the mirror, which kubelets would pull from a
// registry elsewhere.
func (l *lab) imports(host, name string) {
	l.t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		l.fatalf("%v", err)
	}
	f, err := os.Open(filepath.Join(cache, "kbootstrap/lab/mirror", name))
	if err != nil {
		l.fatalf("%v", err)
	}
	defer f.Close()
	l.input(f, host, "ctr", "-n", "k8s.io", "images", "import", "-")
}
