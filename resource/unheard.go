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

// isUnheard reports whether a learner of etcd has the data of its cluster, and serves no clients
// although its announcement is in the list of members.
//
// A member announces where it serves as an entry of the log, and serves when it sees that entry.
// Where the leader is the only voter, the entry is settled before the leader makes the snapshot
// that the learner gets first, and so it is a part of that snapshot: the learner does not see it,
// and announces itself again after seven seconds (ServerConfig.ReqTimeout of etcd).
func (v Vote) isUnheard(ctx context.Context, sys *host.System, entry etcdEntry) bool {
	if entry.Name == "" || len(entry.ClientURLs) == 0 {
		return false
	}
	at, err := url.Parse(entry.ClientURLs[0])
	if err != nil {
		return false
	}
	dialer := net.Dialer{Timeout: time.Second}
	if conn, err := dialer.DialContext(ctx, "tcp", at.Host); err == nil {
		_ = conn.Close()
		return false
	}
	return v.hasData(ctx, sys)
}

// hasData asks the port of peers, which a member serves from its start on, for the version of the
// cluster. That is a part of the data.
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
