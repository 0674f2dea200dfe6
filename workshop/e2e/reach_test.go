//go:build e2e && hosts

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// server is the address and the port of a pod: "shop/web-w1", or "shop/web-w1:9090".
func (l *lab) server(name string) string {
	l.t.Helper()
	namespace, pod, _ := strings.Cut(name, "/")
	pod, port, ok := strings.Cut(pod, ":")
	if !ok {
		port = "8080"
	}
	return l.kubectl("get", "pod", "-n", namespace, pod, "-o", "jsonpath={.status.podIP}") + ":" + port
}

// reach waits until a pod reaches each of the targets, or does not: a pod as server has it,
// "service", "node port", or "dns". A request counts when it was made in the pod: a kubectl that is
// refused says nothing of policies.
func (l *lab) reach(t *testing.T, from string, want bool, targets ...string) {
	t.Helper()
	namespace, pod, _ := strings.Cut(from, "/")
	for _, target := range targets {
		ask, text := []string{"timeout", "5", "wget", "-qO-"}, "page\n"
		switch target {
		case "dns":
			ask = []string{"timeout", "5", "nslookup", "kubernetes.default.svc.cluster.local", "10.96.0.10"}
			text = "10.96.0.1\n"
		case "service":
			ask = append(ask, "http://"+
				l.kubectl("get", "service", "-n", "shop", "web", "-o", "jsonpath={.spec.clusterIP}"))
		case "node port":
			ask = append(ask, "http://192.168.56.11:30081")
		default:
			ask = append(ask, "http://"+l.server(target))
		}
		reached := func(r result) bool {
			if want {
				return r.code == 0 && strings.Contains(r.stdout, text)
			}
			return r.code != 0 && strings.Contains(r.stderr, "command terminated with exit code")
		}
		l.eventually(time.Minute, fmt.Sprintf("%s reaches %s: %t", from, target, want), reached,
			"cp1", append([]string{"kubectl", "exec", "-n", namespace, pod, "--"}, ask...)...)
	}
}

// beginAsking has a pod ask another for its page, again and again.
func (l *lab) beginAsking(from, to string) {
	l.t.Helper()
	namespace, pod, _ := strings.Cut(from, "/")
	l.kubectl("exec", "-n", namespace, pod, "--", "sh", "-c", fmt.Sprintf(
		"rm -f /tmp/stop; (while [ ! -e /tmp/stop ]; do timeout 5 wget -qO- http://%s >/dev/null "+
			"&& echo ok || echo lost; done >/tmp/asked; echo end >>/tmp/asked) </dev/null >/dev/null 2>&1 &",
		l.server(to)))
}

// endAsking ends that, and says how often there was a page and how often there was none.
func (l *lab) endAsking(from string) (reached, lost int) {
	l.t.Helper()
	namespace, pod, _ := strings.Cut(from, "/")
	l.kubectl("exec", "-n", namespace, pod, "--", "touch", "/tmp/stop")
	l.eventually(time.Minute, "the loop ends", contains("end"),
		"cp1", "kubectl", "exec", "-n", namespace, pod, "--", "tail", "-n", "1", "/tmp/asked")
	asked := l.kubectl("exec", "-n", namespace, pod, "--", "cat", "/tmp/asked")
	reached, lost = strings.Count(asked, "ok"), strings.Count(asked, "lost")
	l.t.Logf("%s reached it %d times, and %d times not", from, reached, lost)
	return reached, lost
}
