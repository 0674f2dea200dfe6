package manual_test

import (
	"testing"

	"kbootstrap/release/manual"
)

// TestOpen looks up what is known of some names for some versions.
func TestOpen(t *testing.T) {
	for _, test := range []struct {
		program, version, name string
		want                   manual.Entry
	}{
		{"kubelet", "1.36.3", "max-pods", manual.Entry{Type: "int"}},
		{"kubelet", "1.34.4", "pod-infra-container-image", manual.Entry{Type: "text"}},
		{"kubelet", "1.35.0", "pod-infra-container-image", manual.Entry{Type: "text", Gone: "1.35"}},
		{"kubelet", "1.29.0", "container-runtime", manual.Entry{Type: "gone", Gone: "1.27"}},
		{"kubelet", "1.30.1", "fail-cgroupv1", manual.Entry{Type: "bool", Comes: "1.31"}},
		{"kube-proxy", "1.29.6", "proxy-port-range", manual.Entry{Type: "value"}},
		{"kube-apiserver", "1.36.3", "audit-log-mode", manual.Entry{Type: "text"}}, // its name is computed
		{"etcd", "3.5.24", "enable-v2", manual.Entry{Type: "bool"}},
		{"etcd", "3.6.14", "enable-v2", manual.Entry{Type: "bool", Gone: "3.6"}},
		{"dockerd", "20.10.24", "validate", manual.Entry{Type: "bool", Comes: "23.0"}},
		{"dockerd", "27.1.2", "validate", manual.Entry{Type: "bool"}},
		{"flanneld", "0.28.4", "log_backtrace_at", manual.Entry{Type: "value"}},
		// A gate that is free, then locked, then gone.
		{manual.FeatureGates, "1.33.0", "NodeSwap", manual.Entry{Type: "free"}},
		{manual.FeatureGates, "1.34.4", "NodeSwap", manual.Entry{Type: "on"}},
		{manual.FeatureGates, "1.36.3", "SeparateCacheWatchRPC", manual.Entry{Type: "off"}},
		{manual.FeatureGates, "1.36.3", "CPUManager", manual.Entry{Type: "on", Gone: "1.33"}},
		{manual.AdmissionPlugins, "1.29.6", "SecurityContextDeny", manual.Entry{Type: "plugin"}},
		{manual.AdmissionPlugins, "1.30.0", "SecurityContextDeny", manual.Entry{Type: "plugin", Gone: "1.30"}},
	} {
		chapter, known := manual.Open(test.program, test.version)
		test.want.Name = test.name
		if got, found := chapter.Find(test.name); !known || !found || got != test.want {
			t.Errorf("%s %s %s: %+v, %t, %t, want %+v", test.program, test.version, test.name, got, known, found,
				test.want)
		}
	}
}

// TestUnknown asks for what the manual does not have.
func TestUnknown(t *testing.T) {
	for _, test := range [][2]string{
		{"kubelet", "1.37.0"}, {"kubelet", "1.3.0"}, {"kubelet", ""}, {"containerd", "2.2.0"}, {"", "1.36.3"},
		{"etcd", "3.7.0"}, {"kube", "1.36.3"}, {"dockerd", "19.03.1"},
	} {
		if chapter, known := manual.Open(test[0], test[1]); known {
			t.Errorf("%v: release %s with %d entries", test, chapter.Release, len(chapter.Entries))
		}
	}
	chapter, _ := manual.Open("kubelet", "1.36.3")
	if e, found := chapter.Find("max-pod"); found {
		t.Errorf("a name that is the beginning of another: %+v", e)
	}
}
