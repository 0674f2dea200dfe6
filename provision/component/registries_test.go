package component_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// wantedOf is what a component wants of a host, by the IDs.
func wantedOf(t *testing.T, target component.Target, name string) map[string]resource.Resource {
	t.Helper()
	for _, c := range component.Components() {
		if c.Name != name || !c.On(target) {
			continue
		}
		wanted := map[string]resource.Resource{}
		for _, r := range c.Resources(target) {
			if wanted[r.ID()] != nil {
				t.Errorf("%s wants %s twice", name, r.ID())
			}
			wanted[r.ID()] = r
		}
		return wanted
	}
	return nil
}

// TestRegistryIsOnOneHost: one host serves it, all know it by name, and no other has its service.
func TestRegistryIsOnOneHost(t *testing.T) {
	for _, target := range fixture.TargetsOf(t, fixture.Small+"addons: {registry: {enabled: true, host: w1}}\n") {
		serves := target.Host.Name == "w1"
		if got := wantedOf(t, target, "registry") != nil; got != serves {
			t.Errorf("%s serves it: %t", target.Host.Name, got)
		}
		rs := wantedOf(t, target, "registries")
		names, _ := rs["names in /etc/hosts"].(resource.HostNames)
		if got := names.State(); got != "192.168.56.21 registry.cluster.local\n" {
			t.Errorf("%s: names %q", target.Host.Name, got)
		}
		if gone := rs["service "+component.RegistryUnit] != nil; gone == serves {
			t.Errorf("%s: the service is wanted to be gone: %t", target.Host.Name, gone)
		}
	}
}

// TestRegistryOff: without it nothing is wanted of it, and what was there is put back, but no host
// is asked to give up its images.
func TestRegistryOff(t *testing.T) {
	target := fixture.TargetsOf(t, fixture.Small)[0]
	if wantedOf(t, target, "registry") != nil {
		t.Error("a host serves a registry that is off")
	}
	for name, dir := range map[string]string{"registries": "/etc/containerd/certs.d", "docker": "/etc/docker/certs.d"} {
		former, ok := wantedOf(t, target, name)["former things in "+dir].(kinds.Former)
		if !ok || !former.Absent || former.Keep != nil {
			t.Errorf("%s: %+v", name, former)
		}
	}
	for id := range wantedOf(t, target, "registries") {
		if strings.Contains(id, "/var/lib") {
			t.Errorf("%s", id)
		}
	}
}

// TestMirrorFiles: containerd has each mirror with its authority, and the login of the cluster's
// own registry where no other user reads it; docker has what it can use.
func TestMirrorFiles(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.crt")
	authority := "-----BEGIN CERTIFICATE-----\nbm8gcmVhbCBvbmU=\n-----END CERTIFICATE-----\n"
	if err := os.WriteFile(ca, []byte(authority), 0o600); err != nil {
		t.Fatal(err)
	}
	target := fixture.TargetsOf(t, fixture.Small+"addons: {registry: {enabled: true}}\nregistries:\n  mirrors:\n"+
		"    docker.io: [{url: 'https://mirror.example.org:8443', ca: "+ca+"}]\n"+
		"    quay.io: ['https://registry.cluster.local:5000/v2/quay']\n")[0]
	rs := wantedOf(t, target, "registries")
	name := "kbootstrap-" + resource.Sum([]byte(authority))[:8] + ".crt"
	hub, _ := rs["file /etc/containerd/certs.d/docker.io/hosts.toml"].(resource.File)
	if !strings.Contains(string(hub.Content), `ca = "/etc/containerd/certs.d/docker.io/`+name+`"`) || hub.Secret {
		t.Errorf("docker.io:\n%s", hub.Content)
	}
	if f, _ := rs["file /etc/containerd/certs.d/docker.io/"+name].(resource.File); string(f.Content) != authority {
		t.Errorf("the authority is %q", f.Content)
	}
	quay, _ := rs["file /etc/containerd/certs.d/quay.io/hosts.toml"].(resource.File)
	if text := string(quay.Content); !strings.Contains(text, `[host."https://192.168.56.11:5000/v2/quay"]`) ||
		!strings.Contains(text, target.PKI.Registry().Basic()) || !quay.Secret || quay.Mode != 0o600 {
		t.Errorf("quay.io: %04o, secret %t\n%s", quay.Mode, quay.Secret, text)
	}
	if strings.Contains(quay.State(), target.PKI.Registry().Basic()) {
		t.Error("the login is shown")
	}
	d := wantedOf(t, target, "docker")
	f, _ := d["file /etc/docker/certs.d/mirror.example.org:8443/"+name].(resource.File)
	if string(f.Content) != authority {
		t.Errorf("docker does not trust the mirror: %+v", f)
	}
	file := dockerFileOf(t, fixture.Small+"registries: {mirrors: {docker.io: ['https://a', 'https://b/v2/hub']}}\n")
	if !strings.Contains(string(file.Content), `"registry-mirrors": ["https://a"]`) ||
		!slices.Contains(file.Keys, "registry-mirrors") {
		t.Errorf("daemon.json:\n%s\nkeys %q", file.Content, file.Keys)
	}
}

// TestContainerdIsToldOfRegistries: it is told where something is wanted there, and nowhere else.
func TestContainerdIsToldOfRegistries(t *testing.T) {
	const path = `config_path = "/etc/containerd/certs.d"`
	for _, test := range []struct {
		kubernetes, containerd, more string
		told                         bool
	}{
		{"v1.36.3", "2.4.1", "addons: {registry: {enabled: true}}\n", true},
		{"v1.36.3", "2.4.1", "", false},
		{"v1.34.1", "2.1.9", "addons: {registry: {enabled: true}}\n", true},
		{"v1.34.1", "1.7.33", "registries: {mirrors: {quay.io: ['https://a']}}\n", true},
		{"v1.34.1", "1.7.33", "", false},
	} {
		text := strings.Replace(fixture.Small, "v1.36.3", test.kubernetes, 1)
		target := fixture.TargetsOf(t, text+"versions: {containerd: "+test.containerd+"}\n"+test.more)[0]
		f, _ := wantedOf(t, target, "containerd")["file "+component.ContainerdConfig].(resource.File)
		if told := strings.Contains(string(f.Content), path); told != test.told {
			t.Errorf("%s, %q: told %t", test.containerd, test.more, told)
		}
	}
}
