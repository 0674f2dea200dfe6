package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
)

// Image is a container image in containerd's store.
type Image struct {
	Ref       string // "registry.k8s.io/pause:3.10", as containerd lists it
	Blob      string // sha256 in hex of the archive (docker-archive or OCI layout in a tar) that holds it
	Size      int64  // of the Blob, in bytes
	Socket    string // containerd's, "/run/containerd/containerd.sock"
	Namespace string // "k8s.io"; "" means that
	Program   string // the path of ctr
	// Local has ctr import the archive by itself, which takes half of the time that sending it through the transfer
	// service of containerd 2 takes. Before 2.0 it is the only way, and there is no flag for it.
	Local bool
	// Pinned keeps the kubelet from removing it when the disk fills and no pod here uses it: there may be no registry to
	// get it from again. ctr can pin from 2.0 on.
	Pinned bool
	Absent bool
}

// ID is "image REF".
func (i Image) ID() string { return "image " + i.Ref }

// State shows the reference.
func (i Image) State() string {
	if i.Absent {
		return ""
	}
	return states(i.Ref + " present")
}

// Observe lists the images. Where containerd is not installed or does not answer there are none: it comes before its
// Images, and an import that cannot work says why.
func (i Image) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	return i.Found(Images(ctx, sys, i.Store())), nil
}

func (i Image) Found(refs []string) Image {
	i.Absent = !slices.Contains(refs, i.Ref)
	return i
}

// ImageStore is one namespace of one containerd, and the program that speaks to it.
type ImageStore struct{ program, socket, namespace string }

func (i Image) Store() ImageStore {
	s := ImageStore{i.Program, i.Socket, i.Namespace}
	if s.namespace == "" {
		s.namespace = "k8s.io"
	}
	return s
}

func (s ImageStore) argv(args ...string) []string {
	return append([]string{s.program, "--address", s.socket, "-n", s.namespace, "images"}, args...)
}

// Images lists the references of a store; none when there is no store.
func Images(ctx context.Context, sys *host.System, store ImageStore) []string {
	if !sys.Exists(store.program) || !sys.Exists(store.socket) {
		return nil
	}
	out, err := sys.Run(ctx, store.argv("ls", "-q")...)
	if err != nil {
		sys.Logf("no list of images: %v", err)
		return nil
	}
	return strings.Fields(string(out))
}

// Apply imports the archive, or removes the reference.
func (i Image) Apply(ctx context.Context, sys *host.System) error {
	if i.Absent {
		if !slices.Contains(Images(ctx, sys, i.Store()), i.Ref) {
			return nil
		}
		_, err := sys.Change(ctx, i.Store().argv("rm", "--sync", i.Ref)...)
		return err
	}
	if sys.Blob == nil {
		return fmt.Errorf("content sha256:%s: nobody sends it", i.Blob)
	}
	blob, err := sys.Blob(ctx, i.Blob)
	if err != nil {
		return fmt.Errorf("content sha256:%s: %w", i.Blob, err)
	}
	defer blob.Close()
	argv := i.Store().argv("import", "--digests=false")
	if i.Local {
		argv = append(argv, "--local")
	}
	if i.Pinned {
		argv = append(argv, "--label", "io.cri-containerd.pinned=pinned")
	}
	_, err = sys.Change(ctx, append(argv, blob.Path())...)
	return err
}
