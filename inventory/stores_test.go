package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// TestStores: an inventory that only turns logging on says all of it, and without a word both
// stores are off.
func TestStores(t *testing.T) {
	c, err := parse("hosts.yaml", withLines("addons: {logging: {enabled: true}}"))
	if err != nil {
		t.Fatal(err)
	}
	want := inventory.StoreAddOn{Enabled: true, Days: 7, Size: "10Gi", Class: "local-path", Port: 30428}
	if got := c.AddOns.Logging; got != want || got.Bytes() != 10<<30 {
		t.Errorf("logging is %+v of %d bytes", got, got.Bytes())
	}
	if c.AddOns.Monitoring.Enabled {
		t.Error("monitoring is on by itself")
	}
	for _, test := range []struct {
		addons string
		code   fault.Code
		says   string
	}{
		{"logging: {enabled: true, size: 10GB}", fault.InventoryValue, "not a size in Gi"},
		{"logging: {enabled: true, size: 0Gi}", fault.InventoryValue, "not a size in Gi"},
		{"logging: {days: 0}", fault.InventoryValue, "days"},
		{"logging: {enabled: true, class: 'A b'}", fault.InventoryValue, "not the name of a StorageClass"},
		{"logging: {enabled: true, port: 8080}", fault.InventoryPort, "none that a Service can have"},
		{"logging: {enabled: true}, monitoring: {enabled: true, port: 30428}", fault.InventoryPort,
			"that of addons.logging"},
		{"storage: {enabled: false}, logging: {enabled: true}", fault.InventoryValue, "the add-on storage is off"},
	} {
		_, err := parse("hosts.yaml", withLines("addons: {"+test.addons+"}"))
		var problems inventory.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Code != test.code ||
			!strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.addons, err)
		}
	}
	for _, fine := range []string{
		"storage: {enabled: false}, logging: {enabled: true, class: fast}", "storage: {enabled: false}",
		"logging: {port: 8080}",
	} {
		if _, err := parse("hosts.yaml", withLines("addons: {"+fine+"}")); err != nil {
			t.Errorf("%s: %v", fine, err)
		}
	}
}
