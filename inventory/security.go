package inventory

// Security says how much a cluster restricts its users.
type Security struct {
	// Profile is ProfileDefault or ProfileCIS.
	Profile string
	// Encryption is what secrets are encrypted with in etcd: Secretbox or NoEncryption.
	Encryption string
	// EncryptionKey is the number of the key for new values, from 1 to MostEncryptionKeys.
	EncryptionKey int
	// AlwaysPullImages reports whether every pod asks the registry whether it may use an image.
	AlwaysPullImages bool
}

// What Security.Encryption says.
const (
	Secretbox    = "secretbox"
	NoEncryption = "none"
)

// MostEncryptionKeys is how many keys a cluster can have had.
const MostEncryptionKeys = 99

// The profiles of Security.
const (
	// ProfileDefault restricts nothing that the conformance tests of Kubernetes or ordinary
	// programs need.
	ProfileDefault = "default"
	// ProfileCIS passes every check of the CIS Kubernetes Benchmark that a cluster can pass, at the
	// cost of some freedom of its users.
	ProfileCIS = "cis"
)

// securityFields returns the fields of security.
func securityFields(s *Security) []field {
	return []field{
		{name: "profile", shape: "`default` or `cis`", fallback: "default",
			read: oneOf(&s.Profile, ProfileDefault, ProfileCIS),
			doc: "`default` restricts nothing that ordinary programs need; `cis` passes every check of the CIS " +
				"Kubernetes Benchmark that a cluster can pass, and costs some freedom; see [the profile](cis.md)."},
		{name: "encryption", shape: "`secretbox` or `none`", fallback: Secretbox,
			read: oneOf(&s.Encryption, Secretbox, NoEncryption),
			doc: "how secrets lie in etcd. A running cluster is changed by `up`, in either direction: " +
				"[encryption](pki.md#encryption-of-secrets)."},
		{name: "encryptionKey", shape: "number", fallback: "1",
			read: number(&s.EncryptionKey, 1, MostEncryptionKeys),
			doc: "the number of the key that secrets are encrypted with. A higher number makes a new key, and " +
				"`up` encrypts all secrets with it; older keys stay readable."},
		{name: "alwaysPullImages", shape: "boolean", fallback: "true in the profile `cis` without `artifacts.mirror`",
			doc: "whether each start of a container asks the registry for its image (CIS 1.2.11). Then nothing " +
				"starts without a registry, not even CoreDNS.",
			read: flag(&s.AlwaysPullImages)},
	}
}

// checkSecurity completes what follows from other fields, and reports settings that contradict each
// other.
func checkSecurity(r *reader, c *Cluster) {
	s := &c.Security
	if !r.given("security.alwaysPullImages") {
		// Images from a mirror lie on the hosts alone; no field says that there is a registry.
		s.AlwaysPullImages = s.Profile == ProfileCIS && c.Artifacts.Mirror == ""
	}
	for _, flag := range []string{"encryption-provider-config", "encryption_provider_config"} {
		own := "arguments[kube-apiserver][" + flag + "]"
		if r.given(own) && s.Encryption == Secretbox {
			r.problem(own, "leave the argument out, or set security.encryption to none to keep the file your own",
				"the tool writes an encryption-provider-config of its own, because security.encryption is %s",
				Secretbox)
		}
	}
	if r.given("security.encryptionKey") && s.Encryption == NoEncryption {
		r.problem("security.encryptionKey", "leave it out; the keys that secrets were encrypted with stay readable",
			"there is no key to encrypt with, because security.encryption is %s", NoEncryption)
	}
}
