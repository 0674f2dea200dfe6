package inventory

import (
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/ssh"
)

// hostKey reads a pinned host key: the fingerprint as `ssh-keygen -l` prints it, or the key as
// known_hosts has it.
func hostKey(to *string) decoder {
	return decoder{someText(), func(r *reader, at string, v *node) {
		if str(to).decode(r, at, v); *to == "" {
			return
		}
		s := *to
		if sum, ok := strings.CutPrefix(s, "SHA256:"); ok {
			// 32 bytes in base64 without padding.
			if raw, err := base64.RawStdEncoding.DecodeString(sum); err != nil || len(raw) != 32 {
				r.problemAt(v.line, v.column, `ssh-keygen -lf key.pub prints it: "SHA256:" and 43 characters`,
					"%q is not a complete fingerprint", s)
				*to = ""
			}
			return
		}
		key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(s))
		switch {
		case strings.HasPrefix(s, "MD5:"):
			r.problemAt(v.line, v.column, "ssh-keygen -lf key.pub prints the SHA256 one",
				"MD5 fingerprints can be forged")
		case err != nil || len(options) > 0 || len(rest) > 0 || !strings.HasPrefix(s, key.Type()+" "):
			r.problemAt(v.line, v.column,
				`write "SHA256:…", or the type and the key as known_hosts has them: "ssh-ed25519 AAAA…"`,
				"%q is not a host key", s)
		default:
			return
		}
		*to = ""
	}}
}
