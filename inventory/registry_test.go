package inventory_test

import (
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// withLines returns the base with more at its top level.
func withLines(lines string) []byte {
	return []byte(strings.Replace(base, "ssh: {user: vagrant}\n", "ssh: {user: vagrant}\n"+lines+"\n", 1))
}

// TestRegistryDefaults: an inventory that only turns the registry on says all of it.
func TestRegistryDefaults(t *testing.T) {
	c, err := parse("hosts.yaml", withLines("addons: {registry: {enabled: true}}"))
	if err != nil {
		t.Fatal(err)
	}
	want := inventory.RegistryAddOn{
		Enabled: true, Host: "m1", Name: "registry.cluster.local", Port: 5000, Path: inventory.RegistryPath,
	}
	if got := c.AddOns.Registry; got != want || got.Endpoint() != "registry.cluster.local:5000" {
		t.Errorf("the registry is %+v, images are named by %s", got, got.Endpoint())
	}
	if c, err = parse("hosts.yaml", []byte(base)); err != nil || c.AddOns.Registry.Enabled {
		t.Errorf("without a word about it: %+v, %v", c.AddOns.Registry, err)
	}
}

// TestMirrors: a mirror is a URL, or a URL with an authority; which of them docker asks, and which
// is the cluster's own registry.
func TestMirrors(t *testing.T) {
	c, err := parse("hosts.yaml", withLines("addons: {registry: {enabled: true}}\n"+
		"registries: {mirrors: {docker.io: ['https://a.example.com/', {url: 'https://b', ca: testdata/mirror.crt}, "+
		"'https://c/v2/hub', 'https://registry.cluster.local:5000']}}"))
	if err != nil {
		t.Fatal(err)
	}
	mirrors := c.Registries.Mirrors[inventory.DockerHub]
	if len(mirrors) != 4 || mirrors[0].URL != "https://a.example.com" || !strings.Contains(string(mirrors[1].Authority),
		"BEGIN CERTIFICATE") {
		t.Fatalf("mirrors %+v", mirrors)
	}
	for i, want := range []struct{ isOfDocker, hasPath, own bool }{
		{isOfDocker: true}, {isOfDocker: true}, {hasPath: true}, {own: true},
	} {
		if m := mirrors[i]; m.IsOfDocker() != want.isOfDocker || m.HasPath() != want.hasPath || m.Own != want.own {
			t.Errorf("%s: of docker %t, with a path %t, own %t", m.URL, m.IsOfDocker(), m.HasPath(), m.Own)
		}
	}
}

// TestMirrorsAreWarnedOf: what docker does not ask, and what comes unverified.
func TestMirrorsAreWarnedOf(t *testing.T) {
	const docker, containerd = "docker", "containerd"
	for _, test := range []struct{ runtime, mirrors, want string }{
		{docker, "docker.io: ['https://a']", ""},
		{docker, "docker.io: ['http://a']", "images from http://a come unverified"},
		{docker, "quay.io: ['https://a']", "docker does not ask mirrors of quay.io"},
		{docker, "_default: ['https://a']", "docker does not ask mirrors of _default"},
		{docker, "docker.io: ['https://a/v2/hub']", "docker does not ask https://a/v2/hub"},
		{containerd, "quay.io: ['https://a/v2/hub']", ""},
	} {
		lines, want := "registries: {mirrors: {"+test.mirrors+"}}", test.want
		data := strings.Replace(string(withLines(lines)), "runtime: docker", "runtime: "+test.runtime, 1)
		c, err := parse("hosts.yaml", []byte(data))
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		switch {
		case want == "" && len(c.Warnings) > 0:
			t.Errorf("%s: %v", lines, c.Warnings)
		case want != "" && (len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Message, want) ||
			c.Warnings[0].Code != fault.MirrorLimited):
			t.Errorf("%s: warnings %v, want one that says %q", lines, c.Warnings, want)
		}
	}
}
