package provision

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"kbootstrap/backup/scheduled"
	"kbootstrap/certs"
	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/provision/checkup"
	"kbootstrap/provision/component"
	"kbootstrap/provision/guard"
	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// ObserveAndCheckUp is Observe, and asks in the same request how the cluster is: its API servers,
// its etcd members, the certificates and the units of each host.
func ObserveAndCheckUp(ctx context.Context, r *Run) error {
	queries := map[string]node.Query{}
	live := situation(r).IsLive()
	for name, m := range r.Fleet {
		query := node.CheckupQuery{Certificates: certificatesOf(r, name), Units: m.Facts.Units}
		if h := m.Host; h.Has(inventory.Etcd) && r.Cluster.Backup.Schedule.IsSet() {
			query.Backups = &node.BackupsQuery{
				Dir: component.BackupSetsDir(r.Cluster, h), Config: scheduled.ConfigPath,
			}
		}
		if live {
			query.Vitals = vitalsOf(r.Cluster, m.Host, m.Facts)
		}
		q := queries[name]
		q.Checkup = &query
		queries[name] = q
	}
	answers, err := lookAtForeign(ctx, r, queries)
	r.checkups = map[string]node.Checkup{}
	for name, a := range answers {
		r.checkups[name] = a.Checkup
	}
	return err
}

// isBare reports whether no host has anything of a cluster, neither when the session to it was
// opened nor at the last look.
func isBare(r *Run) bool {
	for _, s := range r.Plan.Steps {
		for _, found := range s.Found {
			if service, ok := found.(resource.Runner); ok {
				if unit, runs := service.Runs(); runs && guard.TellsOfCluster(unit) {
					return false
				}
			}
		}
	}
	return situation(r).IsBare()
}

// vitalsOf is who can be asked on a host: its own API server, and its member of etcd if that has
// joined.
func vitalsOf(c *inventory.Cluster, h inventory.Host, facts host.Facts) api.VitalsSource {
	var from api.VitalsSource
	if h.Has(inventory.ControlPlane) {
		from = api.VitalsSource{
			Kubeconfig: component.Admin, Leases: checkup.Leases(),
			Namespace: component.DNSNamespace, Deployment: component.DNSDeployment,
			Policies: c.Network.Policy == inventory.PolicyNone,
		}
	}
	if h.Has(inventory.Etcd) && facts.EtcdBootstrapped != "" {
		from.Etcd = resource.Ready{
			URL: "https://127.0.0.1:2379", CACert: component.EtcdPKI + "/ca.crt",
			Cert: component.EtcdPKI + "/healthcheck-client.crt", Key: component.EtcdPKI + "/healthcheck-client.key",
		}
	}
	return from
}

// certificatesOf are the paths of the certificates of a host, the one that its kubelet keeps for
// itself among them.
func certificatesOf(r *Run, name string) []string {
	paths := map[string]bool{}
	for _, s := range r.Plan.Steps {
		if s.About() != name {
			continue
		}
		for _, w := range s.Wanted {
			switch w := w.(type) {
			case resource.File:
				if !w.Absent && certs.HasCertificate(w.Path) {
					paths[w.Path] = true
				}
			case resource.Credential:
				paths[w.Path] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(paths))
}

// ownCertificates are those of the state directory that a user depends on: the administrator's, and
// the authorities.
func ownCertificates(c *inventory.Cluster) ([]host.Certificate, error) {
	var paths []string
	for _, name := range []string{"admin.kubeconfig", "pki/ca.crt", "pki/etcd/ca.crt", "pki/front-proxy-ca.crt"} {
		paths = append(paths, filepath.Join(c.StateDir(), name))
	}
	return host.Certificates("", paths)
}

// sceneOfCheckup gathers what the judges of `status` are given.
func sceneOfCheckup(r *Run, hosts []HostStatus) checkup.Scene {
	s := checkup.Scene{
		Cluster: r.Cluster, Now: time.Now(), Members: r.census.Members, Live: situation(r).IsLive(), Bare: isBare(r),
		EtcdQuota: component.EtcdQuota(r.Cluster), Kept: component.KubeletKept,
	}
	for i, h := range r.Cluster.Hosts {
		told := checkup.Host{Host: h, Error: hosts[i].Error, Reached: hosts[i].Reached, Checkup: r.checkups[h.Name],
			Server: r.evidence[h.Name].Kubernetes, Kubelet: r.evidence[h.Name].Kubelet}
		if m := r.Fleet[h.Name]; m != nil {
			told.Clock = m.Clock
		}
		for _, c := range hosts[i].Components {
			told.Components = append(told.Components, checkup.Component{
				Name: c.Name, Area: c.area, Unit: c.unit, Problem: c.Problem, Unknown: c.Unknown,
			})
		}
		s.Hosts = append(s.Hosts, told)
	}
	return s
}
