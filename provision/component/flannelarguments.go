package component

// flannelRules are what the tool has to say about the flags of flanneld.
var flannelRules = together(klog,
	each(refused(exits), "help", "version"),
	each(refused(itsOwn), "kubeconfig-file", "net-config-path", "subnet-file"),
	each(refused("the interface is the one with the address of the host"), "iface", "iface-regex", "iface-can-reach"),
	each(refused("it has no effect: flanneld takes the subnets from the Kubernetes API"), "etcd-endpoints",
		"etcd-prefix",
		"etcd-keyfile", "etcd-certfile", "etcd-cafile", "etcd-username", "etcd-password", "subnet-lease-renew-margin"),
	rules{
		"kube-subnet-mgr":        refused(isFixed),
		"kube-api-url":           refused(inKubeconf),
		"kube-annotation-prefix": refused("the hosts know each other's addresses by these annotations"),
		"public-ip":              refused("set the address of the host"),
		"public-ipv6":            refused("set ipv6 of the host"),
		"healthz-ip":             only("the tool asks for flanneld's health at 127.0.0.1", "127.0.0.1", "0.0.0.0"),
		"healthz-port":           only("the tool asks for flanneld's health at this port", "8081"),
	},
)
