package provision

import (
	"fmt"
	"path/filepath"
)

// WriteKubeconfig writes the administrator's kubeconfig for the control machine into the state directory, readable by
// its owner only, and returns its path. It touches no kubeconfig of the user's own.
func (r *Run) WriteKubeconfig() (string, error) {
	path := filepath.Join(r.Cluster.StateDir(), "admin.kubeconfig")
	if err := WritePrivate(path, r.PKI.Kubeconfig(r.Cluster)); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	return path, nil
}
