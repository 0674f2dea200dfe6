package resource

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kbootstrap/host"
)

// NFTable is a table of nftables that is the tool's own, as it is loaded now. What loads it at boot
// is a Service. The tables of others are not touched.
type NFTable struct {
	Name   string // with its family: "inet kbootstrap"
	Rules  string // in the language of nft(8); a file that they include is a part of them
	Absent bool
}

// ID is "table NAME".
func (t NFTable) ID() string { return "table " + t.Name }

// State shows the rules.
func (t NFTable) State() string {
	if t.Absent {
		return ""
	}
	return States(TextLines([]byte(t.Rules)))
}

// Observe lists the table. The kernel lists rules otherwise than they are written, so the wanted
// ones are loaded too, into a network namespace of its own, and the two lists compared.
func (t NFTable) Observe(ctx context.Context, sys *host.System) (Resource, error) {
	absent := NFTable{Name: t.Name, Absent: true}
	if sys.Program("nft") == "" {
		return absent, nil
	}
	tables, err := sys.Run(ctx, "nft", "list", "tables")
	if err != nil {
		return nil, err
	}
	if !slices.Contains(strings.Split(string(tables), "\n"), "table "+t.Name) {
		return absent, nil
	}
	listed, err := sys.Run(ctx, "nft", "--stateless", "list", "table", family(t.Name), name(t.Name))
	if err != nil {
		return nil, err
	}
	found := NFTable{Name: t.Name, Rules: string(listed)}
	if t.Absent || t.Rules == found.Rules {
		return found, nil
	}
	wanted, err := t.listing(ctx, sys)
	if err == nil && wanted == found.Rules {
		return t, nil
	}
	return found, nil // rules that cannot be loaded fail when they are applied
}

func family(table string) string { family, _, _ := strings.Cut(table, " "); return family }

func name(table string) string { _, name, _ := strings.Cut(table, " "); return name }

// listing is how the kernel lists the wanted rules.
func (t NFTable) listing(ctx context.Context, sys *host.System) (string, error) {
	var listed []byte
	err := withInput(t.Rules, func(path string) (err error) {
		listed, err = sys.Run(ctx, "unshare", "--net", "sh", "-c",
			`nft --file "$1" && nft --stateless list table $2`, "sh", path, t.Name)
		return err
	})
	return string(listed), err
}

// Apply replaces the table in one transaction: at no time does the host have half of the rules.
func (t NFTable) Apply(ctx context.Context, sys *host.System) error {
	found, err := t.Observe(ctx, sys)
	if err != nil || found.State() == t.State() {
		return err
	}
	// A table has to be there to be deleted.
	input := fmt.Sprintf("table %s {}\ndelete table %s\n", t.Name, t.Name)
	if !t.Absent {
		input += t.Rules
	}
	return withInput(input, func(path string) error {
		_, err := sys.Change(ctx, "nft", "--file", path)
		return err
	})
}
