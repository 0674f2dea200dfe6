package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"maps"
	"slices"
	"strings"

	"kbootstrap/host"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// ClientTrust is what aggregated API servers learn of whose clients they are to trust: a ConfigMap
// that all API servers write to. Each adds its authorities and takes none away, so that those that
// are trusted no more have to be taken out when all API servers have dropped them
// (k8s.io/kubernetes/pkg/controlplane/controller/clusterauthenticationtrust). Wanted is that none
// of them is there.
type ClientTrust struct {
	Kubeconfig string
	Retired    [][]byte // the certificates of authorities that nothing may trust, in PEM
	// Trusted are, in a found value, those of Retired that are there all the same, by the first
	// digits of their sums.
	Trusted []string `json:",omitempty"`
}

// The ConfigMap of what aggregated API servers trust.
const (
	clientTrustPath = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
	mergePatch      = "application/merge-patch+json"
)

// ID is that of the ConfigMap.
func (c ClientTrust) ID() string { return "authorities of clients that aggregated API servers trust" }

// State lists the authorities that should not be there.
func (c ClientTrust) State() string {
	lines := make([]string, len(c.Trusted))
	for i, sum := range c.Trusted {
		lines[i] = "retired sha256:" + sum
	}
	return resource.States(lines...)
}

// Answers returns the API server of the control plane that leads.
func (c ClientTrust) Answers() (unit string, all bool) { return apiUnit, false }

// Absence is a cluster that trusts no retired authority.
func (c ClientTrust) Absence() resource.Resource {
	c.Trusted = nil
	return c
}

// Observe reads the ConfigMap.
func (c ClientTrust) Observe(ctx context.Context, sys *host.System) (resource.Resource, error) {
	_, trusted, err := c.without(ctx, sys)
	if err != nil {
		return nil, err
	}
	c.Trusted = trusted
	return c, nil
}

// Apply takes the retired authorities out. It brings none back.
func (c ClientTrust) Apply(ctx context.Context, sys *host.System) error {
	patched, trusted, err := c.without(ctx, sys)
	if err != nil || c.Trusted != nil || trusted == nil {
		return err
	}
	patch, err := json.Marshal(patched)
	if err != nil {
		return err
	}
	a, err := kube.OpenAPI(sys, c.Kubeconfig)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	return a.Change(ctx, "PATCH", clientTrustPath, mergePatch, nil, patch)
}

// clientTrust is what is read and changed of the ConfigMap. The version has the API refuse a change
// when an API server has written meanwhile.
type clientTrust struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion,omitempty"`
	} `json:"metadata"`
	Data map[string]string `json:"data"`
}

// without reads the ConfigMap, and returns what of it has to change, and the sums of the retired
// authorities that are there.
func (c ClientTrust) without(ctx context.Context, sys *host.System) (clientTrust, []string, error) {
	var found clientTrust
	text, err := kube.Look(ctx, sys, c.Kubeconfig, clientTrustPath)
	if err != nil || text == nil {
		return found, nil, err
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return found, nil, err
	}
	retired := map[string]bool{}
	for _, one := range c.Retired {
		if block, _ := pem.Decode(one); block != nil {
			retired[sumOf(block.Bytes)] = true
		}
	}
	data, trusted := map[string]string{}, map[string]bool{}
	for key, bundle := range found.Data {
		var kept strings.Builder
		dropped := false
		for block, rest := pem.Decode([]byte(bundle)); block != nil; block, rest = pem.Decode(rest) {
			if sum := sumOf(block.Bytes); retired[sum] {
				dropped, trusted[sum] = true, true
				continue
			}
			kept.Write(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
		}
		if dropped {
			data[key] = kept.String()
		}
	}
	found.Data = data
	return found, slices.Sorted(maps.Keys(trusted)), nil
}

// sumOf is the beginning of the sha256 of a certificate in hex.
func sumOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])[:sumDigits]
}

// sumDigits is how many digits tell certificates apart for people.
const sumDigits = 16
