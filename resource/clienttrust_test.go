package resource_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

const clientTrustMap = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"

// certificateLike is a block of PEM whose content no test reads.
func certificateLike(text string) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte(text)})
}

// trusting has a cluster trust these authorities.
func trusting(m *machine, clients ...string) *fakeAPI {
	k := newKube(m)
	var bundle strings.Builder
	for _, one := range clients {
		bundle.Write(certificateLike(one))
	}
	k.objects[clientTrustMap] = map[string]any{
		"metadata": map[string]any{"name": "extension-apiserver-authentication", "resourceVersion": "7"},
		"data": map[string]any{
			"client-ca-file": bundle.String(), "requestheader-allowed-names": `["front-proxy-client"]`,
		},
	}
	return k
}

func clientTrustLaws() []law {
	wanted := api.ClientTrust{
		Kubeconfig: "/etc/kubernetes/admin.conf", Retired: [][]byte{certificateLike("old"), certificateLike("older")},
	}
	sum := sha256.Sum256([]byte("old"))
	return []law{
		{
			name: "retired", stays: true, wanted: wanted, start: func(m *machine) { trusting(m, "new", "old") },
			before: "retired sha256:" + hex.EncodeToString(sum[:])[:16] + "\n",
		},
	}
}

// TestClientTrustKeepsTheOthers: only what is retired is taken out, and nothing else is changed.
func TestClientTrustKeepsTheOthers(t *testing.T) {
	m := newMachine(t)
	k := trusting(m, "new", "old", "another's")
	wanted := api.ClientTrust{Kubeconfig: "/etc/kubernetes/admin.conf", Retired: [][]byte{certificateLike("old")}}
	m.apply(wanted)
	data, _ := k.objects[clientTrustMap]["data"].(map[string]any)
	want := string(certificateLike("new")) + string(certificateLike("another's"))
	if data["client-ca-file"] != want || data["requestheader-allowed-names"] != `["front-proxy-client"]` {
		t.Errorf("what is left: %v", data)
	}
	if found := m.observe(wanted); resource.Changed(found, wanted) {
		t.Errorf("a retired authority is trusted after all:\n%s", resource.Diff(found, wanted))
	}
}
