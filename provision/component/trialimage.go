package component

import (
	"kbootstrap/release"
	"kbootstrap/resource"
)

// VerifyVerb is the verb that alone needs TrialImage, the image of the pods that it tries a cluster
// with.
const VerifyVerb, TrialImage = "verify", "agnhost"

// trialImage is the image of the pods that `verify` tries a cluster with: the program of
// Kubernetes' own conformance tests. It is no part of a cluster: `up` neither fetches nor sends it.
var trialImage = Component{
	Name: TrialImage,
	On:   everywhere,
	Sources: []release.Source{{
		Component: TrialImage, Version: "2.63.0", Image: "registry.k8s.io/e2e-test-images/agnhost:{version}",
		Verb: VerifyVerb,
	}},
	Resources: func(t Target) []resource.Resource {
		content, err := t.Release.Content("image/" + TrialImage)
		if err != nil {
			panic("component: " + err.Error())
		}
		// It is not pinned: the kubelet may remove it again when the disk fills. It spares images
		// of the last two minutes, by which time the pods have it.
		return one(resource.Image{
			Ref: t.Release.Image(TrialImage), Blob: content.SHA256, Size: content.Size, Digest: content.ImageID,
			Socket: containerdSocket, Namespace: "k8s.io", Program: "/usr/local/bin/ctr", Local: t.containerd2(),
			Packed: true,
			SyncFS: t.containerdSyncsImages(),
		})
	},
}

// Trial is the book of `verify`: what hosts get before pods are tried on them.
func Trial() []Component { return []Component{trialImage} }
