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
	// Local has ctr import the archive by itself, which takes half of the time that sending it
	// through the transfer service of containerd 2 takes. Before 2.0 it is the only way, and there
	// is no flag for it.
	Local bool
	// Pinned keeps the kubelet from removing it when the disk fills and no pod here uses it: there
	// may be no registry to get it from again. ctr can pin from 2.0 on.
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
	return States(i.Ref + " present")
}

// Observe lists the images. Where containerd is not installed or does not answer there are none: it
// comes before its Images, and an import that cannot work says why.
func (i Image) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	return i.found(listImages(ctx, sys, i.store())), nil
}

// BatchKey is the image's store.
func (i Image) BatchKey() any { return i.store() }

// ObserveAll lists the images of a store once.
func (i Image) ObserveAll(ctx context.Context, sys *host.System, all []Resource) ([]Resource, error) {
	refs := listImages(ctx, sys, i.store())
	found := make([]Resource, len(all))
	for n, r := range all {
		image, _ := r.(Image)
		found[n] = image.found(refs)
	}
	return found, nil
}

// Answers returns containerd, whose store it is.
func (i Image) Answers() (unit string, all bool) { return "containerd.service", false }

// Absence is an image that is not in the store.
func (i Image) Absence() Resource {
	i.Absent = true
	return i
}

// Contents returns the archive.
func (i Image) Contents() (sha256 string, size int64) {
	if i.Absent {
		return "", 0
	}
	return i.Blob, i.Size
}

// Writes returns the image's layers, packed and unpacked.
func (i Image) Writes() []Write {
	return []Write{{Path: "/var/lib/containerd", Bytes: 2 * i.Size, Files: 2000}}
}

func (i Image) found(refs []string) Image {
	i.Absent = !slices.Contains(refs, i.Ref)
	return i
}

// imageStore is one namespace of one containerd, and the program that speaks to it.
type imageStore struct{ program, socket, namespace string }

func (i Image) store() imageStore {
	s := imageStore{i.Program, i.Socket, i.Namespace}
	if s.namespace == "" {
		s.namespace = "k8s.io"
	}
	return s
}

func (s imageStore) argv(args ...string) []string {
	return append([]string{s.program, "--address", s.socket, "-n", s.namespace, "images"}, args...)
}

// listImages lists the references of a store; none when there is no store.
func listImages(ctx context.Context, sys *host.System, store imageStore) []string {
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
		if !slices.Contains(listImages(ctx, sys, i.store()), i.Ref) {
			return nil
		}
		_, err := sys.Change(ctx, i.store().argv("rm", "--sync", i.Ref)...)
		return err
	}
	if sys.Blob == nil {
		return fmt.Errorf("content sha256:%s: no client sends it", i.Blob)
	}
	blob, err := sys.Blob(ctx, i.Blob)
	if err != nil {
		return fmt.Errorf("content sha256:%s: %w", i.Blob, err)
	}
	defer blob.Close()
	argv := i.store().argv("import", "--digests=false")
	if i.Local {
		argv = append(argv, "--local")
	}
	if i.Pinned {
		argv = append(argv, "--label", "io.cri-containerd.pinned=pinned")
	}
	_, err = sys.Change(ctx, append(argv, blob.Path())...)
	return err
}
