package resource

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"kbootstrap/host"
)

// isServing reports whether a member has announced where it serves clients, and does.
//
// It announces that as an entry of the log, and serves when it sees that entry. Where the leader is
// the only voter, the entry is settled before the leader makes the snapshot that a learner gets
// first, and so it is a part of that snapshot: the learner does not see it, and announces itself
// again after seven seconds (ServerConfig.ReqTimeout of etcd).
func (e etcdEntry) isServing(ctx context.Context) bool {
	if e.Name == "" || len(e.ClientURLs) == 0 {
		return false
	}
	at, err := url.Parse(e.ClientURLs[0])
	if err != nil {
		return false
	}
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// hasData asks the port of peers, which a member serves from its start on, for the version of the
// cluster. That is a part of the data that a learner gets from the leader.
func (v Vote) hasData(ctx context.Context, sys *host.System) bool {
	client, err := Ready{CACert: v.Access.CACert, Cert: v.Access.Cert, Key: v.Access.Key}.Client(sys)
	if err != nil {
		return false
	}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.PeerURL+"/version", nil)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	var version struct{ EtcdCluster string }
	err = json.NewDecoder(io.LimitReader(response.Body, maxEtcdAnswer)).Decode(&version)
	return err == nil && version.EtcdCluster != "" && version.EtcdCluster != "not_decided"
}
