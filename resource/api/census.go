package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
	"kbootstrap/kube"
	"kbootstrap/resource"
)

// Census is who belongs to a cluster that runs, as the cluster itself tells it.
type Census struct {
	Nodes   []RegisteredNode // of the API; nil when it was not asked or does not answer
	Members []EtcdMember     // of etcd; nil when it was not asked or does not answer
	// Etcd is how the host's own member of etcd is; nil when it was not asked.
	Etcd *EtcdVitals
	// Upgrade is what an upgrade would meet; nil when it was not asked for.
	Upgrade *UpgradeView
}

// RegisteredNode is a node of the API.
type RegisteredNode struct {
	Name       string
	MachineID  string // /etc/machine-id of the machine whose kubelet registered it
	SystemUUID string // its product_uuid, or the machine-id where the kubelet found none
	BootID     string
	Address    string // by which the others reach it; empty until its kubelet has told
	Ready      bool   // its kubelet has told so of late
	Kubelet    string // the version of its kubelet: "v1.36.3"
	Cordoned   bool   // it takes no more pods
	Mark       string // what the tool has cordoned it for; see CordonMark
}

// EtcdMember is a member in etcd's own list.
type EtcdMember struct {
	Name     string
	PeerURLs []string
	Started  bool // it has told where clients reach it, which a member does when it first starts
	Learner  bool // it has no vote yet
}

// CensusSource is where a Census is taken. What is empty is not asked.
type CensusSource struct {
	Kubeconfig string // path on the host, below System.Root
	// Members is where a member answers to its peers, with the certificates that it wants to see:
	// its URL is "https://192.168.56.11:2380/members". A member answers that without a quorum.
	Members resource.Ready
	// Etcd is where the host's own member answers clients: "https://127.0.0.1:2379".
	Etcd resource.Ready
	// Upgrade asks the API what an upgrade would meet.
	Upgrade bool
}

const (
	// censusTimeout bounds one question: what does not answer at once does not stand.
	censusTimeout = 5 * time.Second
	// viewTimeout is how long an API server may take to tell what an upgrade would meet: its
	// figures and all pods of a large cluster are tens of megabytes.
	viewTimeout = time.Minute
)

// TakeCensus asks the API and etcd, as one host reaches them. Who does not answer has said nothing,
// which is no error.
func TakeCensus(ctx context.Context, sys *host.System, from CensusSource) Census {
	brief, cancel := context.WithTimeout(ctx, censusTimeout)
	defer cancel()
	var census Census
	if from.Kubeconfig != "" {
		census.Nodes, _ = registeredNodes(brief, sys, from.Kubeconfig)
	}
	if from.Members.URL != "" {
		census.Members, _ = etcdMembers(brief, sys, from.Members)
	}
	census.Etcd = etcdVitals(brief, sys, from.Etcd)
	if from.Upgrade {
		long, cancel := context.WithTimeout(ctx, viewTimeout)
		defer cancel()
		census.Upgrade = viewUpgrade(long, sys, from.Kubeconfig)
	}
	return census
}

func registeredNodes(ctx context.Context, sys *host.System, kubeconfig string) ([]RegisteredNode, error) {
	a, err := kube.OpenAPI(sys, kubeconfig)
	if err != nil {
		return nil, err
	}
	data, err := a.Get(ctx, "/api/v1/nodes")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name        string
				Annotations map[string]string
			}
			Spec   struct{ Unschedulable bool }
			Status struct {
				NodeInfo   struct{ MachineID, SystemUUID, BootID, KubeletVersion string }
				Addresses  []struct{ Type, Address string }
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	nodes := make([]RegisteredNode, len(list.Items))
	for i, item := range list.Items {
		info := item.Status.NodeInfo
		node := RegisteredNode{
			Name: item.Metadata.Name, MachineID: info.MachineID, SystemUUID: info.SystemUUID, BootID: info.BootID,
			Kubelet: info.KubeletVersion, Cordoned: item.Spec.Unschedulable,
			Mark: item.Metadata.Annotations[CordonMark],
		}
		for _, a := range item.Status.Addresses {
			if a.Type == "InternalIP" && node.Address == "" {
				node.Address = a.Address
			}
		}
		for _, c := range item.Status.Conditions {
			node.Ready = node.Ready || c.Type == "Ready" && c.Status == "True"
		}
		nodes[i] = node
	}
	return nodes, nil
}

// fromItself has a client call from the address that it calls: etcd compares the addresses in a
// certificate with the one that the call comes from, and another may be the first of the interface.
func fromItself(client *http.Client, to string) {
	transport, ok := client.Transport.(*http.Transport)
	at, err := url.Parse(to)
	if !ok || err != nil {
		return
	}
	if ip := net.ParseIP(at.Hostname()); ip != nil {
		transport.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: ip}}).DialContext
	}
}

// maxMembers is more than the answer of the largest etcd cluster, in bytes.
const maxMembers = 1 << 20

func etcdMembers(ctx context.Context, sys *host.System, at resource.Ready) ([]EtcdMember, error) {
	client, err := at.Client(sys)
	if err != nil {
		return nil, err
	}
	fromItself(client, at.URL)
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.URL, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMembers))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", response.Status, human.OneLine(string(body)))
	}
	// go.etcd.io/etcd/server/v3/etcdserver/api/membership.Member
	var list []struct {
		Name       string
		PeerURLs   []string
		ClientURLs []string
		IsLearner  bool
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("members: %w", err)
	}
	members := make([]EtcdMember, len(list))
	for i, m := range list {
		members[i] = EtcdMember{Name: m.Name, PeerURLs: m.PeerURLs, Started: len(m.ClientURLs) > 0,
			Learner: m.IsLearner}
	}
	return members, nil
}
