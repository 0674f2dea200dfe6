package component

import (
	"slices"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// How secrets in etcd come to be encrypted, or encrypted with another key: first every API server
// learns to read what is to be written (kube-apiserver), then every API server begins to write it
// (encryption), and then what was written before is written once more (encrypted-secrets). Where no
// other API server runs, the first step is all of the first two.

// EncryptionStage says how far the control planes are, from the view of one host.
type EncryptionStage struct {
	// OthersRead says that every other API server can read what is to be written: one that starts
	// on this host may write it at once.
	OthersRead bool
	// MayWrite says that the run sees to it that every API server can read it: all are in its plan,
	// or can read it already.
	MayWrite bool
	// MayRewrite says the same of what the API servers write.
	MayRewrite bool
}

// StageOf finds out how far the control planes are: facts are those of the hosts that were asked,
// first is what new secrets are to be encrypted with, and whole says that the run is about all
// control planes, and all of their components.
func StageOf(
	c *inventory.Cluster, facts map[string]host.Facts, viewer string, first host.Provider, whole bool,
) EncryptionStage {
	hasServer := func(h inventory.Host) bool {
		f, asked := facts[h.Name]
		return !asked || slices.Contains(f.Units, "kube-apiserver.service")
	}
	reads := func(h inventory.Host) bool { return slices.Contains(readBy(facts, h.Name), first) }
	writes := func(h inventory.Host) bool { return slices.Index(readBy(facts, h.Name), first) == 0 }
	servers := slices.DeleteFunc(c.With(inventory.ControlPlane), func(h inventory.Host) bool { return !hasServer(h) })
	others := slices.DeleteFunc(slices.Clone(servers), func(h inventory.Host) bool { return h.Name == viewer })
	// A file that has the key may be newer than the process. Where one API server writes with the
	// key, all were started with it before.
	canRead := func(all []inventory.Host) bool {
		return len(all) == 0 || !slices.ContainsFunc(all, func(h inventory.Host) bool { return !reads(h) }) &&
			slices.ContainsFunc(servers, writes)
	}
	return EncryptionStage{
		OthersRead: canRead(others),
		MayWrite:   whole || canRead(servers),
		MayRewrite: whole || !slices.ContainsFunc(servers, func(h inventory.Host) bool { return !writes(h) }),
	}
}

// readBy is what the API server of a host reads, what it writes first: secrets as they are, when it
// has no configuration. Of a host that was not asked nothing is known.
func readBy(facts map[string]host.Facts, name string) []host.Provider {
	f, asked := facts[name]
	if asked && len(f.Encryption) == 0 {
		return []host.Provider{{Name: host.Identity}}
	}
	return f.Encryption
}

// FirstProvider is what new secrets are to be encrypted with.
func (t Target) FirstProvider() host.Provider {
	first := t.providers()[0]
	first.Secret = ""
	return first
}

// isEncrypted reports whether the cluster has, or had, encrypted secrets: then API servers have a
// configuration.
func (t Target) isEncrypted() bool { return t.PKI != nil && len(t.PKI.EncryptionKeys()) > 0 }

// providers are all that is to be read, what is to be written first.
func (t Target) providers() []host.Provider {
	var all []host.Provider
	if t.PKI != nil {
		for _, k := range t.PKI.EncryptionKeys() {
			all = append(all, host.Provider{Name: k.Name, Secret: k.Secret, Sum: k.Sum})
		}
	}
	identity := host.Provider{Name: host.Identity}
	if t.Cluster.Security.Encryption == inventory.NoEncryption {
		return append([]host.Provider{identity}, all...)
	}
	return append(all, identity)
}

// encryptionKeys is what an API server can read. One that starts while others cannot read what is
// to be written begins without encryption.
func encryptionKeys(t Target) []resource.Resource {
	if !t.isEncrypted() {
		return nil
	}
	providers := t.providers()
	if !t.Encryption.OthersRead {
		isIdentity := func(p host.Provider) bool { return p.Name == host.Identity }
		providers = append([]host.Provider{{Name: host.Identity}}, slices.DeleteFunc(providers, isIdentity)...)
	}
	return one(resource.Encryption{Path: host.EncryptionConfig, Providers: providers})
}

// beforeKeys is what comes before an API server that may begin with what is to be written: it does
// when it has had no configuration.
func beforeKeys(t Target) []resource.Resource {
	if !t.isEncrypted() {
		return nil
	}
	return one(t.staleNote())
}

// staleNote has the cluster forget that all secrets are written otherwise than this API server is
// about to write them.
func (t Target) staleNote() resource.Resource {
	first := t.FirstProvider()
	return api.StaleNote{Kubeconfig: Admin, With: first.Name, Sum: first.Sum}
}

// encryption is what an API server writes, when every API server can read it. It is there only
// where an API server has to change that, and restarts it: a restart is waited for, and put back
// when it fails, while the reload of the file by kube-apiserver itself is told nowhere.
var encryption = Component{
	Name: "encryption",
	On: func(t Target) bool {
		f := t.Facts.Encryption
		if len(f) == 0 && t.Encryption.OthersRead || len(f) > 0 && f[0] == t.FirstProvider() {
			return false // it begins so, or writes so already
		}
		return t.Has(inventory.ControlPlane) && t.isEncrypted() && t.Encryption.MayWrite
	},
	After:   []string{APIServer},
	Needs:   []string{APIServer},
	Strict:  everywhere,
	Rolling: true,
	Resources: func(t Target) []resource.Resource {
		order := resource.Encryption{Path: host.EncryptionConfig, Providers: t.providers(), Writes: true}
		service := t.apiService()
		return list(
			// Once more: there may have been no answer when kube-apiserver was changed.
			one(t.staleNote(), order),
			startedWith(order, service[len(service)-1:]),
			one(t.apiReady("kube-apiserver encrypts", Etcd)),
		)
	},
}

// encryptedSecrets are all secrets, as the API servers write them now.
var encryptedSecrets = Component{
	Name: "encrypted-secrets",
	On: func(t Target) bool {
		return t.first() && t.isEncrypted() && t.Encryption.MayRewrite
	},
	After:  []string{"access"},
	Needs:  []string{"encryption", APIServer},
	Strict: everywhere,
	Resources: func(t Target) []resource.Resource {
		first := t.FirstProvider()
		return one(api.Rewritten{Kubeconfig: Admin, With: first.Name, Sum: first.Sum})
	},
}
