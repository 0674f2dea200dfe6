package remote

import (
	"kbootstrap/inventory"
	"kbootstrap/remote/hostkey"
)

// KeysOnRecord returns the fingerprints of the host keys that are on record for each host, by its
// name in the inventory. No host is contacted; one whose way is not known has none.
func KeysOnRecord(hosts []inventory.Host, o Options) map[string][]string {
	o = o.withDefaults()
	routes := &Routes{} // it only reads ssh_config
	keys := map[string][]string{}
	for _, h := range hosts {
		if to, err := routes.endpoint(h, o); err == nil {
			keys[h.Name] = hostkey.OnRecord(to.Trust)
		}
	}
	return keys
}
