package templates

// Daemon is the data of a unit: the flags of its program, already merged with those of the inventory.
type Daemon struct{ Flags Flags }

// Kubelet is the data of kubelet.service.
type Kubelet struct {
	Flags Flags
	// Runtime is the unit that serves the CRI: "containerd.service" or "cri-dockerd.service".
	Runtime string
}

// Flanneld is the data of flanneld.service.
type Flanneld struct {
	Flags    Flags
	NodeName string // flanneld outside of a pod takes the node's name from its environment
}

// The systemd units, in the order in which a host starts them.
var (
	EtcdUnit              = Template[Daemon]{"etcd.service.tmpl"}
	ContainerdUnit        = Template[Daemon]{"containerd.service.tmpl"}
	DockerUnit            = Template[Daemon]{"docker.service.tmpl"}
	CRIDockerdUnit        = Template[Daemon]{"cri-dockerd.service.tmpl"}
	APIServerUnit         = Template[Daemon]{"kube-apiserver.service.tmpl"}
	ControllerManagerUnit = Template[Daemon]{"kube-controller-manager.service.tmpl"}
	SchedulerUnit         = Template[Daemon]{"kube-scheduler.service.tmpl"}
	APIProxyUnit          = Template[struct{}]{"kube-api-proxy.service.tmpl"}
	KubeletUnit           = Template[Kubelet]{"kubelet.service.tmpl"}
	ProxyUnit             = Template[Daemon]{"kube-proxy.service.tmpl"}
	FlanneldUnit          = Template[Flanneld]{"flanneld.service.tmpl"}

	// ContainerScope is a drop-in for the scopes that runc makes for containers, by their prefix.
	ContainerScope = Template[struct{}]{"container-scope.conf.tmpl"}
)
