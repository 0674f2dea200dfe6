package audit

import (
	"strings"

	"kbootstrap/host"
)

// workerFiles is section 4.1.
func workerFiles() []Check {
	c := func(id, title string, automated bool, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: automated, Promise: ByDefault, Remedy: again, host: judge}
	}
	proxyConfig := places(proxyKubeconfig)
	kubeletConfig := named(kubeletProgram, "kubeconfig")
	authorities := kubeletAuthority
	config := named(kubeletProgram, "config")
	return []Check{
		c("4.1.1", "only root may read how the kubelet is started", true, mode(0o600, unitFiles("kubelet.service"))),
		c("4.1.2", "the files that start the kubelet belong to root", true,
			owner("root:root", unitFiles("kubelet.service"))),
		c("4.1.3", "only root may read kube-proxy's kubeconfig", false, mode(0o600, proxyConfig)),
		c("4.1.4", "kube-proxy's kubeconfig belongs to root", false, owner("root:root", proxyConfig)),
		c("4.1.5", "only root may read the kubelet's kubeconfig", true, mode(0o600, kubeletConfig)),
		c("4.1.6", "the kubelet's kubeconfig belongs to root", true, owner("root:root", kubeletConfig)),
		c("4.1.7", "only root may change the kubelet's authority of clients", false, mode(0o644, authorities)),
		c("4.1.8", "the kubelet's authority of clients belongs to root", false, owner("root:root", authorities)),
		c("4.1.9", "only root may read the kubelet's configuration", true, mode(0o600, config)),
		c("4.1.10", "the kubelet's configuration belongs to root", true, owner("root:root", config)),
	}
}

// proxyKubeconfig is the kubeconfig of kube-proxy: a flag, or a field of the configuration that a
// flag names.
func proxyKubeconfig(s Scene, h Host) ([]host.Inspected, string) {
	var paths []string
	for _, p := range h.Inspection.Daemons(proxyProgram) {
		if path, set := flagOf(p, "kubeconfig"); set {
			paths = append(paths, path)
		}
		if d, has, cannot := documentOf(h, p, "config"); has && cannot == nil {
			if path, set := field(d.Value, "clientConnection.kubeconfig"); set {
				paths = append(paths, textOf(path))
			}
		}
	}
	if len(paths) == 0 {
		return nil, "no process of " + proxyProgram + " names a kubeconfig"
	}
	return at(paths...)(s, h)
}

// kubeletAuthority is the file by which the kubelet verifies who calls it.
func kubeletAuthority(s Scene, h Host) ([]host.Inspected, string) {
	var paths []string
	for _, p := range h.Inspection.Daemons(kubeletProgram) {
		found, cannot := kubeletSettings(s, h, p, "authentication.x509.clientCAFile", "client-ca-file", "")
		if cannot != nil {
			return nil, cannot.Evidence
		}
		for _, f := range found {
			if f.set {
				paths = append(paths, f.value)
			}
		}
	}
	if len(paths) == 0 {
		return nil, "the kubelet has no authority of clients"
	}
	return at(paths...)(s, h)
}

// kubelets are sections 4.2 and 4.3.
func kubelets() []Check {
	c := func(id, title string, automated bool, judge func(Scene, Host) Verdict) Check {
		return Check{ID: id, Title: title, Automated: automated, Promise: ByDefault, Remedy: arguments, host: judge}
	}
	override := c("4.2.7", "the node has the name of its host", false, kubelet("", "hostname-override", "", isUnset()))
	override.host = running(kubeletProgram, func(_ Scene, _ Host, p host.Daemon) Verdict {
		value, set := flagOf(p, "hostname-override")
		return setting{value, set, "--hostname-override of " + of(p)}.judge(isUnset())
	})
	override.Promise = ByUsers
	override.Note = "the flag is set always: a kubelet that starts with another name than its certificate's " +
		"is no node " +
		"any more, and the certificates are made for the name in the inventory"
	override.Remedy = "compare the name with the host's"
	return []Check{
		c("4.2.1", "the kubelet refuses anonymous requests", true,
			kubelet("authentication.anonymous.enabled", "anonymous-auth", "false", is("false"))),
		c("4.2.2", "the kubelet asks the API server who may do what", true,
			kubelet("authorization.mode", "authorization-mode", "Webhook", is("Webhook"))),
		c("4.2.3", "the kubelet verifies the certificates of clients", true,
			kubelet("authentication.x509.clientCAFile", "client-ca-file", "", isSet())),
		c("4.2.4", "the kubelet has no port that anybody may read", false,
			kubelet("readOnlyPort", "read-only-port", "0", is("0"))),
		c("4.2.5", "connections into pods end when nothing is sent", false,
			kubelet("streamingConnectionIdleTimeout", "streaming-connection-idle-timeout", "4h0m0s", nonZero())),
		c("4.2.6", "the kubelet keeps its chains of the packet filter", true,
			kubelet("makeIPTablesUtilChains", "make-iptables-util-chains", "true", is("true"))),
		override,
		c("4.2.8", "the kubelet reports enough events", false, kubelet("eventRecordQPS", "event-qps", "50",
			want{"must be 0, which is no limit, or 5 and more", func(v string, _ bool) bool {
				return v == "0" ||
					atLeast(5).ok(v, true)
			}})),
		c("4.2.9", "the kubelet serves with a certificate of the cluster", false,
			all(kubelet("tlsCertFile", "tls-cert-file", "", isSet()),
				kubelet("tlsPrivateKeyFile", "tls-private-key-file", "", isSet()))),
		c("4.2.10", "the kubelet renews its client certificate", true,
			kubelet("rotateCertificates", "rotate-certificates", "false", is("true"))),
		c("4.2.11", "the kubelet may renew its serving certificate", false,
			kubelet("featureGates.RotateKubeletServerCertificate", "", "true", is("true"))),
		c("4.2.12", "the kubelet offers strong cipher suites only", false,
			kubeletList("tlsCipherSuites", "tls-cipher-suites", ciphers)),
		c("4.2.13", "the number of processes of a pod is limited", false, kubelet("podPidsLimit", "pod-max-pids", "-1",
			atLeast(1))),
		c("4.2.14", "pods run with the runtime's seccomp profile", false,
			kubelet("seccompDefault", "seccomp-default", "false", is("true"))),
		c("4.3.1", "kube-proxy serves its metrics on loopback only", true, running(proxyProgram, proxyMetrics)),
	}
}

func nonZero() want {
	return want{"must not be 0", func(v string, _ bool) bool {
		return strings.Trim(v, "0hms") != "" // "4h0m0s", "0s"
	}}
}

// proxyMetrics judges where the metrics are served: by the flag or the configuration, and by the
// sockets of the process, which has its health check at another port.
func proxyMetrics(_ Scene, h Host, p host.Daemon) Verdict {
	found := setting{"127.0.0.1:10249", false, "metricsBindAddress of " + of(p)}
	d, has, cannot := documentOf(h, p, "config")
	switch {
	case cannot != nil:
		return *cannot
	case has:
		found = fieldSetting(d.Value, "metricsBindAddress", "127.0.0.1:10249", d.Path)
	default:
		if value, set := flagOf(p, "metrics-bind-address"); set {
			found = setting{value, true, "--metrics-bind-address of " + of(p)}
		}
	}
	local := want{"must be on loopback", func(v string, _ bool) bool {
		return strings.HasPrefix(v, "127.") || strings.HasPrefix(v, "[::1]") || strings.HasPrefix(v, "localhost")
	}}
	verdicts := []Verdict{found.judge(local)}
	_, port, _ := strings.Cut(found.value, ":")
	for _, socket := range p.Listens {
		if number(int(socket.Port())) == port && !socket.Addr().IsLoopback() {
			verdicts = append(verdicts, fail(of(p)+" listens on "+spelled(socket)))
		}
	}
	return worst(verdicts...)
}

// splitList is a list as a flag has it.
func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}
