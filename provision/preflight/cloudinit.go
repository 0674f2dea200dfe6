package preflight

import "kbootstrap/provision/component"

// cloudInit judges whether cloud-init changes the host next to the run, or after it.
func cloudInit(s Scene, h Host) []Finding {
	var found []Finding
	if h.Survey.CloudInit.Runs {
		found = append(found, one(Warn, "cloud-init has not ended: it may rename the host, replace its SSH keys, "+
			"install packages or restart the host")...)
	}
	if h.Survey.CloudInit.OwnsHosts && component.NamesRegistry(s.Cluster) {
		f := one(Warn, "cloud-init writes /etc/hosts at each boot, without the line of the cluster's registry")
		f[0].Hint = "on the host: echo 'manage_etc_hosts: false' > /etc/cloud/cloud.cfg.d/99-hosts.cfg"
		found = append(found, f...)
	}
	if found == nil {
		return one(OK, "not at work")
	}
	return found
}
