package resource_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/resource/api"
)

// TestPodProbeAnnouncesTheLease: when the pod of another host is not reached, flanneld is not only
// started again. The others may have missed the node's coming back, and hear of a lease only when
// its annotations change.
func TestPodProbeAnnouncesTheLease(t *testing.T) {
	const backendType = "flannel.alpha.coreos.com/backend-type"
	m := newMachine(t)
	m.podNetwork("10.244.1.0/24")
	probed(m)
	k := m.kube
	m.runsService("flanneld.service")
	var without bool // the annotation was gone when flanneld started
	m.systemd.started["flanneld.service"] = func() {
		k.mu.Lock()
		annotations, _ := k.objects["/api/v1/nodes/m1"]["metadata"].(map[string]any)["annotations"].(map[string]any)
		_, there := annotations[backendType]
		k.mu.Unlock()
		without = !there
		m.subnet("10.244.1.0/24", m.mac("flannel.1"))
		m.exec("ip", "address", "add", "10.244.1.77/32", "dev", "cni0") // the other host has the route now
	}
	ready := []any{map[string]any{"type": "Ready", "status": "True"}}
	k.mu.Lock()
	k.later = nil
	k.store("/api/v1/namespaces/kbootstrap/pods", map[string]any{"metadata": map[string]any{}, "items": []any{
		podObject("probe-1", "m1", map[string]any{"phase": "Running", "podIP": "10.244.1.2", "conditions": ready}),
		podObject("probe-3", "m3", map[string]any{"phase": "Running", "podIP": "10.244.1.77", "conditions": ready}),
	}})
	k.mu.Unlock()
	err := api.PodProbe{
		Node: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Namespace: "kbootstrap",
		API: "10.244.1.1:10443", DNS: "10.244.1.1", Domain: "cluster.local", Peers: []string{"m3"},
		Timeout: time.Minute,
	}.Apply(t.Context(), m.System)
	if err != nil {
		t.Fatal(err)
	}
	if !without {
		t.Error("flanneld was started while the node had its old annotations")
	}
	if !slices.ContainsFunc(k.patches, func(p string) bool { return strings.Contains(p, "merge-patch") }) {
		t.Errorf("patches: %q", k.patches)
	}
}
