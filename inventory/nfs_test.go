package inventory_test

import (
	"errors"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// TestNFS: what of an inventory makes a class of volumes on a server, and what cannot be.
func TestNFS(t *testing.T) {
	for addons, source := range map[string]string{
		"nfs: {enabled: true}":                                                            "",
		"nfs: {enabled: true, server: 192.168.56.20, path: /}":                            "192.168.56.20:/",
		"nfs: {enabled: true, server: nas.example, path: /srv/a-b, options: [hard, x=1]}": "nas.example:/srv/a-b",
		"nfs: {enabled: true, server: 'fd00::1', path: /srv/nfs}":                         "[fd00::1]:/srv/nfs",
	} {
		c, err := parse("hosts.yaml", withLines("addons: {"+addons+"}"))
		if err != nil {
			t.Errorf("%s: %v", addons, err)
			continue
		}
		if a := c.AddOns.NFS; a.HasClass() != (source != "") || source != "" && a.Source() != source {
			t.Errorf("%s: %t, %s", addons, a.HasClass(), a.Source())
		}
	}
	for _, test := range []struct{ addons, says string }{
		{"nfs: {enabled: true, server: 10.0.0.1}", "path is missing"},
		{"nfs: {enabled: true, path: /srv/nfs}", "server is missing"},
		{"nfs: {enabled: true, options: [hard]}", "server is missing"},
		{"nfs: {server: 10.0.0.1, path: /srv/nfs}", "addons.nfs is off"},
		{"nfs: {enabled: true, server: '10.0.0.1:/srv', path: /srv/nfs}", "neither a name nor an address"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: srv/nfs}", "not an absolute path"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv/nfs/}", "not an absolute path"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: '/srv/$(reboot)'}", "not an absolute path"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: ['hard,nfsvers=3']}", "not a mount option"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: ['x; reboot']}", "not a mount option"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [hrad]}", `did you mean "hard"?`},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [nfsver=4.1]}", `did you mean "nfsvers"?`},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [nfsvers=4.x]}", "the values are 3, 4"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [rsize=big]}", "a whole number"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [timeo]}", "needs a value"},
		{"nfs: {enabled: true, server: 10.0.0.1, path: /srv, options: [hard=1]}", "has no value"},
		{"storage: {enabled: false}, nfs: {enabled: true, server: 10.0.0.1, path: /srv}",
			"the add-on storage, which is off"},
	} {
		_, err := parse("hosts.yaml", withLines("addons: {"+test.addons+"}"))
		var problems inventory.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Code != fault.InventoryValue ||
			!strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.addons, err)
		}
	}
}
