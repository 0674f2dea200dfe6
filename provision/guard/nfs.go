package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/provision/component"
)

// lostNFSClass refuses to take the directory of an NFS server from hosts on which claims may have
// their files, unless the run says so.
func lostNFSClass(s Situation) Refusals {
	const field = "nfs"
	if s.Cluster.AddOns.NFS.HasClass() || slices.Contains(s.Dropping, field) {
		return nil
	}
	var hosts []string
	for _, h := range s.Cluster.Hosts {
		unmounts := s.isAbout("nfs-client", h) || s.isAbout("no-nfs", h)
		if unmounts && slices.Contains(s.Facts[h.Name].Units, component.NFSUnit) {
			hosts = append(hosts, h.Name)
		}
	}
	if hosts == nil {
		return nil
	}
	return Refusals{{
		Code: fault.AddOnDropped,
		Text: fmt.Sprintf("%s names no NFS server any more, whose directory would be unmounted on %s, and the "+
			"class nfs deleted; users may have data in it", s.Cluster.File, strings.Join(hosts, ", ")),
		Advice: fmt.Sprintf("give --remove-addon %s if that is meant (files stay on the server); else set "+
			"addons.nfs.server again", field),
	}}
}
