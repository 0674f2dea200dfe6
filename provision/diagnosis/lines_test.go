package diagnosis

import (
	"strings"
	"testing"
	"time"

	"kbootstrap/fault"
	"kbootstrap/host"
)

// linesOf are the lines of a text, written just now by the last start of the unit.
func linesOf(text string) []host.Line {
	var lines []host.Line
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, host.Line{Text: strings.TrimRight(line, "\n")})
	}
	return lines
}

// TestNoFalseTrail: lines that are as old as the service, of an earlier start, or about something
// else than the service explain nothing, however well they fit a rule; the same rule explains a
// failure that its line is about.
func TestNoFalseTrail(t *testing.T) {
	const (
		oom = `E1128 21:04:44.294812     308 container_manager_linux.go:592] "Failed to ensure process in container ` +
			`with oom score" err="failed to apply oom score -999 to PID 308: write /proc/308/oom_score_adj: ` +
			`permission denied"`
		denied = `E1128 21:04:44.294812     308 run.go:72] "command failed" err="open /var/lib/kubelet/config.yaml: ` +
			`permission denied"`
		podDenied = `E1128 21:04:44.294812     308 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to ` +
			`\"StartContainer\" for \"web\": open /srv/data: permission denied" pod="default/web"`
		podPort = `time="2026-11-28T21:00:00Z" level=error msg="Error starting userland proxy: listen tcp4 ` +
			`0.0.0.0:80: ` +
			`bind: address already in use"`
		port     = `listen tcp 192.0.2.1:2379: bind: address already in use`
		nodePort = `E1128 21:04:44.294812     308 proxier.go:1] "can't open port" port="nodePort for default/web" ` +
			`err="listen tcp4 :30080: bind: address already in use"`
		etcdAway = `W1121 12:58:53.858393   11469 logging.go:55] [core] grpc: addrConn.createTransport failed to ` +
			`connect ` +
			`to {Addr: "127.0.0.1:2379", ServerName: "127.0.0.1:2379", }. Err: connection error: desc = "transport: ` +
			`Error while dialing: dial tcp 127.0.0.1:2379: connect: connection refused"`
		scanner = `I1128 21:04:44.294812 1 server.go:1] http: TLS handshake error from 10.0.2.2:39: remote error: ` +
			`tls: bad certificate`
		scanner2 = `http: TLS handshake error from 10.0.2.2:39: tls: failed to verify certificate: x509: certificate ` +
			`signed by unknown authority`
		oldUser = `E1128 21:04:44.294812       1 authentication.go:75] "Unable to authenticate the request" ` +
			`err="[x509: ` +
			`certificate has expired or is not yet valid: current time 2026-11-28T21:04:44Z is after ` +
			`2026-01-01T00:00:00Z]"`
		webhook = `W1128 21:04:44.294812       1 dispatcher.go:217] Failed calling webhook, failing open x: dial ` +
			`tcp: lookup ` +
			`hook.default.svc: no such host`
		image = `E1128 21:04:44.294812     308 log.go:32] "PullImage from image service failed" err="dial tcp: ` +
			`lookup ` +
			`registry.example.org: no such host" image="registry.example.org/web:1"`
		name = `E1128 21:04:44.294812     308 run.go:72] "command failed" err="dial tcp: lookup ` +
			`etcd.example.org: no such host"`
		modprobe = `time="2026-11-28T21:00:00Z" level=warning msg="Running modprobe bridge br_netfilter failed ` +
			`with message: modprobe: WARNING: Module br_netfilter not found in directory /lib/modules/6.1.0"`
		noOverlay = `modprobe: FATAL: Module overlay not found in directory /lib/modules/6.1.0`
		deleted   = `E1128 21:05:49.822170     217 kubelet_node_status.go:479] "Error updating node status, will ` +
			`retry" ` +
			`err="error getting node \"w1\": nodes \"w1\" not found"`
		refused = `E1128 21:05:49.822170     217 kubelet_node_status.go:116] "Unable to register node with API ` +
			`server" ` +
			`err="nodes is forbidden: User \"x\" cannot create resource" node="w1"`
		quota = `E1128 21:05:49.822170  1 status.go:71] "apiserver received an error" err="etcdserver: mvcc: ` +
			`database space exceeded"`
	)
	now := func(text string) host.Line { return host.Line{Text: text, Age: time.Second} }
	aged := func(age time.Duration, text string) host.Line { return host.Line{Text: text, Age: age} }
	before := func(starts int, text string) host.Line { return host.Line{Text: text, Age: time.Second, Start: starts} }
	for what, test := range map[string]struct {
		unit    string
		failure host.Failure
		lines   []host.Line
		code    fault.Code
	}{
		"KB5113: what a container forbids": {"kubelet", host.Unheard, []host.Line{now(oom)}, ""},
		"KB5113: the same of a crash":      {"kubelet", host.Crashed, []host.Line{now(oom)}, ""},
		"KB5113: a file of a pod":          {"kubelet", host.NotReady, []host.Line{now(podDenied)}, ""},
		"KB5113: an error without a path": {"etcd", host.Crashed, []host.Line{now("auth: permission " +
			"denied")}, ""},
		"KB5113: while others wait for the node": {"kubelet", host.Unheard, []host.Line{now(denied)}, ""},
		"KB5113: long before the end": {
			"kubelet", host.NotReady, []host.Line{aged(time.Hour, denied), now("ready")}, "",
		},
		"KB5113: an earlier start":     {"kubelet", host.NotReady, []host.Line{before(1, denied)}, ""},
		"KB5113: two starts before":    {"kubelet", host.Crashed, []host.Line{before(2, denied), now("x")}, ""},
		"KB5113: its own file":         {"kubelet", host.Crashed, []host.Line{now(denied)}, fault.FileDenied},
		"KB5113: the start before":     {"kubelet", host.Crashed, []host.Line{before(1, denied)}, fault.FileDenied},
		"KB5104: a container's port":   {"docker", host.NotReady, []host.Line{now(podPort)}, ""},
		"KB5104: a Service's port":     {"kube-proxy", host.NotReady, []host.Line{now(nodePort)}, ""},
		"KB5104: another start's port": {"etcd", host.NotReady, []host.Line{before(1, port)}, ""},
		"KB5104: its own port":         {"etcd", host.Crashed, []host.Line{now(port)}, fault.PortInUse},
		"KB5117: the first seconds of a start": {
			"kube-apiserver", host.NotReady, []host.Line{aged(2*time.Minute, etcdAway), now("serving")}, "",
		},
		"KB5117: until the end": {"kube-apiserver", host.NotReady, []host.Line{now(etcdAway)}, fault.EtcdUnreachable},
		"KB5117: until the end of a process": {
			"kube-apiserver", host.Crashed, []host.Line{
				{Text: etcdAway, Age: 50 * time.Second, Start: 1}, {Text: "ends", Age: 45 * time.Second, Start: 1},
				{Text: "begins", Age: time.Second},
			}, fault.EtcdUnreachable,
		},
		"KB5109: a stranger's " +
			"client": {"kube-apiserver", host.NotReady, []host.Line{now(scanner), now(scanner2)}, ""},
		"KB5103: a user's old kubeconfig": {"kube-apiserver", host.NotReady, []host.Line{now(oldUser)}, ""},
		"KB5116: a webhook":               {"kube-apiserver", host.NotReady, []host.Line{now(webhook)}, ""},
		"KB5116: an image":                {"kubelet", host.NotReady, []host.Line{now(image)}, ""},
		"KB5116: what it needs":           {"kubelet", host.Crashed, []host.Line{now(name)}, fault.NameNotResolved},
		"KB5107: a module that is tried":  {"docker", host.Crashed, []host.Line{now(modprobe)}, ""},
		"KB5107: a module that it needs":  {"containerd", host.Crashed, []host.Line{now(noOverlay)}, fault.KernelLacks},
		"KB5122: a deleted " +
			"node": {"kubelet", host.Unheard, []host.Line{now(oom), now(deleted)}, fault.NodeDeleted},
		"KB5122: of an hour before":      {"kubelet", host.Unheard, []host.Line{aged(time.Hour, deleted)}, ""},
		"KB5121: a node that is refused": {"kubelet", host.Unheard, []host.Line{now(refused)}, fault.NodeRefused},
		"KB5120: etcd's quota":           {"kube-apiserver", host.NotReady, []host.Line{now(quota)}, fault.EtcdQuota},
	} {
		d, _ := Of(Symptoms{Unit: test.unit + ".service", Failure: test.failure, Lines: test.lines})
		if d.Code != test.code {
			t.Errorf("%s: %q (%s), want %q", what, d.Code, d.Cause, test.code)
		}
	}
}
