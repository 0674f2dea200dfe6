package inventory

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
)

// Backup says who can open the backups of a cluster, and when the hosts of etcd make their part of
// one by themselves.
type Backup struct {
	// Recipients are public keys, as age and ssh write them; see ParseRecipient.
	Recipients []string
	// Schedule is when the hosts make their part; without times of day they never do.
	Schedule Schedule
	// Keep is how many sets each host keeps.
	Keep int
	// To is the directory of the sets on each host.
	To string
	// S3 is a store that backups are sent to when that is asked for.
	S3 S3
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
		{name: "schedule", shape: "`hourly`, a time of day, or a list of them", read: schedule(&b.Schedule),
			doc: "when each host of etcd makes its part of a backup by itself, such as `\"02:30\"` or " +
				"`[\"00:00\", \"12:00\"]`, by the host's clock. Each host begins at a minute of its own in the half " +
				"hour after that. It needs `recipients`. Without the line there is no timer."},
		{name: "keep", shape: "number", fallback: "14", read: number(&b.Keep, 2, 1000),
			doc: "how many sets each host keeps."},
		{name: "to", shape: "directory", fallback: "/var/backups/kbootstrap", read: str(&b.To),
			doc: "the directory of the sets on the hosts of etcd; each host has one of its own below it, " +
				"`<cluster>/<host>`. A disk of its own is better than that of etcd."},
		{name: "s3", shape: "mapping", fields: s3Fields(&b.S3),
			doc: "the store that `s3://` means in `backup -o`, `backup verify` and `restore`. Only the control " +
				"machine asks it."},
	}
}

// checkBackup reports sets that no person could open, and directories that cannot be.
func checkBackup(r *reader, c *Cluster) {
	b := c.Backup
	if b.Schedule.IsSet() && len(b.Recipients) == 0 && !r.given("backup.recipients") {
		r.problem("backup.schedule", "name a public key under backup.recipients",
			"hosts seal their sets, and no recipient is named")
	}
	isPlace := path.Clean(b.To) == b.To && isPlaceForFiles(b.To+"/x") && hiddenBy(r.unseen(), b.To) == ""
	if b.To != "" && !isPlace {
		r.problem("backup.to", "use a directory of its own, such as /srv/backups",
			"%q is not a place for backups: it has to be an absolute path outside of the directories of the "+
				"system, of people and of other programs", b.To)
	}
	checkS3(r, c)
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
