package component_test

import (
	"strings"
	"testing"

	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/internal/fixture"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/resource"
)

// stages of the control planes m1 to m3 of fixture.Ha: what their API servers read, what they write
// first; "-" is a control plane without an API server, "?" one that was not asked.
func factsLike(t *testing.T, keys []certs.EncryptionKey, stages string) map[string]host.Facts {
	t.Helper()
	facts := map[string]host.Facts{}
	for i, stage := range strings.Fields(stages) {
		f := host.Facts{Units: []string{"kube-apiserver.service"}}
		switch stage {
		case "?":
			continue
		case "-":
			f.Units = nil
		case "plain":
		default:
			for name := range strings.SplitSeq(stage, ",") {
				p := host.Provider{Name: name}
				for _, k := range keys {
					if k.Name == name {
						p.Sum = k.Sum
					}
				}
				f.Encryption = append(f.Encryption, p)
			}
		}
		facts["m"+string(rune('1'+i))] = f
	}
	return facts
}

// TestEncryptionStages: which steps a run may take, and takes, by how far the control planes are.
func TestEncryptionStages(t *testing.T) {
	c := fixture.Parse(t, fixture.Ha)
	pki, set := fixture.Issue(t, c), fixture.Resolve(t, c)
	for _, test := range []struct {
		name     string
		stages   string // of m1 to m3
		whole    bool
		makes    string // the first provider in a file that m1 to m3 make, each
		flips    string // the control planes that are told to write with the key
		rewrites bool
	}{
		{"new cluster", "- - -", true, "key1 key1 key1", "", true},
		{"never encrypted", "plain plain plain", true, "identity identity identity", "m1 m2 m3", true},
		{"never encrypted, one away", "plain plain ?", false, "identity identity identity", "", false},
		{"never encrypted, one joins", "plain plain -", true, "identity identity identity", "m1 m2 m3", true},
		{"the only one that runs", "plain - -", true, "key1 identity identity", "m2 m3", true},
		{
			"cut off while the key is spread", "identity,key1 plain plain", true,
			"identity identity identity", "m1 m2 m3", true,
		},
		// The files have the key; whether all processes were started with it, no host tells.
		{
			"cut off after that, limited", "identity,key1 identity,key1 identity,key1", false,
			"identity identity identity", "", false,
		},
		{
			"cut off in the second round", "key1,identity identity,key1 identity,key1", true,
			"key1 key1 key1", "m2 m3", true,
		},
		{
			"the same, limited to one host", "key1,identity identity,key1 identity,key1", false,
			"key1 key1 key1", "m2 m3", false,
		},
		{"done", "key1,identity key1,identity key1,identity", true, "key1 key1 key1", "", true},
		{"one joins", "key1,identity key1,identity -", true, "key1 key1 key1", "", true},
		{"one lost its file", "key1,identity plain key1,identity", true, "identity key1 identity", "", true},
		{"done, one away", "key1,identity key1,identity ?", false, "identity identity key1", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts := factsLike(t, pki.EncryptionKeys(), test.stages)
			first := component.Target{Cluster: c, PKI: pki}.FirstProvider()
			var makes, flips []string
			rewrites := false
			for _, target := range fixture.TargetsWith(c, pki, set) {
				name := target.Host.Name
				f, asked := facts[name]
				target.Encryption = component.StageOf(c, facts, name, first, test.whole)
				target.Facts.Encryption = f.Encryption
				for _, component := range component.Components() {
					switch {
					case component.Name == "encryption" && component.On(target) && asked:
						flips = append(flips, name)
					case component.Name == "encrypted-secrets" && component.On(target):
						rewrites = true
					case component.Name == "kube-apiserver" && target.Has(inventory.ControlPlane):
						makes = append(makes, made(t, component.Resources(target)))
					}
				}
			}
			if got := strings.Join(makes, " "); got != test.makes {
				t.Errorf("files are made that begin with %s, want %s", got, test.makes)
			}
			if got := strings.Join(flips, " "); got != test.flips || rewrites != test.rewrites {
				t.Errorf("%q change what they write, and secrets are rewritten: %t; want %q and %t", got, rewrites,
					test.flips, test.rewrites)
			}
		})
	}
}

// made is the first provider of the file that a control plane gets which has none.
func made(t *testing.T, rs []resource.Resource) string {
	t.Helper()
	for _, r := range rs {
		if e, ok := r.(resource.Encryption); ok {
			return e.Providers[0].Name
		}
	}
	return "no file"
}

// TestEncryptionOff: a cluster that never had a key has no configuration, and one that had keeps
// reading.
func TestEncryptionOff(t *testing.T) {
	off := strings.Replace(fixture.Small, "hosts:", "security: {encryption: none}\nhosts:", 1)
	for _, target := range fixture.TargetsOf(t, off) {
		for _, c := range component.Components() {
			if strings.HasPrefix(c.Name, "encrypt") && c.On(target) {
				t.Errorf("%s has %s", target.Host.Name, c.Name)
			}
			if c.Name == "kube-apiserver" && made(t, c.Resources(target)) != "no file" {
				t.Errorf("%s has a configuration for encryption", target.Host.Name)
			}
		}
	}
	c := fixture.Parse(t, fixture.Small)
	pki := fixture.Issue(t, c)
	c.Security.Encryption = inventory.NoEncryption
	if first := (component.Target{Cluster: c, PKI: pki}).FirstProvider(); first.Name != host.Identity {
		t.Errorf("secrets are encrypted with %s", first.Name)
	}
}
