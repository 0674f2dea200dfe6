package provision

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteKubeconfig writes the administrator's kubeconfig for the control machine into the state directory, readable by
// its owner only, and returns its path. It touches no kubeconfig of the user's own.
func (r *Run) WriteKubeconfig() (string, error) {
	path := filepath.Join(r.Cluster.StateDir(), "admin.kubeconfig")
	temp, err := os.CreateTemp(filepath.Dir(path), ".admin.kubeconfig-*") // its mode is 0600
	if err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	defer os.Remove(temp.Name())
	if _, err := temp.Write(r.PKI.Kubeconfig(r.Cluster)); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	if err := temp.Sync(); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	if err := temp.Close(); err != nil {
		return "", fmt.Errorf("write the kubeconfig: %w", err)
	}
	return path, os.Rename(temp.Name(), path)
}
