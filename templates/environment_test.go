package templates

import (
	"strings"
	"testing"
)

// TestUnitsUnset: every unit of the cluster takes back what systemd gives to all services; those of
// the container runtimes leave the operator his proxy for images.
func TestUnitsUnset(t *testing.T) {
	pull := map[string]bool{"containerd.service.tmpl": true, "docker.service.tmpl": true}
	haproxy := "kube-api-proxy.service.tmpl" // it knows no proxies
	for _, name := range Names() {
		if !strings.HasSuffix(name, ".service.tmpl") || name == haproxy {
			continue
		}
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if has := strings.Contains(string(text), "{{unsetEnvironment}}\n"); has == pull[name] {
			t.Errorf("%s: takes back the environment: %t", name, has)
		}
	}
	line := unsetEnvironment()
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "GODEBUG", "LD_PRELOAD", "KUBECONFIG"} {
		if !strings.Contains(line+" ", name+"= ") && !strings.HasSuffix(line, name+"=") {
			t.Errorf("%s stays: %s", name, line)
		}
	}
}
