package resource

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"kbootstrap/host"
)

// EtcdStore is what a store of Kubernetes holds at a revision, as far as one store can be told from
// another by it.
type EtcdStore struct {
	Revision int64             `json:"revision"`
	Keys     int64             `json:"keys"`
	System   string            `json:"kubeSystemUID"` // the UID of the namespace kube-system
	Nodes    map[string]string `json:"nodes"`         // the UIDs of the nodes, by name
}

// The keys of a store of Kubernetes (--etcd-prefix of kube-apiserver).
const (
	systemKey  = "/registry/namespaces/kube-system"
	nodePrefix = "/registry/minions/"
)

// Store reads what a member holds at a revision; 0 is the newest one. It asks no other member.
func (a EtcdAccess) Store(ctx context.Context, sys *host.System, revision int64) (EtcdStore, error) {
	found := EtcdStore{Nodes: map[string]string{}}
	read := func(from, to string, more map[string]any) (etcdRange, error) {
		body := map[string]any{"key": inBase64(from), "serializable": true}
		if to != "" {
			body["range_end"] = inBase64(to)
		}
		if revision != 0 {
			body["revision"] = strconv.FormatInt(revision, 10)
		}
		for name, value := range more {
			body[name] = value
		}
		var answer etcdRange
		return answer, a.ask(ctx, sys, a.Endpoints, "/v3/kv/range", body, &answer)
	}
	all, err := read("\x00", "\x00", map[string]any{"count_only": true})
	if err != nil {
		return found, err
	}
	found.Keys, found.Revision = all.Count, all.Header.Revision
	if revision != 0 {
		found.Revision = revision
	}
	system, err := read(systemKey, "", nil)
	if err != nil {
		return found, err
	}
	for _, kv := range system.KVs {
		found.System = uidOf(kv.Value)
	}
	nodes, err := read(nodePrefix, "/registry/minions0", map[string]any{"keys_only": true})
	if err != nil {
		return found, err
	}
	for _, key := range nodes.KVs { // one by one: a node may have a megabyte
		node, err := read(string(key.Key), "", nil)
		if err != nil {
			return found, err
		}
		for _, kv := range node.KVs {
			found.Nodes[strings.TrimPrefix(string(kv.Key), nodePrefix)] = uidOf(kv.Value)
		}
	}
	return found, nil
}

// Differs says what tells the other store from this one, apart from its revision; "" when they are
// the same.
func (s EtcdStore) Differs(other EtcdStore) string {
	switch {
	case s.System != other.System:
		return fmt.Sprintf("the namespace kube-system has the UID %s, not %s", other.System, s.System)
	case s.Keys != other.Keys:
		return fmt.Sprintf("the store has %d keys, not %d", other.Keys, s.Keys)
	case len(s.Nodes) != len(other.Nodes):
		return fmt.Sprintf("the store has %d nodes, not %d", len(other.Nodes), len(s.Nodes))
	}
	for name, uid := range s.Nodes {
		if other.Nodes[name] != uid {
			return fmt.Sprintf("the node %s has the UID %q, not %s", name, other.Nodes[name], uid)
		}
	}
	return ""
}

// etcdRange is an answer to a question for keys; the gateway writes 64-bit numbers as texts.
type etcdRange struct {
	Header struct {
		Revision int64 `json:"revision,string"`
	} `json:"header"`
	KVs []struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	} `json:"kvs"`
	Count int64 `json:"count,string"`
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// The fields of what Kubernetes writes: a k8s.io/apimachinery runtime.Unknown with the object in
// it, the metadata of the object, and the UID there.
const (
	unknownRaw     = 2
	objectMetadata = 1
	metadataUID    = 5
)

// uidOf is the UID of an object as Kubernetes writes it into etcd; "" when it cannot be read.
func uidOf(value []byte) string {
	object, ok := strings.CutPrefix(string(value), "k8s\x00")
	if !ok {
		return ""
	}
	for _, field := range []uint64{unknownRaw, objectMetadata, metadataUID} {
		_, texts := host.Protobuf([]byte(object))
		object = string(texts[field])
	}
	return object
}
