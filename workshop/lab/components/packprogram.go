package components

import (
	"context"
	"path/filepath"
)

// PackProgram writes to dst a container image with one static program in /usr/local/bin, in the
// format of "docker save". The tag is the name that a host knows the image by,
// "registry.k8s.io/etcd:3.6.8-0". The benchmark makes kubeadm's images of the control plane with
// it.
func PackProgram(ctx context.Context, tag, program, dst string) error {
	dir, name := filepath.Split(program)
	inside := "/usr/local/bin/" + name
	return image{Tag: tag, Members: []member{{inside, name}}, Entrypoint: []string{inside}}.pack(ctx, dir, dst)
}
