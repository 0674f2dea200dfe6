package inventory

import "strings"

// secretWords are in the names under which other tools take secrets. None is a field here.
var secretWords = []string{"password", "passwd", "passphrase", "secret", "become_pass", "becomepass"}

// hideSecret remembers that a line has a value that looks like a secret, so that no message shows
// the line, and returns what to do instead; or "" for any other key.
func (r *reader) hideSecret(line int, key string) string {
	key = strings.ToLower(key)
	for _, word := range secretWords {
		if strings.Contains(key, word) {
			r.hidden[line] = true
			return "the inventory never contains secrets: name a file that has the secret (ssh.passwordFile, " +
				"ssh.sudoPasswordFile), or leave it out, and the tool asks"
		}
	}
	return ""
}

// shown returns the problems without the lines that are hidden.
func (r *reader) shown() Problems {
	for i := range r.problems {
		if r.hidden[r.problems[i].Line] {
			r.problems[i].Excerpt = ""
		}
	}
	return r.problems.sorted()
}
