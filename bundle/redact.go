package bundle

import (
	"encoding/json"
	"regexp"
	"strings"
)

// named is the start of a group that matches the name of a secret, up to its value. The value of a
// flag may come after a space.
const (
	secretName = `(?:password|passwd|pwd|passphrase|secret|token|api-?key|credentials?|cookie|\bauth)`
	named      = `((?i:[a-z0-9_-]*` + secretName + `\\*["']?\s*[:=]\s*|--[a-z0-9-]*` + secretName + `[ \t]+)`
)

// secrets are patterns of secrets. The groups of each are the text before and after the secret,
// which is kept.
var secrets = []*regexp.Regexp{
	// A private key, whole or cut off by the end of the text, also on one line with \n in it.
	regexp.MustCompile(`(?s)(-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----).*?` +
		`(-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----|\z)`),
	// The same in base64, as in a kubeconfig or a Secret: "-----BEGIN " encodes to LS0tLS1CRUdJTi.
	regexp.MustCompile(`((?i:client-key-data|key-data|keyData)["']?\s*[:=]\s*["']?)[A-Za-z0-9+/=_-]+`),
	regexp.MustCompile(`()LS0tLS1CRUdJTi(?:BFQy|BSU0E|BQUklW|BPUE|BFTk)[A-Za-z0-9+/=]+`),
	// Tokens: of service accounts (a JWT), of bootstrapping, and of an Authorization header.
	regexp.MustCompile(`()eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`),
	regexp.MustCompile(`()\b[a-z0-9]{6}\.[a-z0-9]{16}\b`),
	regexp.MustCompile(`((?i:authorization:\s*(?:bearer|basic)\s+))\S+`),
	// Values in quotes after such a name, with all that the quotes hold: in the text itself, in
	// JSON within JSON, and deeper.
	regexp.MustCompile(named + `")(?:[^"\\\n]|\\.)*(")`),
	regexp.MustCompile(named + `\\")(?:[^"\\\n]|\\\\(?:[^"\\\n]|\\.))*(\\")`),
	regexp.MustCompile(named + `\\+")(?:[^"\\\n]|\\+[^"\\\n])*(\\+")`),
	regexp.MustCompile(named + `')(?:[^'\n]|'')*(')`),
	// Values without quotes, or without a quote at the end.
	regexp.MustCompile(named + `\\*["']?)(?:[^\s"',}\\]|\\+[^\s"'\\])+`),
	// A user's password in a URL.
	regexp.MustCompile(`(://[^/\s:@]+:)[^/\s@]+(@)`),
}

// plain matches values that are no secrets, though they have the name of one: a boolean, for
// instance.
var plain = regexp.MustCompile(`^(?:|true|false|null|\[redacted\].*)$`)

// words matches the strings of a JSON text.
var words = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// redactJSON redacts each string of a JSON text in its unquoted form.
func redactJSON(text []byte) []byte {
	return words.ReplaceAllFunc(text, func(quoted []byte) []byte {
		var word string
		if err := json.Unmarshal(quoted, &word); err != nil {
			return quoted
		}
		clean := Redact(word)
		if clean == word {
			return quoted
		}
		quoted, _ = json.Marshal(clean) // a string always can be
		return quoted
	})
}

// Redact replaces what looks like a secret in a text.
func Redact(text string) string {
	for _, secret := range secrets {
		text = secret.ReplaceAllStringFunc(text, func(found string) string {
			groups := append(secret.FindStringSubmatch(found), "")
			before, after := groups[1], groups[2]
			if plain.MatchString(found[len(before):len(found)-len(after)]) ||
				strings.Contains(before, "cluster-token") {
				return found
			}
			return before + "[redacted]" + after
		})
	}
	return text
}
