package component

// Components is the table of contents: everything that the tool puts on hosts. Their order is that in which contents
// travel, so what all others wait for comes first. What waits for what is in After and Needs; the order of start after a
// reboot is in the units.
func Components() []Component {
	return []Component{
		base,
		Etcd,
		ApiServer,
		apiProxy,
		controllerManager,
		scheduler,
		access,
		containerd,
		kubelet,
		flannel,
		kubeProxy,
		images,
		docker,
		criDockerd,
		tools,
		nodes,
		coreDNS,
		health,
	}
}
