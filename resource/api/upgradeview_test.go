package api

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRequestedAPIs reads figures as an API server of 1.33 writes them.
func TestRequestedAPIs(t *testing.T) {
	const figures = `# HELP apiserver_requested_deprecated_apis [STABLE] Gauge of deprecated APIs that have been requested, broken out by API group, version, resource, subresource, and removed_release.
# TYPE apiserver_requested_deprecated_apis gauge
apiserver_requested_deprecated_apis{group="",removed_release="",resource="componentstatuses",subresource="",version="v1"} 1
apiserver_requested_deprecated_apis{group="admissionregistration.k8s.io",removed_release="1.34",resource="validatingadmissionpolicies",subresource="",version="v1beta1"} 1
apiserver_requested_deprecated_apis{group="admissionregistration.k8s.io",removed_release="1.34",resource="validatingadmissionpolicies",subresource="status",version="v1beta1"} 1
apiserver_requested_deprecated_apis{group="storage.k8s.io",removed_release="1.35",resource="volumeattributesclasses",subresource="",version="v1alpha1"} 0
# HELP apiserver_response_sizes [STABLE] Response size distribution in bytes for each group, version, verb, resource, subresource, scope and component.
apiserver_response_sizes_sum{component="apiserver",group="",resource="nodes"} 11
`
	want := []RequestedAPI{{"validatingadmissionpolicies.v1beta1.admissionregistration.k8s.io", "1.34"}}
	if d := cmp.Diff(want, requestedAPIs([]byte(figures))); d != "" {
		t.Error(d)
	}
}
