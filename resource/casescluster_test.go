package resource_test

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

func imageLaws() []law {
	wanted := resource.Image{
		Ref: "registry.k8s.io/pause:3.10", Blob: resource.Sum([]byte("archive")), Size: 7,
		Digest: resource.Sum([]byte("configuration")),
		Socket: "/run/containerd/containerd.sock", Program: "/usr/local/bin/ctr", Pinned: true, Packed: true,
		SyncFS: true,
	}
	return []law{{
		name: "new", wanted: wanted,
		start: func(m *machine) {
			m.has("archive")
			m.executable(wanted.Program)
			m.put(wanted.Socket, "")
			newCtr(m, wanted.Program, wanted.Socket)
		},
	}}
}

// newCtr is a fake of ctr with an image of another program.
func newCtr(m *machine, program, socket string) {
	const pause, wanted = "registry.k8s.io/pause:3.1", "registry.k8s.io/pause:3.10"
	refs := map[string]string{pause: "older"}
	manifests := map[string]string{
		"older": `{"config":{"digest":"sha256:` + resource.Sum([]byte("older")) + `"}}`,
		"newer": `{"config":{"digest":"sha256:` + resource.Sum([]byte("configuration")) + `"}}`,
		"pulled": `{"manifests":[{"digest":"sha256:none","platform":{"os":"linux","architecture":"s390x"}},` +
			`{"digest":"sha256:older","platform":{"os":"linux","architecture":"` + runtime.GOARCH + `"}}]}`,
		"pushed": `{}`,
	}
	m.atBoot = append(m.atBoot, func() { m.put(socket, "") })
	prefix := program + " --address " + socket + " -n k8s.io "
	const imports = "images import --digests=false --label io.cri-containerd.pinned=pinned --no-unpack --sync-fs "
	m.fakes[program] = func(argv []string) (string, error) {
		args, ok := strings.CutPrefix(strings.Join(argv, " "), prefix)
		switch {
		case ok && args == "images ls":
			list := "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
			for _, ref := range slices.Sorted(maps.Keys(refs)) {
				list += ref + " application/vnd.docker.distribution.manifest.v2+json sha256:" + refs[ref] +
					" 311.6 KiB linux/amd64 io.cri-containerd.image=managed\n"
			}
			return list, nil
		case ok && strings.HasPrefix(args, "content get sha256:"):
			return manifests[strings.TrimPrefix(args, "content get sha256:")], nil
		case ok && strings.HasPrefix(args, "another "):
			refs[wanted] = strings.TrimPrefix(args, "another ")
			return "", nil
		case ok && strings.HasPrefix(args, imports):
			data, err := os.ReadFile(strings.TrimPrefix(args, imports))
			if !bytes.Equal(data, []byte("archive")) {
				m.t.Errorf("imports %q: %v", data, err)
			}
			refs[wanted] = "newer"
			return "", nil
		case ok && args == "images rm --sync "+wanted:
			delete(refs, wanted)
			return "", nil
		}
		return m.unexpected(argv)
	}
}

// readyLaws have a server that is ready at the third question.
func readyLaws() []law {
	return []law{{
		name: "third try", stays: true, wanted: resource.Ready{Name: "etcd", URL: "http://127.0.0.1:2381/health", Expect: `"health":"true"`},
		start: func(m *machine) {
			asked := 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked < 4 {
					http.Error(w, `{"health":"false"}`, http.StatusServiceUnavailable)
					return
				}
				_, _ = w.Write([]byte(`{"health":"true"}`))
			}))
			m.must(server.Listener.Close())
			listener := listen(m.t, "tcp", "127.0.0.1:2381")
			server.Listener = listener
			server.Start()
			m.t.Cleanup(server.Close)
		},
	}}
}

func memberLaws() []law {
	fresh := func(m *machine) { newSystemd(m) }
	wanted := resource.Member{
		Name: "m1", Unit: "etcd.service", DataDir: "/var/lib/etcd", Marker: "/etc/etcd/bootstrapped",
		Token: "t0ken", New: true,
	}
	marked := resource.Bootstrapped{Unit: "etcd.service", Marker: "/etc/etcd/bootstrapped", Token: "t0ken"}
	return []law{
		{name: "new", start: fresh, wanted: wanted},
		{
			name: "in memory", wanted: wanted,
			start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				m.must(newSystemd(m).start("etcd.service"))
			},
		},
		{
			name: "allowed", stays: true, wanted: marked, before: "bootstrapping allowed\n",
			start: func(m *machine) {
				fresh(m)
				m.apply(wanted)
			},
		},
		{
			name: "allowed in memory", stays: true, wanted: marked, before: "bootstrapping allowed\n",
			start: func(m *machine) {
				m.put("/etc/systemd/system/etcd.service", "[Service]\n")
				m.must(newSystemd(m).start("etcd.service"))
				m.apply(wanted)
			},
		},
		{name: "unmarked", start: fresh, wanted: marked},
		{
			name: "other token", wanted: marked, before: "token other\n",
			start: func(m *machine) { fresh(m); m.put("/etc/etcd/bootstrapped", "other\n") },
		},
	}
}

func kubeLaws() []law {
	const secret = "correct horse battery staple"
	object := func(manifest string) api.Object {
		return api.Object{Manifest: []byte(manifest), Kubeconfig: "/etc/kubernetes/admin.conf"}
	}
	start := func(m *machine) { newKube(m) }
	role := `{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"flannel"},
		"rules":[{"apiGroups":[""],"resources":["nodes"],"verbs":["get","list"]}]}`
	return []law{
		{name: "configmap", start: start, wanted: object(`{"apiVersion":"v1","kind":"ConfigMap",
			"metadata":{"name":"coredns","namespace":"kube-system","labels":null},"data":{"Corefile":".:53 {\n  errors\n}\n","e":""}}`)},
		{name: "role", start: start, wanted: object(role)},
		{
			name: "secret", start: start, secret: secret,
			wanted: object(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"d"},` +
				`"stringData":{"password":"` + secret + `"}}`),
		},
		{
			name: "changed", wanted: object(role), start: func(m *machine) {
				newKube(m)
				m.apply(object(strings.Replace(role, `"list"`, `"list","delete"`, 1)))
			},
			before: "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata.name: flannel\n" +
				"rules[0].apiGroups[0]: \nrules[0].resources[0]: nodes\n" +
				"rules[0].verbs[0]: get\nrules[0].verbs[1]: list\n" +
				"rules[0].verbs[2]: delete\n",
		},
		{
			name: "removed",
			wanted: api.Object{
				Manifest:   []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`),
				Kubeconfig: "/etc/kubernetes/admin.conf", Absent: true,
			},
			start: func(m *machine) {
				newKube(m)
				m.apply(object(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"x"}}`))
			},
			before: "apiVersion: v1\nkind: Namespace\nmetadata.name: x\n",
		},
		{
			name: "registered",
			wanted: api.Node{
				Name: "m1", Kubeconfig: "/etc/kubernetes/admin.conf", Labels: map[string]string{"a/b": "c"},
				Taints: []string{"node-role.kubernetes.io/control-plane:NoSchedule"},
			},
			// A label is not taken away by wanting a node without it, so it is there before.
			start: func(m *machine) {
				newKube(m).register("m1", true)
				m.apply(api.Node{
					Name:       "m1",
					Kubeconfig: "/etc/kubernetes/admin.conf",
					Labels:     map[string]string{"a/b": "c"},
				})
			},
			before: "registered\nlabel a/b=c\n",
		},
		{
			name: "ready later", stays: true,
			wanted: api.NodeStatus{Name: "m1", Is: api.IsReady, Kubeconfig: "/etc/kubernetes/admin.conf"},
			start: func(m *machine) {
				newSystemd(m) // which is asked whether there still is a kubelet
				k := newKube(m)
				k.register("m1", false)
				k.after(3, func() { k.register("m1", true) })
			},
		},
		{
			name: "all on one node", stays: true, start: func(m *machine) { newKube(m).crowd() },
			wanted: api.Spread{Namespace: "kube-system", Name: "x", Kubeconfig: "/etc/kubernetes/admin.conf"},
		},
		rolloutLaw("apps/v1", "Deployment", "kube-system", "/apis/apps/v1/namespaces/kube-system/deployments/x",
			`{"observedGeneration":1,"conditions":[{"type":"Available","status":"False"}]}`,
			`{"observedGeneration":2,"replicas":1,"updatedReplicas":1,"availableReplicas":1,`+
				`"conditions":[{"type":"Available","status":"True"}]}`),
		rolloutLaw("apps/v1", "DaemonSet", "kube-system", "/apis/apps/v1/namespaces/kube-system/daemonsets/x",
			`{"observedGeneration":2,"desiredNumberScheduled":2,"numberReady":1,"updatedNumberScheduled":2}`,
			`{"observedGeneration":2,"desiredNumberScheduled":2,"numberReady":2,"updatedNumberScheduled":2}`),
		rolloutLaw("apiregistration.k8s.io/v1", "APIService", "", "/apis/apiregistration.k8s.io/v1/apiservices/x",
			`{"conditions":[{"type":"Available","status":"False"}]}`,
			`{"conditions":[{"type":"Available","status":"True"}]}`),
		rolloutLaw("apps/v1", "StatefulSet", "kube-system", "/apis/apps/v1/namespaces/kube-system/statefulsets/x",
			`{"observedGeneration":2,"availableReplicas":0,"updatedReplicas":1}`,
			`{"observedGeneration":2,"availableReplicas":1,"updatedReplicas":1}`),
		{
			name: "not ready",
			wanted: api.Readiness{
				APIVersion: "apps/v1", Kind: "Deployment", Namespace: "kube-system", Name: "x",
				Kubeconfig: "/etc/kubernetes/admin.conf",
			},
			start: func(m *machine) {
				newKube(m).status("/apis/apps/v1/namespaces/kube-system/deployments/x", `{"observedGeneration":1}`)
			},
		},
	}
}

// rolloutLaw waits for an object whose status changes when it was read three times.
func rolloutLaw(apiVersion, kind, namespace, path, before, after string) law {
	return law{
		name: kind, stays: true,
		wanted: api.Rollout{
			APIVersion: apiVersion, Kind: kind, Namespace: namespace, Name: "x",
			Kubeconfig: "/etc/kubernetes/admin.conf",
		},
		start: func(m *machine) {
			k := newKube(m)
			k.status(path, before)
			k.after(3, func() { k.status(path, after) })
		},
	}
}
