package inventory_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// anyKeys are the mappings whose keys are the user's own, or have checks of their own.
var anyKeys = []string{".versions", ".arguments", ".labels", ".registries.mirrors", ".addons.storage.paths"}

// TestMisspeltFields misspells each field of an inventory that has them all, once by two letters
// that change places and once by a letter that is missing. The only problem is the field: that what
// it meant is absent is no second one.
func TestMisspeltFields(t *testing.T) {
	data, root := everyField(t)
	tried := 0
	everyKey(root, "", func(path string, siblings map[string]bool, key *inventory.Value) {
		for _, typo := range []string{swapped(key.Text), key.Text[:len(key.Text)-1]} {
			if siblings[typo] {
				continue // "https" without its last letter: a field is given twice
			}
			tried++
			problems := misspell(data, key, typo)
			if len(problems) != 1 || problems[0].Code != fault.InventoryUnknownField ||
				problems[0].Line != key.Line || problems[0].Hint != `did you mean "`+key.Text+`"?` {
				t.Errorf("%s: %s for %s:\n%v", path, typo, key.Text, problems)
			}
		}
	})
	if tried < 180 {
		t.Errorf("only %d typos were tried", tried)
	}
}

// misspell returns the problems of an inventory with another key in one place.
func misspell(data []byte, key *inventory.Value, typo string) inventory.Problems {
	lines := strings.Split(string(data), "\n")
	line := lines[key.Line-1]
	at := key.Column - 1
	lines[key.Line-1] = line[:at] + typo + line[at+len(key.Text):]
	_, err := parse("typo.yaml", []byte(strings.Join(lines, "\n")))
	var problems inventory.Problems
	errors.As(err, &problems)
	return problems
}

// everyKey calls do for each key that is a field.
func everyKey(v *inventory.Value, path string, do func(string, map[string]bool, *inventory.Value)) {
	for _, item := range v.Items {
		everyKey(item, path, do)
	}
	for _, free := range anyKeys {
		if strings.HasSuffix(path, free) {
			return
		}
	}
	siblings := map[string]bool{}
	for _, p := range v.Pairs {
		siblings[p.Key.Text] = true
	}
	for _, p := range v.Pairs {
		at := path + "." + p.Key.Text
		do(at, siblings, p.Key)
		everyKey(p.Value, at, do)
	}
}

// swapped returns a word in which two letters in its middle have changed places.
func swapped(word string) string {
	for i := len(word) / 2; i < len(word)-1; i++ {
		if word[i] != word[i+1] {
			return word[:i] + word[i+1:i+2] + word[i:i+1] + word[i+2:]
		}
	}
	return word[1:2] + word[:1] + word[2:]
}

// everyField is an inventory that has all fields, as its text and as what that reads as.
func everyField(t *testing.T) ([]byte, *inventory.Value) {
	t.Helper()
	t.Setenv("HOME", "/home/user")
	file := filepath.Join("testdata", "schema", "every-field.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, err := inventory.ReadYAML(file, data, fault.InventorySyntax)
	if err != nil {
		t.Fatal(err)
	}
	return data, root
}
