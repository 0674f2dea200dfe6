package verify

import (
	"time"
)

// opening is the check that comes before all others: it makes what they need.
var opening = Check{
	Name: "api", Title: "the API takes a namespace, and pods in it",
	Quick: true, Try: open,
	Units: []string{"kube-apiserver.service", "etcd.service", "kube-controller-manager.service"},
}

// checks is the table of checks, in the order in which they are shown.
var checks = []Check{
	{
		Name: "nodes", Title: "every host is a node that is ready and takes pods",
		Quick: true, Try: nodesReady,
		Units: []string{"kubelet.service", "containerd.service"},
	},
	{
		Name: "start", Title: "a pod starts on every host",
		Quick: true, Try: podsStart,
		Units: []string{"kubelet.service", "containerd.service", "kube-controller-manager.service"},
	},
	{
		Name: "schedule", Title: "the scheduler places a pod on every host",
		Quick: true, Try: podsAreScheduled,
		Units: []string{"kube-scheduler.service", "kubelet.service", "containerd.service"},
	},
	{
		Name: "dns", Title: "names are resolved on every host, and in a pod on every host",
		Quick: true, Try: namesResolve,
		Units: []string{"kube-proxy.service", "flanneld.service"},
	},
	{
		Name: "pods", Title: "pods reach the pods of other hosts, with large packets too",
		Quick: true, Try: podsReachPods,
		Units: []string{"flanneld.service"},
	},
	{
		Name: "services", Title: "Services answer on every host, that of the API too",
		Quick: true, Try: servicesAnswer,
		Units: []string{"kube-proxy.service"},
	},
	{
		Name: "nodeports", Title: "a NodePort answers at every host, from outside of it",
		Quick: true, Try: nodePortsAnswer,
		Units: []string{"kube-proxy.service"},
	},
	{
		Name: "variables", Title: "pods have the variables of Services",
		Quick: true, Try: variablesAreSet,
		Units: []string{"kubelet.service"},
	},
	{
		Name: "logs", Title: "the API has the logs of pods on every host",
		Quick: true, Try: logsCome,
		Units: []string{"kubelet.service"},
	},
	{Name: "emptydir", Title: "the containers of a pod share an emptyDir", Try: emptyDirIsShared},
	{Name: "hostpath", Title: "a pod reads a file of its host", Try: hostPathIsRead},
	{
		Name: "guestbook", Title: "the guestbook: written through the front end, read from each replica",
		Try:   guestbookWorks,
		Units: []string{"kube-proxy.service"},
	},
	{
		Name: "rollout", Title: "a rolling update and its rollback fail no request", Try: rolloutFailsNothing,
		Units: []string{"kube-controller-manager.service", "kube-scheduler.service"},
	},
	{
		Name: "scale", Title: "a Deployment grows and shrinks", Try: deploymentScales,
		Units: []string{"kube-controller-manager.service", "kube-scheduler.service"},
	},
	{
		Name: "policy", Title: "NetworkPolicy is enforced on every host", Absent: hasNoPolicies, Try: policiesHold,
		Units: []string{"kube-router.service"},
	},
	{Name: "volume", Title: "a claim gets a volume, which outlives a pod", Absent: hasNoClass, Try: volumeKeeps},
	{
		Name: "figures", Title: "there are figures of every node (kubectl top)", Absent: hasNoMetrics, Try: figuresCome,
		Units: []string{"kubelet.service"},
	},
	{
		Name: "ingress", Title: "an Ingress leads to a Service, by http and https",
		Absent: hasNoIngress, Try: ingressLeads,
		Units: []string{"kube-proxy.service"},
	},
	{
		Name: "autoscale", Title: "a Deployment grows under load and shrinks without (HorizontalPodAutoscaler)",
		Absent: hasNoMetrics, Try: deploymentFollowsLoad, Limit: 5 * time.Minute,
		Units: []string{"kube-controller-manager.service", "kubelet.service"},
	},
	{
		Name: "registry", Title: "a pod on every host runs an image out of the cluster's registry",
		Absent: hasNoRegistry, Try: imagesArePulled, Limit: 4 * time.Minute,
		Units: []string{"kbootstrap-registry.service", "containerd.service"},
	},
	{
		Name: "logstore", Title: "the log store has the lines of pods on every host", Absent: hasNoLogStore,
		Try:   logsAreKept,
		Units: []string{"kube-proxy.service"},
	},
	{
		Name: "placement", Title: "pods go where a label is, and not where a taint is",
		Alone: true, Try: placementHolds,
		Units: []string{"kube-scheduler.service"},
	},
}

// Table returns all checks in their order, for the documentation.
func Table() []Check { return append([]Check{opening}, checks...) }

// names are what --only takes.
func names() []string {
	var all []string
	for _, c := range Table() {
		all = append(all, c.Name)
	}
	return all
}
