package component

import (
	"slices"

	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// Components is the table of contents: everything that the tool puts on hosts. Their order is that
// in which contents travel, so what all others wait for comes first. What waits for what is in
// After and Needs and in the resources themselves; the order of start after a reboot is in the
// units.
func Components() []Component {
	return completed(noting(walled(heard([]Component{
		base,
		firewall,
		etcdPeers,
		etcd,
		apiServer,
		apiProxy,
		noAPIProxy,
		controllerManager,
		scheduler,
		access,
		encryption,
		encryptedSecrets,
		hostAccess,
		podProbe,
		defaultAccounts,
		retiredAuthorities,
		containerd,
		kubelet,
		flannel,
		kubeProxy,
		kubeRouter,
		images,
		docker,
		criDockerd,
		registries,
		registry,
		tools,
		hostBackups,
		noHostBackups,
		nodes,
		addOnImages,
		coreDNS,
		metricsServer,
		localPath,
		traefik,
		headlamp,
		manifests,
		nfsClient,
		noNFS,
		unitLogs,
		noUnitLogs,
		logging,
		monitoring,
		health,
		dnsSpread,
		oldAccess,
	}))))
}

// noting has each component note what was in its directories of data before it fills them: `reset`
// leaves that.
func noting(all []Component) []Component {
	for i, c := range all {
		var notes []resource.Resource
		for _, dir := range c.lasting() {
			notes = append(notes, kinds.Before{Path: dir, Unit: c.Units[0]})
		}
		if notes != nil {
			all[i].Resources = func(t Target) []resource.Resource { return list(notes, c.Resources(t)) }
		}
	}
	return all
}

// completed has the last component come after all others: after those that serve every host, on
// whichever host they are, and after the rest for its own host.
func completed(all []Component) []Component {
	for i := range all {
		for _, c := range all {
			switch {
			case !all[i].Last || c.Last || c.Aside:
			case c.ServesAll:
				all[i].Needs = append(all[i].Needs, c.Name)
			default:
				all[i].After = append(all[i].After, c.Name)
			}
		}
	}
	return all
}

// inOrder returns the components in an order in which each comes after those that it is After.
func inOrder(all []Component) []Component {
	var sorted []Component
	done := map[string]bool{}
	present := func(name string) bool {
		return slices.ContainsFunc(all, func(c Component) bool { return c.Name == name })
	}
	for len(sorted) < len(all) {
		i := slices.IndexFunc(all, func(c Component) bool {
			return !done[c.Name] && !slices.ContainsFunc(c.After, func(name string) bool {
				return !done[name] && present(name)
			})
		})
		if i < 0 {
			panic("component: components come after each other in a circle")
		}
		sorted, done[all[i].Name] = append(sorted, all[i]), true
	}
	return sorted
}
