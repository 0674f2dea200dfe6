//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestAddOns lives with the add-ons that every cluster has, on a control plane and a worker.
func TestAddOns(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := newLab(t, "addons", "--control-planes", "1", "--workers", "1", "--spare", "1")
	l.up()
	l.upAgain()
	for _, h := range l.hosts() {
		l.image(h.Name)
	}
	for _, step := range []struct {
		name string
		do   func(t *testing.T, l *lab)
	}{
		{"what there is", addOnsTold},
		{"images, packed", imagesPacked},
		{"figures", figures},
		{"scaling by figures", scaling},
		{"ingress", ingressServes},
		{"web UI", uiStands},
		{"no ingress", ingressGoes},
		{"volumes", volumes},
		{"logs", logsKept},
		{"figures over time", figuresKept},
		{"volumes that stay", volumesStay},
		{"what others installed stays theirs", othersMetrics},
		{"a user's manifests", ownManifests},
		{"NFS without a client", nfsRefused},
		{"off and on again", addOnsOff},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

// addOnsTold reads what the tool tells of the add-ons.
func addOnsTold(t *testing.T, l *lab) {
	if got := l.addOns(); got["dns"] != "healthy" || got["metrics"] != "healthy" || got["storage"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
	l.exits(0, "addons", "-i", l.inventory, "--wait").says(t, "kubectl top nodes", "storageClassName: local-path")
	deployment := l.kubectl("get", "deployment", "-n", "kube-system", "metrics-server", "-o", "yaml")
	if strings.Contains(deployment, "insecure") {
		t.Errorf("metrics-server does not verify kubelets:\n%s", deployment)
	}
}

// addOns are the states of the add-ons, by their names.
func (l *lab) addOns() map[string]string {
	l.t.Helper()
	r := l.run(4*time.Minute, "addons", "-i", l.inventory, "--wait", "-o", "json")
	var document struct {
		Result struct {
			AddOns []struct{ Name, State string }
		}
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		l.fatalf("addons: exit %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	states := map[string]string{}
	for _, a := range document.Result.AddOns {
		states[a.Name] = a.State
	}
	return states
}

// figures asks for what nodes and pods use.
func figures(_ *testing.T, l *lab) {
	shows := func(r result) bool {
		return r.code == 0 && regexp.MustCompile(`(?m)^cp1 +\d+m +\d+% +\d+Mi`).MatchString(r.stdout) &&
			regexp.MustCompile(`(?m)^w1 +\d+m +\d+% +\d+Mi`).MatchString(r.stdout)
	}
	l.eventually(2*time.Minute, "the figures of both nodes", shows, "cp1", "kubectl", "top", "nodes")
	l.eventually(2*time.Minute, "the figures of CoreDNS", contains("coredns-"), "cp1", "kubectl", "top", "pods", "-n",
		"kube-system")
}

// busy is a Deployment whose pods work until a file is there, and what scales it. What a pod may
// use is little, but more than it asks for.
const busy = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: busy
        image: docker.io/library/busybox:1.36.1
        command: [sh, -c, 'trap "exit 0" TERM; while [ ! -e /tmp/rest ]; do :; done; sleep 3600 & wait']
        resources: {requests: {cpu: 20m}, limits: {cpu: 60m}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: busy}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: busy}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
  behavior:
    scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Percent, value: 100, periodSeconds: 5}]}
`

// scaling has an autoscaler start pods under load, and end them when it is over.
func scaling(_ *testing.T, l *lab) {
	l.apply(busy)
	replicas := []string{"kubectl", "get", "deployment", "busy", "-o", "jsonpath={.status.readyReplicas}"}
	is := func(n string) func(result) bool { return func(r result) bool { return r.code == 0 && r.stdout == n } }
	l.eventually(4*time.Minute, "three pods under load", is("3"), "cp1", replicas...)
	for _, pod := range strings.Fields(l.kubectl("get", "pods", "-l", "app=busy", "-o", "name")) {
		l.kubectl("exec", pod, "--", "touch", "/tmp/rest")
	}
	l.eventually(4*time.Minute, "one pod without load", is("1"), "cp1", replicas...)
	l.kubectl("delete", "horizontalpodautoscaler,deployment", "busy")
}

// keeper is a StatefulSet with a volume of the default class.
const keeper = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: keeper}
spec:
  serviceName: keeper
  selector: {matchLabels: {app: keeper}}
  template:
    metadata: {labels: {app: keeper}}
    spec:
      terminationGracePeriodSeconds: 0
      nodeSelector: {kubernetes.io/hostname: w1}
      containers:
      - name: keeper
        image: docker.io/library/busybox:1.36.1
        command: [sh, -c, 'date +%s.%N >>/data/starts; trap "exit 0" TERM; sleep 3600 & wait']
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}}
`

// volumes keeps what a StatefulSet writes, while its pod goes and its host boots.
func volumes(t *testing.T, l *lab) {
	l.apply(keeper)
	starts := []string{"sh", "-c", "kubectl exec keeper-0 -- wc -l /data/starts"}
	l.eventually(2*time.Minute, "the first start is written down", contains("1 /data/starts"), "cp1", starts...)
	first := l.kubectl("exec", "keeper-0", "--", "cat", "/data/starts")
	l.kubectl("delete", "pod", "keeper-0")
	l.eventually(2*time.Minute, "the second start", contains("2 /data/starts"), "cp1", starts...)
	l.mustLab(2*time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.eventually(4*time.Minute, "the third start", contains("3 /data/starts"), "cp1", starts...)
	if now := l.kubectl("exec", "keeper-0", "--", "cat", "/data/starts"); !strings.HasPrefix(now, first) {
		t.Errorf("the first start is lost: %q, now %q", first, now)
	}
	if dirs := l.exec("w1", "ls", "/var/lib/kbootstrap-volumes"); strings.Count(dirs, "keeper") != 1 {
		t.Errorf("volumes on w1: %q", dirs)
	}
	l.kubectl("delete", "statefulset", "keeper")
	l.kubectl("delete", "persistentvolumeclaim", "data-keeper-0")
	isEmpty := func(r result) bool { return r.code == 0 && r.stdout == "" }
	l.eventually(2*time.Minute, "the directory goes with the claim", isEmpty, "w1", "ls", "/var/lib/kbootstrap-volumes")
}

// volumesStay has the volumes of one host elsewhere, in a class whose volumes outlive their claims.
func volumesStay(t *testing.T, l *lab) {
	l.edit("hosts:\n", "addons: {storage: {paths: {w1: /srv/volumes}, reclaim: Retain}}\nhosts:\n")
	l.up()
	l.upAgain()
	if classes := l.kubectl("get", "storageclass"); !strings.Contains(classes, "local-path-retain (default)") {
		t.Errorf("the classes are\n%s", classes)
	}
	l.eventually(2*time.Minute, "the provisioner has the new directory", contains("/srv/volumes"), "cp1", "sh", "-c",
		"kubectl exec -n kube-system deployment/local-path-provisioner -- cat /etc/config/config.json")
	l.kubectl("rollout", "restart", "-n", "kube-system", "deployment/local-path-provisioner")
	l.kubectl("rollout", "status", "-n", "kube-system", "deployment/local-path-provisioner", "--timeout=90s")
	l.apply(keeper)
	l.eventually(2*time.Minute, "it starts", contains("1 /data/starts"), "cp1", "sh", "-c",
		"kubectl exec keeper-0 -- wc -l /data/starts")
	l.kubectl("delete", "statefulset", "keeper")
	l.kubectl("delete", "persistentvolumeclaim", "data-keeper-0")
	if kept := l.exec("w1", "sh", "-c", "cat /srv/volumes/*keeper*/starts | wc -l"); kept != "1\n" {
		t.Errorf("kept are %q lines", kept)
	}
}

// othersMetrics refuses to take over an API that others have registered.
func othersMetrics(t *testing.T, l *lab) {
	l.edit("addons: {", "addons: {metrics: {enabled: false}, ")
	l.up()
	l.upAgain()
	isNone := func(r result) bool { return r.code == 0 && r.stdout == "" }
	l.eventually(time.Minute, "nothing is left of metrics-server", isNone, "cp1", "kubectl", "get",
		"all,secret,clusterrole,clusterrolebinding,apiservice", "-A", "-l", "k8s-app=metrics-server", "-o", "name")
	l.apply(fmt.Sprintf(theirAPI, "theirs"))
	l.edit("metrics: {enabled: false}, ", "")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6048", "APIService v1beta1.metrics.k8s.io")
	if service := l.kubectl("get", "apiservice", "v1beta1.metrics.k8s.io", "-o",
		"jsonpath={.spec.service.name}"); service != "theirs" {
		t.Errorf("it is now of %q", service)
	}
	l.kubectl("delete", "apiservice", "v1beta1.metrics.k8s.io")
	l.up()
	l.upAgain()
	figures(t, l)
}

const theirAPI = `
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: %s, namespace: default}
`

// addOnsOff turns off what users have data in, which has to be said.
func addOnsOff(t *testing.T, l *lab) {
	l.edit("addons: {storage: {", "addons: {storage: {enabled: false, ")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6049", "--remove-addon storage")
	l.must(3*time.Minute, "up", "-i", l.inventory, "--remove-addon", "storage")
	l.upAgain()
	if got := l.addOns(); got["storage"] != "off" {
		t.Errorf("the add-ons are %v", got)
	}
	left := l.kubectl("get", "storageclass,deployment", "-n", "kube-system", "-o", "name")
	if strings.Contains(left, "local-path") {
		t.Errorf("left is %s", left)
	}
	if kept := l.exec("w1", "sh", "-c", "cat /srv/volumes/*keeper*/starts | wc -l"); kept != "1\n" {
		t.Errorf("kept are %q lines", kept)
	}
	l.edit("enabled: false, ", "")
	l.up()
	l.upAgain()
	if got := l.addOns(); got["storage"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}
}
