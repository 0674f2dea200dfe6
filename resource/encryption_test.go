package resource_test

import (
	"encoding/base64"
	"os"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// keyNamed is a provider with a key of its own.
func keyNamed(name string) host.Provider {
	secret := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(name, 8)))
	return host.Provider{Name: name, Secret: secret, Sum: host.SumOfKey(secret)}
}

var identity = host.Provider{Name: host.Identity}

// encrypts is what is wanted of the file: the providers in an order that counts, or that does not.
func encrypts(writes bool, providers ...host.Provider) resource.Encryption {
	return resource.Encryption{Path: host.EncryptionConfig, Providers: providers, Writes: writes}
}

func encryptionLaws() []law {
	key := keyNamed("key1")
	reads := "mode 0600\nowner root:root\nreads secrets as they are\n"
	withSecrets := func(m *machine) {
		k := newKube(m)
		k.objects["/api/v1/secrets"] = map[string]any{"items": []any{}}
	}
	rewritten := api.Rewritten{Kubeconfig: "/etc/kubernetes/admin.conf", With: key.Name, Sum: key.Sum}
	return []law{
		{name: "new", secret: key.Secret, wanted: encrypts(false, key, identity)},
		{
			name: "another key", secret: key.Secret, wanted: encrypts(false, key, identity),
			start:  func(m *machine) { m.apply(encrypts(false, identity)) },
			before: reads,
		},
		{
			name: "mode", secret: key.Secret, wanted: encrypts(false, identity),
			start: func(m *machine) {
				m.apply(encrypts(false, identity))
				m.must(os.Chmod(m.Path(host.EncryptionConfig), 0o644))
			},
			before: strings.Replace(reads, "0600", "0644", 1),
		},
		{
			name: "not readable", secret: key.Secret, wanted: encrypts(false, identity, key),
			start:  func(m *machine) { m.put(host.EncryptionConfig, "\t- x: [\n") },
			before: "mode 0644\nowner root:root\nnot as the tool writes it\n",
		},
		{name: "new order", secret: key.Secret, wanted: encrypts(true, key, identity)},
		{
			name: "order", secret: key.Secret, wanted: encrypts(true, key, identity),
			start:  func(m *machine) { m.apply(encrypts(false, identity, key)) },
			before: "writes secrets as they are\n",
		},
		{name: "noted", stays: true, wanted: rewritten, start: withSecrets},
		{
			name: "noted with another key", stays: true, wanted: rewritten,
			before: "all as they are, without encryption\n",
			start: func(m *machine) {
				withSecrets(m)
				m.apply(api.Rewritten{Kubeconfig: rewritten.Kubeconfig, With: host.Identity})
			},
		},
		{
			name: "no note of another key", stays: true, before: "there\n",
			wanted: api.StaleNote{Kubeconfig: rewritten.Kubeconfig, With: key.Name, Sum: key.Sum},
			start: func(m *machine) {
				withSecrets(m)
				m.apply(api.Rewritten{Kubeconfig: rewritten.Kubeconfig, With: host.Identity})
			},
		},
	}
}

// TestNoteDoesNotOutliveItsTruth: what is noted is forgotten before API servers write otherwise, so
// a change that is broken off and turned round has all secrets written again.
func TestNoteDoesNotOutliveItsTruth(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	twoSecrets(k)
	const admin = "/etc/kubernetes/admin.conf"
	one := keyNamed("key1")
	noted := api.Rewritten{Kubeconfig: admin, With: one.Name, Sum: one.Sum}
	m.apply(noted)
	m.apply(api.StaleNote{Kubeconfig: admin, With: one.Name, Sum: one.Sum})
	if found := m.observe(noted); resource.Changed(found, noted) {
		t.Fatalf("the note of what is written on is gone:\n%s", resource.Diff(found, noted))
	}
	m.apply(api.StaleNote{Kubeconfig: admin, With: host.Identity}) // the servers are about to write plain
	if found := m.observe(noted); !resource.Changed(found, noted) {
		t.Error("the note outlives what it says")
	}
	before := len(k.rewritten)
	m.apply(noted) // turned round
	if len(k.rewritten) != 2*before {
		t.Errorf("written again are %d secrets, want %d", len(k.rewritten)-before, before)
	}
}

// TestEncryptionKeepsWriter: an API server that writes with a key goes on with it when another key
// is to be read, until it is told to write with that one.
func TestEncryptionKeepsWriter(t *testing.T) {
	m := newMachine(t)
	one, two := keyNamed("key1"), keyNamed("key2")
	first := func() string {
		t.Helper()
		found, err := host.ParseProviders([]byte(m.get(host.EncryptionConfig)))
		m.must(err)
		names := make([]string, len(found))
		for i, p := range found {
			names[i] = p.Name
		}
		return strings.Join(names, " ")
	}
	for _, step := range []struct {
		wanted resource.Encryption
		want   string
	}{
		{encrypts(false, identity, one), "identity key1"},
		{encrypts(false, one, identity), "identity key1"}, // any order will do
		{encrypts(true, one, identity), "key1 identity"},
		{encrypts(false, identity, two, one), "key1 identity key2"},
		{encrypts(true, two, one, identity), "key2 key1 identity"},
	} {
		m.apply(step.wanted)
		if got := first(); got != step.want {
			t.Errorf("the providers are %s, want %s", got, step.want)
		}
		if found := m.observe(step.wanted); resource.Changed(found, step.wanted) {
			t.Errorf("not as wanted:\n%s", resource.Diff(found, step.wanted))
		}
	}
	if text := m.get(host.EncryptionConfig); !strings.Contains(text, "providers:\n  - secretbox:\n") {
		t.Errorf("audits do not find the first provider in\n%s", text)
	}
}

// twoSecrets are in the namespaces a and b.
func twoSecrets(k *fakeAPI) {
	item := func(namespace, name string) any {
		k.objects["/api/v1/namespaces/"+namespace+"/secrets/"+name] = map[string]any{"kind": "Secret"}
		return map[string]any{"metadata": map[string]any{"namespace": namespace, "name": name}}
	}
	k.objects["/api/v1/secrets"] = map[string]any{"items": []any{item("a", "x"), item("b", "y")}}
}

// TestRewriteSecrets has every secret written once, and the note made after the last one.
func TestRewriteSecrets(t *testing.T) {
	m := newMachine(t)
	k := newKube(m)
	twoSecrets(k)
	key := keyNamed("key1")
	wanted := api.Rewritten{Kubeconfig: "/etc/kubernetes/admin.conf", With: key.Name, Sum: key.Sum}
	m.apply(wanted)
	slices.Sort(k.rewritten)
	want := []string{"/api/v1/namespaces/a/secrets/x", "/api/v1/namespaces/b/secrets/y"}
	if !slices.Equal(k.rewritten, want) {
		t.Errorf("written again: %q, want %q", k.rewritten, want)
	}
	m.apply(wanted)
	if len(k.rewritten) != 2 {
		t.Errorf("written again although it was noted: %q", k.rewritten)
	}

	delete(k.objects, "/api/v1/namespaces/kube-system/configmaps/kbootstrap-encryption")
	k.denied = "/api/v1/namespaces/a/secrets/x"
	err := wanted.Apply(t.Context(), m.System)
	if fault.Of(err) != fault.SecretsNotEncrypted || !strings.Contains(err.Error(), "1 of 2 secrets") {
		t.Errorf("a secret that is refused: %v", err)
	}
	if found := m.observe(wanted); found.State() != "" {
		t.Errorf("noted although a secret was refused: %s", found.State())
	}
}
