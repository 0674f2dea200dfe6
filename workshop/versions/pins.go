package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/provision/component"
	"kbootstrap/release"
	"kbootstrap/workshop/lab/components"
)

// pin is one version that the project names.
type pin struct {
	component string
	version   string // without a leading v
	minors    string // of Kubernetes, for which it is the default: "1.34-1.36"; empty for all
	known     string // the newest release of its branch whose sums are built in
	weak      string // the known holes
	lab       string // what the lab builds; empty where that is none
	module    string // the Go module that is published with the component; empty for none
	patch     string // the newest release of its branch that is published as a module
	newest    string // the newest of all
	edit      string // where the version stands
}

// modules are the Go modules of the components, and where the version of each stands. docker's
// daemon has a module with versions of its own, so its client's tells.
var modules = map[string]struct{ module, edit string }{
	"kubernetes":             {"k8s.io/kubernetes", "inventory/template.yaml"},
	"etcd":                   {"go.etcd.io/etcd/server/v3", "release/minors.go"},
	"containerd":             {"github.com/containerd/containerd/v2", "provision/component/containerd.go"},
	"runc":                   {"github.com/opencontainers/runc", "provision/component/containerd.go"},
	"cni-plugins":            {"github.com/containernetworking/plugins", "provision/component/containerd.go"},
	"flannel":                {"github.com/flannel-io/flannel", "provision/component/flannel.go"},
	"coredns":                {"github.com/coredns/coredns", "release/minors.go"},
	"registry":               {"github.com/distribution/distribution/v3", "provision/component/registry.go"},
	"kube-router":            {"github.com/cloudnativelabs/kube-router/v2", "provision/component/kuberouter.go"},
	"docker":                 {"github.com/docker/cli", "provision/component/docker.go"},
	"cri-dockerd":            {"", "provision/component/cridockerd.go"}, // its module has no versions
	"pause":                  {"", "release/minors.go"},
	"metrics-server":         {"sigs.k8s.io/metrics-server", "release/minors.go"},
	"local-path-provisioner": {"github.com/rancher/local-path-provisioner", "provision/component/localpath.go"},
	"traefik":                {"github.com/traefik/traefik/v3", "provision/component/traefik.go"},
	"headlamp":               {"", "provision/component/headlamp.go"},
	"victoria-logs":          {"github.com/VictoriaMetrics/VictoriaLogs", "provision/component/logging.go"},
	"vlagent":                {"github.com/VictoriaMetrics/VictoriaLogs", "provision/component/logging.go"},
	"victoria-metrics":       {"github.com/VictoriaMetrics/VictoriaMetrics", "provision/component/monitoring.go"},
	"vmagent":                {"github.com/VictoriaMetrics/VictoriaMetrics", "provision/component/monitoring.go"},
	"vmalert":                {"github.com/VictoriaMetrics/VictoriaMetrics", "provision/component/monitoring.go"},
	"node-exporter":          {"github.com/prometheus/node_exporter", "provision/component/monitoring.go"},
	"agnhost":                {"", "provision/component/trialimage.go"},
}

// pins are the defaults of all components, for each minor version of Kubernetes that has another
// one. It asks no server.
func pins() ([]*pin, error) {
	kubernetes, err := templateVersion()
	if err != nil {
		return nil, err
	}
	lab, err := components.Versions("")
	if err != nil {
		return nil, err
	}
	var all []*pin
	done := map[string]bool{}
	for _, s := range component.Sources() {
		if done[s.Component] {
			continue
		}
		done[s.Component] = true
		found, err := pinsOf(s, kubernetes)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			p.complete(s, lab[s.Component])
		}
		all = append(all, found...)
	}
	return all, nil
}

// templateVersion is the version of Kubernetes that `init` writes.
func templateVersion() (string, error) {
	c, err := inventory.Parse("template.yaml", []byte(inventory.Template()), component.Rules())
	if err != nil {
		return "", err
	}
	return c.Kubernetes, nil
}

// pinsOf are the defaults of a source, one for each version that some minor version of Kubernetes
// has.
func pinsOf(s release.Source, kubernetes string) ([]*pin, error) {
	if s.Component == "kubernetes" {
		return []*pin{{component: s.Component, version: strings.TrimPrefix(kubernetes, "v")}}, nil
	}
	oldest, newest := release.Minors()
	var found []*pin
	first := oldest
	for minor := oldest; minor <= newest; minor++ {
		all, err := release.Versions(&inventory.Cluster{Kubernetes: fmt.Sprintf("v1.%d.0", minor)}, component.Sources())
		if err != nil {
			return nil, err
		}
		version := all[s.Component]
		if n := len(found); n == 0 || found[n-1].version != version {
			found, first = append(found, &pin{component: s.Component, version: version}), minor
		}
		if first > oldest || minor < newest {
			found[len(found)-1].minors = fmt.Sprintf("1.%d-1.%d", first, minor)
		}
	}
	if len(found) == 1 {
		found[0].minors = ""
	}
	return found, nil
}

// complete adds what the tables of the project say of the version.
func (p *pin) complete(s release.Source, lab string) {
	p.lab, p.module, p.edit = lab, modules[p.component].module, modules[p.component].edit
	p.known = newestOf(release.Known(s), release.Branch(p.version))
	if w, weak := release.Weak(p.component, p.version, time.Now()); weak {
		p.weak = w.Why
	}
}

// newestOf is the first version of a branch in a list that begins with the newest.
func newestOf(versions []string, branch string) string {
	i := slices.IndexFunc(versions, func(v string) bool { return release.Branch(v) == branch })
	if i < 0 {
		return ""
	}
	return versions[i]
}

// remarks are what is to be done about the pin; none where nothing is.
func (p *pin) remarks() []string {
	var found []string
	older := func(than, what string) {
		if than != "" && than != p.version && release.Newest([]string{than, p.version})[0] == than {
			found = append(found, fmt.Sprintf("%s %s: edit %s", than, what, p.edit))
		}
	}
	if p.weak != "" {
		found = append(found, "has "+p.weak)
	}
	switch p.known {
	case "":
		found = append(found, "no sum of its branch is built in: release/sums.txt")
	default:
		if p.component == "pause" {
			break // it is kubeadm's for each minor version, and changes nothing
		}
		older(p.known, "has sums that are built in")
	}
	if p.patch != p.known {
		older(p.patch, "is published, and needs its sums in release/sums.txt first")
	}
	if p.minors == "" && p.newest != p.patch {
		older(p.newest, "is the newest branch, and needs its sums in release/sums.txt first")
	}
	if p.lab != "" && p.minors == "" && p.lab != p.version {
		found = append(found, fmt.Sprintf("the lab runs %s: edit workshop/lab/components/catalogue.go", p.lab))
	}
	return found
}

// table is the text of all pins.
func table(all []*pin) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COMPONENT\tKUBERNETES\tDEFAULT\tSUMS UP TO\tLAB\tPUBLISHED\tNEWEST")
	dash := func(text string) string { return cmp.Or(text, "-") }
	for _, p := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", p.component, cmp.Or(p.minors, "all"), p.version, dash(p.known),
			dash(p.lab), dash(p.patch), dash(p.newest))
	}
	_ = w.Flush() // a strings.Builder takes everything
	var todo []string
	for _, p := range all {
		for _, remark := range p.remarks() {
			todo = append(todo, fmt.Sprintf("%s %s: %s\n", p.component, p.version, remark))
		}
	}
	if todo == nil {
		return b.String() + "\nnothing is older than what is known\n"
	}
	return b.String() + "\n" + strings.Join(todo, "")
}
