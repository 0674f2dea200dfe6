package resource

import (
	"context"
	"fmt"

	"kbootstrap/host"
)

// Image is a container image in containerd's store.
type Image struct {
	Ref  string // "registry.k8s.io/pause:3.10", as containerd lists it
	Blob string // sha256 in hex of the archive (docker-archive or OCI layout in a tar) that holds it
	Size int64  // of the Blob, in bytes
	// Digest is the image's ID: the sha256 in hex of its configuration, which has the sums of all
	// layers as they are unpacked. It does not depend on how an archive was packed, nor on the
	// containerd that imported it, unlike what ctr lists. With "" any image of the name is right.
	Digest    string
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
	// Packed leaves the layers as they came: containerd unpacks them for the first container, on
	// the hosts that get one. Else they are unpacked now, and no container waits for that.
	Packed bool
	// SyncFS has containerd wait for the disk before it notes that a layer is unpacked. Without it
	// a power cut leaves empty files in an image that counts as complete, and no later import
	// unpacks it again. ctr can from 2.1 on.
	SyncFS bool
	Absent bool
}

// ID is "image REF".
func (i Image) ID() string { return "image " + i.Ref }

// State shows the reference, and which image it is.
func (i Image) State() string {
	if i.Absent {
		return ""
	}
	return States(i.Ref+" present", property("id", i.Digest))
}

// Observe lists the images. Where containerd is not installed or does not answer there are none: it
// comes before its Images, and an import that cannot work says why.
func (i Image) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	return i.found(ctx, sys, i.store().list(ctx, sys)), nil
}

// BatchKey is the image's store.
func (i Image) BatchKey() any { return i.store() }

// ObserveAll lists the images of a store once.
func (i Image) ObserveAll(ctx context.Context, sys *host.System, all []Resource) ([]Resource, error) {
	digests := i.store().list(ctx, sys)
	found := make([]Resource, len(all))
	for n, r := range all {
		image, _ := r.(Image)
		found[n] = image.found(ctx, sys, digests)
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

// Writes returns the image's layers, packed and unpacked: a container may come at any time.
func (i Image) Writes() []Write {
	return []Write{{Path: "/var/lib/containerd", Bytes: 2 * i.Size, Files: 2000}}
}

// found is what the reference leads to among those of the store. The ID of an image that cannot be
// read is no ID that could be wanted.
func (i Image) found(ctx context.Context, sys *host.System, digests map[string]string) Image {
	digest, ok := digests[i.Ref]
	i.Absent = !ok
	if i.Absent || i.Digest == "" {
		return i
	}
	var err error
	if i.Digest, err = i.store().id(ctx, sys, digest); err != nil {
		sys.Logf("image %s: %v", i.Ref, err)
		i.Digest = "unknown"
	}
	return i
}

// Apply imports the archive, or removes the reference.
func (i Image) Apply(ctx context.Context, sys *host.System) error {
	if i.Absent {
		if _, ok := i.store().list(ctx, sys)[i.Ref]; !ok {
			return nil
		}
		_, err := sys.Change(ctx, i.store().argv("images", "rm", "--sync", i.Ref)...)
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
	argv := i.store().argv("images", "import", "--digests=false")
	if i.Local {
		argv = append(argv, "--local")
	}
	if i.Pinned {
		argv = append(argv, "--label", "io.cri-containerd.pinned=pinned")
	}
	if i.Packed {
		argv = append(argv, "--no-unpack")
	}
	if i.SyncFS {
		argv = append(argv, "--sync-fs")
	}
	_, err = sys.Change(ctx, append(argv, blob.Path())...)
	return err
}
