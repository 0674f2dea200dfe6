package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/inventory"
)

// TestWrongValues puts a wrong value into each field of an inventory that has them all. A list
// within a mapping is never right, a word that no user would mean only where a field takes any
// text; what is said of either has the place of the value, and says what is expected, which value
// is wrong or what to write.
func TestWrongValues(t *testing.T) {
	data, root := everyField(t)
	tried, refused := 0, 0
	everyScalar(root, "", func(path string, v *inventory.Value) {
		for _, wrong := range []string{"{bananas: [1]}", `"ban anas/?"`} {
			tried++
			var found []string
			for _, p := range replaceValue(data, v, wrong) {
				if p.Line == v.Line && p.Column == v.Column {
					found = append(found, p.Message+" ("+p.Hint+")")
				}
			}
			if len(found) == 0 && wrong[0] == '{' {
				t.Errorf("%s: %s: nothing is said of it at its place", path, wrong)
			}
			for _, text := range found {
				refused++
				// An address or a key may hold a secret: those are not repeated, and what is right
				// is the hint.
				says := strings.Contains(text, "expected ") || strings.Contains(text, "ban anas") ||
					strings.Contains(text, " has no ") || !strings.HasSuffix(text, " ()")
				if !says {
					t.Errorf("%s: %s: neither what is expected nor what is wrong: %s", path, wrong, text)
				}
			}
		}
	})
	if tried < 230 || refused < 200 {
		t.Errorf("only %d wrong values were tried, and %d problems found", tried, refused)
	}
}

// everyScalar calls do for each value of a field that is on one line as it is written.
func everyScalar(v *inventory.Value, path string, do func(string, *inventory.Value)) {
	for _, p := range v.Pairs {
		everyScalar(p.Value, path+"."+p.Key.Text, do)
	}
	for _, item := range v.Items {
		everyScalar(item, path, do)
	}
	if v.Text != "" && len(v.Pairs)+len(v.Items) == 0 {
		do(path, v)
	}
}

// replaceValue returns the problems of an inventory with another value in one place.
func replaceValue(data []byte, v *inventory.Value, text string) inventory.Problems {
	lines := strings.Split(string(data), "\n")
	line, at := lines[v.Line-1], v.Column-1
	quoted := strings.TrimLeft(line[at:], `"'`)
	quotes := len(line) - at - len(quoted)
	if !strings.HasPrefix(quoted, v.Text) {
		return nil // a block of text; its lines are the user's own
	}
	lines[v.Line-1] = line[:at] + text + line[at+len(v.Text)+2*quotes:]
	_, err := parse("wrong.yaml", []byte(strings.Join(lines, "\n")))
	var problems inventory.Problems
	errors.As(err, &problems)
	return problems
}
