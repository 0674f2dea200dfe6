package inventory

import (
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// Backup says who can open the backups of a cluster.
type Backup struct {
	// Recipients are public keys, as age and ssh write them; see ParseRecipient.
	Recipients []string
}

// ParseRecipient reads a public key that backups are sealed for: "age1…", or an SSH key as it is in
// a .pub file.
func ParseRecipient(text string) (age.Recipient, error) {
	if strings.HasPrefix(text, "ssh-") {
		return agessh.ParseRecipient(text)
	}
	if strings.Contains(text, "PRIVATE KEY") || strings.HasPrefix(text, "AGE-SECRET-KEY-") {
		return nil, errors.New("it is a private key")
	}
	if !strings.HasPrefix(text, "age1") || strings.ContainsAny(text, "\n#") {
		return nil, errors.New("it is neither a key of age nor one of ssh")
	}
	found, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(found) != 1 {
		return nil, fmt.Errorf("it is no whole key of age: %w", err)
	}
	return found[0], nil
}

// backupFields returns the fields of backup.
func backupFields(b *Backup) []field {
	return []field{
		{name: "recipients", shape: "list of public keys", read: each(decoder{someText(), readRecipient(b)}),
			doc: "who can open a backup: keys of [age](https://age-encryption.org) (`age1…`), or SSH keys as they " +
				"are in a `.pub` file (`ssh-ed25519 AAAA…`). Each of them opens it alone. Name two, so that one " +
				"lost key loses nothing."},
	}
}

// readRecipient reads one key, and does not repeat what may be a private one.
func readRecipient(b *Backup) func(r *reader, at string, v *node) {
	return func(r *reader, at string, v *node) {
		var text string
		if str(&text).decode(r, at, v); text == "" {
			return
		}
		if _, err := ParseRecipient(text); err != nil {
			r.hidden[v.line] = true
			r.problemAt(v.line, v.column, `age-keygen -y prints the one of age; an SSH key is in ~/.ssh/id_ed25519.pub`,
				"this is not a public key that a backup can be sealed for: %v", err)
			return
		}
		b.Recipients = append(b.Recipients, text)
	}
}
