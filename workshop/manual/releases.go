package main

import (
	"context"
	"strings"
)

// release is one release of a program: the modules of its source, and where its command line is
// built.
type release struct {
	program, line string
	modules       []module
	entries       []entry
	fills         []string // what completes names of flags such as "audit-%s-mode"
	extra         []string // flags that no call declares
	// reads, where it is set, reads something else than flags.
	reads func(*source) (map[string]string, error)
}

// entry is a function that builds a command line.
type entry struct{ pkg, name string }

// read returns the flags of the release with their types.
func (r release) read(ctx context.Context, from *shelf) (map[string]string, error) {
	s, err := from.fetch(ctx, r.modules)
	if err != nil {
		return nil, err
	}
	if r.reads != nil {
		return r.reads(s)
	}
	w := &walker{source: s, flags: map[string]string{}, seen: map[string]bool{}, fills: r.fills}
	for _, e := range r.entries {
		if err := w.follow(e.pkg, e.name); err != nil {
			return nil, err
		}
	}
	for _, name := range r.extra {
		w.flags[name] = "value"
	}
	if !strings.HasPrefix(r.program, "kube") {
		return w.flags, nil
	}
	dashed := map[string]string{} // to programs of Kubernetes an underscore is a dash
	for name, kind := range w.flags {
		dashed[strings.ReplaceAll(name, "_", "-")] = kind
	}
	return dashed, nil
}

// minor is a release of Kubernetes that stands for its minor version.
type minor struct{ line, patch string }

// modules are those with the source of what is asked for.
func (m minor) modules() []module {
	all := []module{{"github.com/spf13/pflag", "v1.0.9"}, {"github.com/spf13/cobra", "v1.10.2"},
		{"k8s.io/kubernetes", "v" + m.line + "." + m.patch}}
	for _, name := range []string{"apiserver", "component-base", "controller-manager", "cloud-provider",
		"kube-aggregator", "apiextensions-apiserver", "kubelet", "client-go", "apimachinery"} {
		all = append(all, module{"k8s.io/" + name, "v0" + m.line[1:] + "." + m.patch})
	}
	return all
}

// minors are the releases of Kubernetes that are read, by minor version.
func minors() []minor {
	return []minor{
		{"1.29", "6"}, {"1.30", "14"}, {"1.31", "14"}, {"1.32", "13"}, {"1.33", "13"}, {"1.34", "4"}, {"1.35", "4"},
		{"1.36", "3"},
	}
}

// releases are all that is read. Those of one minor version of Kubernetes stand together, because
// they share what was read of their source.
func releases() []release {
	var all []release
	for _, m := range minors() {
		for _, p := range []struct {
			name, entry string
			more        []entry
			extra       []string
		}{
			{"kube-apiserver", "NewAPIServerCommand", nil,
				[]string{"default-not-ready-toleration-seconds", "default-unreachable-toleration-seconds"}},
			{"kube-controller-manager", "NewControllerManagerCommand", nil, nil},
			{"kube-scheduler", "NewSchedulerCommand",
				[]entry{{"k8s.io/kubernetes/cmd/kube-scheduler/app/options", "(Options).initFlags"}}, nil},
			{"kube-proxy", "NewProxyCommand", nil, []string{"boot-id-file", "machine-id-file", "help", "version"}},
			{"kubelet", "NewKubeletCommand", nil, nil},
		} {
			all = append(all, release{program: p.name, line: m.line, modules: m.modules(),
				fills: []string{"log", "webhook"}, extra: p.extra,
				entries: append([]entry{{"k8s.io/kubernetes/cmd/" + p.name + "/app", p.entry}}, p.more...)})
		}
		all = append(all,
			release{program: "feature-gates", line: m.line, modules: m.modules(), reads: readGates},
			release{program: "admission-plugins", line: m.line, modules: m.modules(), reads: readPlugins})
	}
	return append(all, others()...)
}

// others are the programs that do not follow the version of Kubernetes.
func others() []release {
	var all []release
	for _, v := range []struct {
		line, version string
		extra         []string
	}{{"3.5", "v3.5.33", []string{"help"}}, {"3.6", "v3.6.14", []string{"help", "feature-gates"}}} {
		all = append(all, release{program: "etcd", line: v.line, extra: v.extra,
			modules: []module{{"go.etcd.io/etcd/server/v3", v.version}, {"go.etcd.io/etcd/pkg/v3", v.version}},
			entries: []entry{{"go.etcd.io/etcd/server/v3/etcdmain", "newConfig"}}})
	}
	for _, v := range []struct{ line, version string }{{"0.28", "v0.28.4"}} {
		all = append(all, release{program: "flanneld", line: v.line,
			modules: []module{{"github.com/flannel-io/flannel", v.version}},
			entries: []entry{{"github.com/flannel-io/flannel", "init"}},
			extra:   []string{"v", "vmodule", "log_backtrace_at", "help"}})
	}
	// Newer releases of kube-router are no Go modules. What they have more of was read in theirs.
	for _, v := range []struct {
		line  string
		extra []string
	}{
		{"2.1", nil},
		{"2.11", []string{"bfd-desired-min-tx-interval", "bfd-detection-multiplier", "bfd-port",
			"bfd-required-min-rx-interval", "enable-bfd", "gobgp-admin-address", "gobgp-admin-port", "health-addr",
			"netpol-default-deny", "strict-external-ip-validation", "use-nftables-for-netpol"}},
	} {
		all = append(all, release{program: "kube-router", line: v.line, extra: v.extra,
			modules: []module{{"github.com/cloudnativelabs/kube-router/v2", "v2.1.0"},
				{"github.com/spf13/pflag", "v1.0.9"}},
			entries: []entry{{"github.com/cloudnativelabs/kube-router/v2/pkg/options", "(KubeRouterConfig).AddFlags"}}})
	}
	for _, v := range []struct{ line, version string }{
		{"20.10", "v20.10.24"}, {"23.0", "v23.0.5"}, {"24.0", "v24.0.9"}, {"25.0", "v25.0.6"}, {"26.1", "v26.1.4"},
		{"27.5", "v27.5.0"}, {"28.5", "v28.5.2"},
	} {
		all = append(all, release{program: "dockerd", line: v.line,
			modules: []module{{"github.com/docker/docker", v.version + "+incompatible"}, {"github.com/spf13/pflag",
				"v1.0.9"},
				{"github.com/spf13/cobra", "v1.10.2"}},
			entries: []entry{{"github.com/docker/docker/cmd/dockerd", "newDaemonCommand"}}, extra: []string{"help"}})
	}
	// From 29 on the daemon is a module of another name with versions of its own: beta.24 is that
	// of 29.8.1.
	const moby = "github.com/moby/moby/v2"
	all = append(all, release{program: "dockerd", line: "29.8",
		modules: []module{{moby, "v2.0.0-beta.24"}, {"github.com/spf13/pflag", "v1.0.10"},
			{"github.com/spf13/cobra", "v1.10.2"}},
		entries: []entry{{moby + "/daemon/command", "newDaemonCommand"}}, extra: []string{"help"}})
	return all
}
