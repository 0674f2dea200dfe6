package provision

import (
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/provision/checkup"
)

// HostBackups are the sets that a host of etcd has made by itself.
type HostBackups struct {
	Host    string              `json:"host"`
	Count   int                 `json:"count"`
	Newest  *host.BackupSet     `json:"newest,omitempty"`
	Failure *host.BackupFailure `json:"failure,omitempty"` // of the last try
}

// backupsOf are the sets of the hosts that were asked for them.
func backupsOf(s checkup.Scene) []HostBackups {
	if !s.Cluster.Backup.Schedule.IsSet() {
		return nil
	}
	var all []HostBackups
	for _, h := range s.Hosts {
		told := h.Checkup.Backups
		if !h.Reached || !h.Has(inventory.Etcd) || h.Checkup.BackupsErr != nil {
			continue
		}
		found := HostBackups{Host: h.Name, Count: len(told.Sets), Failure: told.Failure}
		if len(told.Sets) > 0 {
			found.Newest = &told.Sets[0]
		}
		all = append(all, found)
	}
	return all
}
