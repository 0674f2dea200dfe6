package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Vitals is how a running cluster is, as one host hears it of the API server and of the etcd member
// that run there. A part that was not asked is nil.
type Vitals struct {
	API  *APIVitals
	Etcd *EtcdVitals
}

// VitalsSource is who is asked for Vitals. What is empty is not asked.
type VitalsSource struct {
	Kubeconfig string // of an administrator; path on the host, below System.Root
	// Namespace and Deployment name the pods that are looked at.
	Namespace, Deployment string
	Leases                []string // of kube-system: those that the controllers hold
	// Policies has the policies of the network listed, which is asked where they have no effect.
	Policies bool
	// Etcd is the etcd member, with the certificates that it wants to see: its URL is
	// "https://127.0.0.1:2379".
	Etcd resource.Ready
}

// APIVitals is what an API server tells.
type APIVitals struct {
	// Error is why the server is not ready, or does not answer; empty when it is ready.
	Error    string
	Nodes    []NodeVitals
	Leases   []LeaseVitals
	Requests []RequestVitals
	Pods     *PodsVitals // of the Deployment; nil when there is none
	// Policies are the objects of the kind NetworkPolicy, as "NAMESPACE/NAME", where they were
	// asked for.
	Policies []string
}

// NodeVitals is how a node is.
type NodeVitals struct {
	Name     string
	Ready    bool
	Cordoned bool
	Mark     string   // what the tool has cordoned it for; see CordonMark
	Taints   []string // those that keep pods away: "key:Effect"
	// Wrong are the conditions that are not as they should be: "DiskPressure is True: …".
	Wrong []string
}

// LeaseVitals is who leads, of several that could.
type LeaseVitals struct {
	Name, Holder string
	Age          time.Duration // since the lease was renewed, by the host's clock
}

// RequestVitals is a certificate request that is neither granted nor denied.
type RequestVitals struct {
	Name, Signer, By string
	Age              time.Duration
}

// PodsVitals is how the pods of a Deployment are.
type PodsVitals struct {
	Wanted, Ready int
	Pods          []PodVitals
}

// PodVitals is one pod.
type PodVitals struct {
	Name, Node string
	Ready      bool
	Why        string // of a pod that is not ready: "ImagePullBackOff: …"
}

// vitalsTimeout bounds the questions to one server.
const vitalsTimeout = 5 * time.Second

// TakeVitals asks the servers of one host.
func TakeVitals(ctx context.Context, sys *host.System, from VitalsSource) Vitals {
	ctx, cancel := context.WithTimeout(ctx, vitalsTimeout)
	defer cancel()
	var v Vitals
	etcd := make(chan *EtcdVitals, 1)
	go func() { etcd <- etcdVitals(ctx, sys, from.Etcd) }()
	if from.Kubeconfig != "" {
		v.API = &APIVitals{}
		if err := v.API.take(ctx, sys, from); err != nil {
			v.API.Error = human.OneLine(err.Error())
		}
	}
	v.Etcd = <-etcd
	return v
}

func (v *APIVitals) take(ctx context.Context, sys *host.System, from VitalsSource) error {
	a, err := kube.OpenAPI(sys, from.Kubeconfig)
	if err != nil {
		return err
	}
	ready := isReady(ctx, a)
	if silent := (*url.Error)(nil); errors.As(ready, &silent) {
		return ready // no server answers, and each further question would wait as long
	}
	now := time.Now()
	// A server that is not ready may still tell something, and what it does not tell is not known.
	rest := errors.Join(v.nodes(ctx, a), v.leases(ctx, a, from.Leases, now), v.requests(ctx, a, now),
		v.pods(ctx, a, from.Namespace, from.Deployment), v.policies(ctx, a, from.Policies))
	return cmp.Or(ready, rest)
}

// isReady returns why the API server is not ready: which of its checks fail.
func isReady(ctx context.Context, a *kube.API) error {
	_, err := a.Get(ctx, "/readyz?verbose")
	if err == nil {
		return nil
	}
	var failed []string
	for word := range strings.FieldsSeq(err.Error()) {
		if name, ok := strings.CutPrefix(word, "[-]"); ok {
			failed = append(failed, name)
		}
	}
	if failed == nil {
		return err
	}
	return fmt.Errorf("it is not ready: %s", strings.Join(failed, ", "))
}

func read(ctx context.Context, a *kube.API, path string, into any) error {
	data, err := a.Get(ctx, path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (v *APIVitals) nodes(ctx context.Context, a *kube.API) error {
	var list struct {
		Items []struct {
			Metadata struct {
				Name        string
				Annotations map[string]string
			}
			Spec struct {
				Unschedulable bool
				Taints        []kubeTaint
			}
			Status struct{ Conditions []condition }
		}
	}
	if err := read(ctx, a, "/api/v1/nodes", &list); err != nil {
		return err
	}
	v.Nodes = []NodeVitals{}
	for _, item := range list.Items {
		n := NodeVitals{Name: item.Metadata.Name, Cordoned: item.Spec.Unschedulable,
			Mark: item.Metadata.Annotations[CordonMark]}
		for _, t := range item.Spec.Taints {
			if t.Effect != "PreferNoSchedule" {
				n.Taints = append(n.Taints, t.Key+":"+t.Effect)
			}
		}
		for _, c := range item.Status.Conditions {
			isReady := c.Type == "Ready"
			n.Ready = n.Ready || isReady && c.Status == "True"
			if isReady && c.Status != "True" || !isReady && c.Status == "True" {
				n.Wrong = append(n.Wrong, c.String())
			}
		}
		v.Nodes = append(v.Nodes, n)
	}
	return nil
}

func (v *APIVitals) leases(ctx context.Context, a *kube.API, names []string, now time.Time) error {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct {
				HolderIdentity string
				RenewTime      time.Time
			}
		}
	}
	if err := read(ctx, a, "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases", &list); err != nil {
		return err
	}
	v.Leases = []LeaseVitals{}
	for _, item := range list.Items {
		if slices.Contains(names, item.Metadata.Name) {
			holder, _, _ := strings.Cut(item.Spec.HolderIdentity, "_")
			v.Leases = append(v.Leases, LeaseVitals{
				Name: item.Metadata.Name, Holder: holder, Age: now.Sub(item.Spec.RenewTime),
			})
		}
	}
	return nil
}

func (v *APIVitals) requests(ctx context.Context, a *kube.API, now time.Time) error {
	var list struct {
		Items []struct {
			Metadata struct {
				Name              string
				CreationTimestamp time.Time
			}
			Spec   struct{ SignerName, Username string }
			Status struct {
				Conditions  []condition
				Certificate []byte
			}
		}
	}
	if err := read(ctx, a, "/apis/certificates.k8s.io/v1/certificatesigningrequests", &list); err != nil {
		return err
	}
	for _, item := range list.Items {
		if len(item.Status.Conditions) == 0 && len(item.Status.Certificate) == 0 {
			v.Requests = append(v.Requests, RequestVitals{
				Name: item.Metadata.Name, Signer: item.Spec.SignerName, By: item.Spec.Username,
				Age: now.Sub(item.Metadata.CreationTimestamp),
			})
		}
	}
	return nil
}

func (v *APIVitals) pods(ctx context.Context, a *kube.API, namespace, name string) error {
	path, err := kube.Path("apps/v1", "Deployment", namespace, name)
	if err != nil {
		return err
	}
	var deployment struct {
		Spec struct {
			Replicas int
			Selector struct{ MatchLabels map[string]string }
		}
		Status struct{ ReadyReplicas int }
	}
	switch err := read(ctx, a, path, &deployment); {
	case kube.IsCode(err, http.StatusNotFound):
		return nil
	case err != nil:
		return err
	}
	pods, err := podsOf(ctx, a, namespace, selector(deployment.Spec.Selector.MatchLabels))
	if err != nil {
		return err
	}
	v.Pods = &PodsVitals{Wanted: deployment.Spec.Replicas, Ready: deployment.Status.ReadyReplicas}
	for _, p := range pods {
		v.Pods.Pods = append(v.Pods.Pods, p.vitals())
	}
	return nil
}

func (v *APIVitals) policies(ctx context.Context, a *kube.API, asked bool) error {
	if !asked {
		return nil
	}
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
		}
	}
	if err := read(ctx, a, "/apis/networking.k8s.io/v1/networkpolicies", &list); err != nil {
		return err
	}
	for _, item := range list.Items {
		v.Policies = append(v.Policies, item.Metadata.Namespace+"/"+item.Metadata.Name)
	}
	return nil
}

// podsOf returns the pods with the labels, but for those that are about to go.
func podsOf(ctx context.Context, a *kube.API, namespace, labels string) ([]pod, error) {
	var list struct{ Items []pod }
	err := read(ctx, a, "/api/v1/namespaces/"+namespace+"/pods?labelSelector="+url.QueryEscape(labels), &list)
	return slices.DeleteFunc(list.Items, func(p pod) bool { return p.Metadata.DeletionTimestamp != "" }), err
}

func (p pod) vitals() PodVitals {
	v := PodVitals{Name: p.Metadata.Name, Node: p.Spec.NodeName, Why: p.Status.Phase}
	for _, c := range p.Status.Conditions {
		switch {
		case c.Type == "Ready" && c.Status == "True":
			v.Ready, v.Why = true, ""
			return v
		case c.Type == "PodScheduled" && c.Status == "False":
			v.Why = c.Reason + ": " + human.OneLine(c.Message)
		}
	}
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil {
			v.Why = strings.TrimSuffix(w.Reason+": "+human.OneLine(w.Message), ": ")
		}
	}
	return v
}
