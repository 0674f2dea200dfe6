package inventory_test

import (
	"os"
	"regexp"
	"testing"

	"kbootstrap/internal/golden"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

const docs = "../docs/inventory.md"

// TestReference keeps the generated parts of the documentation in step with the tables of the
// decoder. They stand between "<!-- generated: name -->" and "<!-- end -->".
func TestReference(t *testing.T) {
	golden.Sections(t, docs, map[string]string{
		"template":   "```yaml\n" + inventory.Template() + "```\n",
		"fields":     inventory.Reference(component.Rules()),
		"refused":    inventory.Refused(component.Rules()),
		"limited":    inventory.Limited(component.Rules()),
		"merged":     inventory.Merged(component.Rules()),
		"translated": inventory.Translated(component.Rules()),
		"weakening":  inventory.Weakening(component.Rules()),
		"ports":      inventory.Ports(component.Rules()),
	})
}

// TestDocumentedInventories parses each inventory that the documentation shows.
func TestDocumentedInventories(t *testing.T) {
	data, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(data, -1)
	if len(blocks) < 3 {
		t.Fatalf("%d inventories in %s, want the template and the examples", len(blocks), docs)
	}
	for _, block := range blocks {
		if _, err := parse("hosts.yaml", block[1]); err != nil {
			t.Errorf("%v\nin\n%s", err, block[1])
		}
	}
}
