package component

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kbootstrap/certs"
	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	EtcdData = "/var/lib/etcd"
	EtcdPKI  = "/etc/etcd/pki"
	// etcdMarker is there when the member has joined its cluster.
	etcdMarker = "/etc/etcd/bootstrapped"
)

// Etcd keeps the cluster's state. New members start together, because the first is not up until a
// quorum is. Running members change one at a time, because the cluster stops without a quorum; and
// members join one at a time, because etcd takes one learner.
var etcd = Component{
	Name:    Etcd,
	On:      on(inventory.Etcd),
	After:   []string{"base"},
	Needs:   []string{"etcd-peers"},
	Strict:  Target.beginsToInsist,
	Rolling: true, JoinsAlone: true,
	Role:  inventory.Etcd,
	Units: []string{"etcd.service"},
	Sources: []release.Source{{
		Component: "etcd", Archive: true, Directory: "etcd-v{version}-linux-{arch}/",
		URL:      "https://github.com/etcd-io/etcd/releases/download/v{version}/etcd-v{version}-linux-{arch}.tar.gz",
		Programs: []string{"etcd", "etcdctl", "etcdutl"}, Like: []string{release.Nothing},
	}},
	Ports: []Port{
		// A new member asks the others to be added.
		{Network: "tcp", Number: 2379, By: "etcd", For: "clients", Loopback: true, Address: true,
			From: []inventory.Role{inventory.ControlPlane, inventory.Etcd}, Shows: EtcdPKI + "/server.crt"},
		{
			Network: "tcp", Number: 2380, By: "etcd", For: "members", Address: true,
			From: []inventory.Role{inventory.Etcd}, Shows: EtcdPKI + "/peer.crt",
		},
		{Network: "tcp", By: "etcd", For: "figures", Loopback: true, Of: inMonitoring(etcdFiguresPort)},
	},
	Residue: Residue{Data: []string{EtcdData, "/etc/etcd"}},
	Programs: []inventory.Program{
		{Name: "etcd", Rules: etcdRules, Release: Etcd, Hidden: templates.HiddenDirs()},
	},
	Sandbox:   etcdSandbox,
	Variables: []string{"ETCD_"},
	Direct:    true,
	Resources: func(t Target) []resource.Resource {
		return list(
			one(
				resource.Dir{Path: EtcdData, Mode: 0o700, Owner: "etcd:etcd"},
			),
			etcdMember(t),
			t.gated("etcd.service", t.shared(etcdFlags(t)), list(etcdTurn(t), etcdJoin(t)),
				t.programs("etcd", "/usr/local/bin", "etcd"),
				t.keys("etcd"),
				one(unit("etcd.service", etcdUnit.Render(daemon{
					Flags:   etcdFlags(t),
					Sandbox: etcdSandbox(t),
				}))),
			),
			etcdVote(t),
			one(
				etcdQuorum(),
				resource.Bootstrapped{Unit: "etcd.service", Marker: etcdMarker, Token: EtcdToken(t.Cluster)},
			),
		)
	},
}

// etcdQuorum is a member that answers, and is one of a majority.
func etcdQuorum() resource.Resource {
	return resource.Ready{
		Name: "etcd has a quorum", URL: "https://127.0.0.1:2379/health", Expect: `"health":"true"`,
		CACert: EtcdPKI + "/ca.crt", Cert: EtcdPKI + "/healthcheck-client.crt",
		Key:  EtcdPKI + "/healthcheck-client.key",
		Unit: "etcd.service", Timeout: 90 * time.Second,
	}
}

const (
	quotaFlag = "quota-backend-bytes"
	// etcdQuota is the most that etcd's own guide suggests; the default of 2 GiB fills up on busy
	// clusters.
	etcdQuota = 8 << 30
)

// EtcdQuota is how large the database of a member may become, in bytes.
func EtcdQuota(c *inventory.Cluster) int64 {
	if set, err := strconv.ParseInt(c.Arguments["etcd"][quotaFlag], 10, 64); err == nil && set > 0 {
		return set
	}
	return etcdQuota
}

// EtcdToken tells apart clusters whose members could reach each other by mistake.
func EtcdToken(c *inventory.Cluster) string { return TokenPrefix + c.Name }

// TokenPrefix tells the tool's clusters from others.
const TokenPrefix = "kbootstrap-"

// etcdMember is the member's data: allowed to be new while there is no cluster yet. One that joins
// a cluster is told what it may when it is in the list of members, see etcdJoin.
func etcdMember(t Target) []resource.Resource {
	if t.joins() {
		return nil
	}
	var initial []string
	for _, h := range t.Cluster.With(inventory.Etcd) {
		initial = append(initial, h.Name+"="+peerURL(h))
	}
	return one(resource.Member{
		Name: t.Host.Name, Unit: "etcd.service", DataDir: EtcdData, Token: EtcdToken(t.Cluster), Marker: etcdMarker,
		New: t.EtcdNew, Initial: strings.Join(initial, ","),
	})
}

// peerURL is where a member of etcd answers the others.
func peerURL(h inventory.Host) string { return "https://" + h.Address.String() + ":2380" }

// etcdTurn has the members of a new cluster start one behind the other, each when the one before
// serves its peers: a member that starts together with others asks them for their members, and
// waits a second for each that listens but does not serve yet. A quorum is not waited for; there is
// none before the second member.
func etcdTurn(t Target) []resource.Resource {
	members := t.Cluster.With(inventory.Etcd)
	for i, h := range members {
		if !t.EtcdNew || i == 0 || h.Name != t.Host.Name {
			continue
		}
		before := members[i-1]
		return one(resource.Ready{
			Name: "etcd of " + before.Name + " serves its peers", URL: fmt.Sprintf("https://%s:2380/members", before.Address),
			CACert: EtcdPKI + "/ca.crt", Cert: EtcdPKI + "/peer.crt", Key: EtcdPKI + "/peer.key",
			Timeout: 120 * time.Second,
		})
	}
	return nil
}

// etcdFlags are flags, and not a configuration file, since CIS audits read the command line
// (security benchmark 2.x).
func etcdFlags(t Target) templates.Flags {
	address := t.Host.Address.String()
	flags := templates.Flags{
		"name":                        t.Host.Name,
		"data-dir":                    EtcdData,
		"listen-client-urls":          "https://127.0.0.1:2379,https://" + address + ":2379",
		"advertise-client-urls":       "https://" + address + ":2379",
		"listen-peer-urls":            peerURL(t.Host),
		"initial-advertise-peer-urls": peerURL(t.Host),
		"initial-cluster-token":       EtcdToken(t.Cluster),
		"client-cert-auth":            "true",
		"trusted-ca-file":             EtcdPKI + "/ca.crt",
		"cert-file":                   EtcdPKI + "/server.crt",
		"key-file":                    EtcdPKI + "/server.key",
		"peer-client-cert-auth":       "true",
		"peer-trusted-ca-file":        EtcdPKI + "/ca.crt",
		"peer-cert-file":              EtcdPKI + "/peer.crt",
		"peer-key-file":               EtcdPKI + "/peer.key",
		"tls-min-version":             "TLS1.2",
		"cipher-suites":               strings.Join(ciphers, ","),
		quotaFlag:                     strconv.Itoa(etcdQuota),
	}
	if hasMonitoring(t.Cluster) {
		// A client's certificate could read all keys; these tell figures, to the host itself.
		flags["listen-metrics-urls"] = fmt.Sprintf("http://127.0.0.1:%d", etcdFiguresPort)
	}
	if t.insists() {
		flags["peer-cert-allowed-cn"] = certs.EtcdPeer // a client's certificate is no member's
	}
	if strings.HasPrefix(t.version("etcd"), "3.5.") {
		flags["experimental-initial-corrupt-check"] = "true"
		flags["experimental-compact-hash-check-enabled"] = "true"
	} else {
		flags["feature-gates"] = "InitialCorruptCheck=true,CompactHashCheck=true"
	}
	flags = t.withArguments(Etcd, etcdRules, flags)
	if flags["tls-min-version"] == "TLS1.3" && t.Cluster.Arguments[Etcd]["cipher-suites"] == "" {
		delete(flags, "cipher-suites") // TLS 1.3 has none to choose from, and etcd does not start with both
	}
	return flags
}

// etcdSandbox is what etcd may do.
func etcdSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Writable: []string{EtcdData}, OOMScore: lastKilled})
}

var etcdUnit = templates.New[daemon]("etcd.service.tmpl")

// ClusterOf is the name of the cluster that a token was made for.
func ClusterOf(token string) string { return strings.TrimPrefix(token, TokenPrefix) }

// OwnEtcd is how the host of a member of etcd asks it.
func OwnEtcd() resource.EtcdAccess {
	return resource.EtcdAccess{
		Endpoints: []string{"https://127.0.0.1:2379"}, CACert: EtcdPKI + "/ca.crt",
		Cert: EtcdPKI + "/healthcheck-client.crt", Key: EtcdPKI + "/healthcheck-client.key",
	}
}
