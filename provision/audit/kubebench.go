package audit

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"kbootstrap/inventory"
)

// benchVersion is the set of checks of kube-bench that the configuration is for.
const benchVersion = "cis-1.12"

// KubeBench is a configuration for kube-bench, as files by their paths below its directory cfg. It
// overrides config.yaml of the set of checks, so that kube-bench looks for units of systemd where
// it else expects the manifests of static pods. The keys are those of its own cfg/config.yaml.
func KubeBench(c *inventory.Cluster) (map[string]string, error) {
	unit := func(program string) []string { return []string{"/etc/systemd/system/" + program + ".service"} }
	part := func(program string, more yaml.MapSlice) yaml.MapSlice {
		return append(yaml.MapSlice{
			{Key: "bins", Value: []string{program}}, {Key: "confs", Value: unit(program)},
			{Key: "defaultconf", Value: unit(program)[0]},
		}, more...)
	}
	kubeconfig := func(path string) yaml.MapSlice {
		return yaml.MapSlice{{Key: "kubeconfig", Value: []string{path}}, {Key: "defaultkubeconfig", Value: path}}
	}
	store := part(etcdProgram, yaml.MapSlice{
		{Key: "datadirs", Value: []string{"/var/lib/etcd"}}, {Key: "defaultdatadir", Value: "/var/lib/etcd"},
	})
	const config = "/var/lib/kubelet/config.yaml"
	kubelet := append(yaml.MapSlice{
		{Key: "bins", Value: []string{kubeletProgram}}, {Key: "svc", Value: unit(kubeletProgram)},
		{Key: "confs", Value: append([]string{config}, unit(kubeletProgram)...)},
		{Key: "cafile", Value: []string{pki + "/ca.crt"}}, {Key: "defaultconf", Value: config},
		{Key: "defaultsvc", Value: unit(kubeletProgram)[0]}, {Key: "defaultcafile", Value: pki + "/ca.crt"},
	}, kubeconfig("/etc/kubernetes/kubelet.conf")...)
	const proxyConfig = "/var/lib/kube-proxy/config.yaml"
	proxy := append(yaml.MapSlice{
		{Key: "bins", Value: []string{proxyProgram}}, {Key: "svc", Value: unit(proxyProgram)},
		{Key: "confs", Value: []string{proxyConfig}},
		{Key: "defaultconf", Value: proxyConfig},
	}, kubeconfig("/etc/kubernetes/kube-proxy.conf")...)
	document := yaml.MapSlice{
		{Key: "master", Value: yaml.MapSlice{
			{Key: "components", Value: []string{"apiserver", "scheduler", "controllermanager", "etcd", "kubelet"}},
			{Key: "apiserver", Value: part(apiServerProgram, nil)},
			{Key: "scheduler", Value: part(schedulerProgram, kubeconfig("/etc/kubernetes/scheduler.conf"))},
			{Key: "controllermanager", Value: part(controllerProgram,
				kubeconfig("/etc/kubernetes/controller-manager.conf"))},
			{Key: "etcd", Value: append(yaml.MapSlice{{Key: "optional", Value: true}}, store...)},
			{Key: "kubelet", Value: yaml.MapSlice{{Key: "optional", Value: true}, {Key: "bins",
				Value: []string{kubeletProgram}}}},
		}},
		{Key: "node", Value: yaml.MapSlice{
			{Key: "components", Value: []string{"kubelet", "proxy"}}, {Key: "kubelet", Value: kubelet}, {Key: "proxy",
				Value: proxy},
		}},
		{Key: "etcd", Value: yaml.MapSlice{{Key: "components", Value: []string{"etcd"}}, {Key: "etcd", Value: store}}},
		{Key: "controlplane", Value: yaml.MapSlice{
			{Key: "components", Value: []string{"apiserver"}},
			{Key: "apiserver", Value: yaml.MapSlice{{Key: "bins", Value: []string{apiServerProgram}}}},
		}},
	}
	text, err := yaml.Marshal(document)
	if err != nil {
		return nil, fmt.Errorf("configuration of kube-bench: %w", err)
	}
	return map[string]string{
		benchVersion + "/config.yaml": strings.Join([]string{
			"---",
			"# Where kube-bench finds the files of the cluster " + c.Name + ", whose programs are services of systemd.",
			"# Put this file in place of cfg/" + benchVersion + "/config.yaml of kube-bench, and on each host run:",
			"#   kube-bench run --benchmark " + benchVersion + " --targets " + "master,etcd,controlplane,node,policies",
			"", string(text),
		}, "\n"),
	}, nil
}
