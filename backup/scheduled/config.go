// Package scheduled makes the part of a backup that a host makes by itself: a snapshot of its
// member of etcd, sealed for the recipients of the inventory. The host has no key that opens it,
// and needs no session. Start at Config, what a host is told, then Make.
package scheduled

import (
	"encoding/json"
	"fmt"

	"kbootstrap/host"
	"kbootstrap/resource"
)

// ConfigPath is where a host has its Config.
const ConfigPath = "/opt/kbootstrap/etc/backup.json"

// Config is what a host is told of the sets that it makes. Nothing in it is secret.
type Config struct {
	Cluster    string            `json:"cluster"`
	Host       string            `json:"host"`
	Kubernetes string            `json:"kubernetes"`
	Versions   map[string]string `json:"versions"`
	Members    int               `json:"members"` // of etcd
	// Fingerprints tell which keys of the control machine belong to the sets.
	Fingerprints map[string]string   `json:"fingerprints"`
	Recipients   []string            `json:"recipients"`
	Keep         int                 `json:"keep"` // how many sets
	Dir          string              `json:"dir"`  // of the sets of this host alone
	Etcd         resource.EtcdAccess `json:"etcd"`
}

// Text is the file that a host has.
func (c Config) Text() []byte {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("scheduled: %v", err)) // texts and numbers can be written
	}
	return append(text, '\n')
}

// Load reads the Config of a host.
func Load(sys *host.System) (Config, error) {
	var c Config
	text, err := sys.Read(ConfigPath)
	if err != nil {
		return c, err
	}
	if text == "" {
		return c, fmt.Errorf("%s is not there: this host was not told to make backups", ConfigPath)
	}
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("%s: %w", ConfigPath, err)
	}
	return c, nil
}
