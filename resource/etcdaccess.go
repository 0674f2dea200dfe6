package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kbootstrap/host"
	"kbootstrap/internal/human"
)

// EtcdAccess is how a host asks the members of an etcd cluster, as a client: through the JSON
// gateway that each of them has. A client of etcd's own would double the program that hosts get.
type EtcdAccess struct {
	Endpoints []string // of members that vote: "https://192.168.56.11:2379"
	// CACert, Cert and Key are paths below System.Root.
	CACert, Cert, Key string
	// Socket is where a member listens that no other machine reaches; "" for one of a network.
	Socket string
}

// etcdEntry is a member in etcd's list. Name is empty until the member has started.
type etcdEntry struct {
	ID         string
	Name       string
	PeerURLs   []string
	ClientURLs []string
	IsLearner  bool
}

// is reports whether the entry has an ID, as a write-ahead log has it.
func (e etcdEntry) is(member uint64) bool { return e.ID == strconv.FormatUint(member, 10) }

// title names an entry for people.
func (e etcdEntry) title() string {
	if e.Name == "" {
		return strings.Join(e.PeerURLs, ", ")
	}
	return e.Name
}

// etcdEntries is etcd's list of members.
type etcdEntries []etcdEntry

// at finds the member with a peer URL.
func (all etcdEntries) at(peer string) (etcdEntry, bool) {
	i := slices.IndexFunc(all, func(e etcdEntry) bool { return slices.Contains(e.PeerURLs, peer) })
	if i < 0 {
		return etcdEntry{}, false
	}
	return all[i], true
}

// etcdAnswer is how long a member may take: it gives up by itself after seven seconds
// (ServerConfig.ReqTimeout).
const etcdAnswer = 10 * time.Second

// maxEtcdAnswer is more than the list of the largest etcd cluster, in bytes.
const maxEtcdAnswer = 1 << 20

// etcdError is an answer other than 200.
type etcdError struct{ text string }

func (e *etcdError) Error() string { return e.text }

// isAnswer reports whether a member has answered that it does not do what it was asked for. For
// most reasons it may do it in a moment.
func isAnswer(err error) bool { return errors.As(err, new(*etcdError)) }

// members reads the list of members, as the quorum has it.
func (a EtcdAccess) members(ctx context.Context, sys *host.System) (etcdEntries, error) {
	var list struct{ Members etcdEntries }
	err := a.ask(ctx, sys, a.Endpoints, "/v3/cluster/member/list", map[string]any{"linearizable": true}, &list)
	return list.Members, err
}

// change has the cluster change its list. Whether it did is for the next look at the list to say:
// an answer may be lost.
func (a EtcdAccess) change(
	ctx context.Context, sys *host.System, endpoints []string, path string, body map[string]any,
) error {
	return sys.Step(host.Step{Op: host.OpRequest, Path: "POST " + path}, func() error {
		return a.ask(ctx, sys, endpoints, path, body, nil)
	})
}

// ask asks one member after the other until one answers, whatever it says.
func (a EtcdAccess) ask(
	ctx context.Context, sys *host.System, endpoints []string, path string, body map[string]any, into any,
) error {
	return a.askWithin(ctx, sys, etcdAnswer, endpoints, path, body, into)
}

// askWithin is ask for what a member may take longer for.
func (a EtcdAccess) askWithin(
	ctx context.Context, sys *host.System, limit time.Duration, endpoints []string, path string, body map[string]any,
	into any,
) error {
	client, err := Ready{CACert: a.CACert, Cert: a.Cert, Key: a.Key}.Client(sys)
	if err != nil {
		return err
	}
	client.Timeout = limit
	if a.Socket != "" {
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", a.Socket)
		}}
	}
	defer client.CloseIdleConnections()
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	failed := errors.New("no member of etcd is known to ask")
	for _, endpoint := range endpoints {
		if failed = post(ctx, client, endpoint+path, text, into); failed == nil || isAnswer(failed) {
			return failed
		}
	}
	return failed
}

func post(ctx context.Context, client *http.Client, url string, body []byte, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, maxEtcdAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		var refusal struct{ Message, Error string }
		if json.Unmarshal(data, &refusal) == nil && refusal.Message+refusal.Error != "" {
			data = []byte(refusal.Message)
			if refusal.Message == "" {
				data = []byte(refusal.Error)
			}
		}
		return &etcdError{human.OneLine(string(data))}
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", url, err)
	}
	return nil
}
