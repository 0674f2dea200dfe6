package checkup

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"kbootstrap/host"
	"kbootstrap/inventory"
	"kbootstrap/node"
	"kbootstrap/resource/api"
)

var now = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

const kept = "/var/lib/kubelet/pki/kubelet-client-current.pem"

// well is a cluster of two hosts on which all is well.
func well() *Scene {
	c := &inventory.Cluster{Name: "demo", File: "hosts.yaml", Hosts: []inventory.Host{
		{Name: "cp1", Address: netip.MustParseAddr("192.168.56.11"),
			Roles: []inventory.Role{inventory.Etcd, inventory.ControlPlane, inventory.Worker}},
		{Name: "w1", Address: netip.MustParseAddr("192.168.56.12"), Roles: []inventory.Role{inventory.Worker}},
	}}
	s := &Scene{
		Cluster: c, Now: now, Live: true, EtcdQuota: 1000, Kept: kept,
		Members: []api.EtcdMember{{Name: "cp1", Started: true}},
	}
	for _, h := range c.Hosts {
		s.Hosts = append(s.Hosts, Host{
			Host: h, Reached: true, Components: []Component{
				{Name: "kubelet", Unit: "kubelet.service"}, {Name: "flannel", Area: Network, Unit: "flanneld.service"},
			},
			Checkup: node.Checkup{Certificates: []host.Certificate{
				{Path: "/etc/kubernetes/kubelet.conf", NotBefore: now, NotAfter: now.AddDate(0, 11, 0)},
				{Path: kept, NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Minute)},
			}},
		})
	}
	s.Hosts[0].Checkup.Vitals = api.Vitals{
		API: &api.APIVitals{
			Nodes: []api.NodeVitals{{Name: "cp1", Ready: true}, {Name: "w1", Ready: true}},
			Leases: []api.LeaseVitals{
				{Name: "kube-controller-manager", Holder: "cp1"}, {Name: "kube-scheduler", Holder: "cp1"},
			},
			Pods: &api.PodsVitals{Wanted: 2, Ready: 2, Pods: []api.PodVitals{
				{Name: "a", Node: "cp1", Ready: true}, {Name: "b", Node: "w1", Ready: true},
			}},
		},
		Etcd: &api.EtcdVitals{Member: "81", Leader: "81", Size: 100, Used: 90},
	}
	return s
}

// TestWell: where all is well there is nothing to say but the summary, in at most ten lines.
func TestWell(t *testing.T) {
	summary, problems := Judge(*well())
	if len(problems) > 0 {
		t.Errorf("problems %+v", problems)
	}
	var text strings.Builder
	for _, a := range summary {
		text.WriteString(string(a.Level) + " " + a.Name + ": " + a.Text + "\n")
	}
	want := `ok nodes: 2 of 2 Ready
ok API: 1 of 1 servers ready: cp1
ok etcd: 1 of 1 members, leader cp1, database 100 B of 1 kB
ok DNS: 2 of 2 replicas ready, on cp1, w1
ok pod network: 2 of 2 hosts
ok certificates: the first of 4 ends in 334 days: /etc/kubernetes/kubelet.conf on cp1
ok clocks: 3 within 1s of each other
`
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
}

// TestJudge has one thing wrong at a time: it is told with its level, in its area, of its host, and
// as the only one.
func TestJudge(t *testing.T) {
	servers := func(s *Scene) *api.APIVitals { return s.Hosts[0].Checkup.Vitals.API }
	member := func(s *Scene) *api.EtcdVitals { return s.Hosts[0].Checkup.Vitals.Etcd }
	certificate := func(s *Scene) *host.Certificate { return &s.Hosts[1].Checkup.Certificates[0] }
	own := func(s *Scene) *host.Certificate { return &s.Hosts[1].Checkup.Certificates[1] }
	for name, c := range map[string]struct {
		make                 func(s *Scene)
		level                Level
		area, host, contains string
	}{
		"a node is not ready": {func(s *Scene) {
			servers(s).Nodes[1] = api.NodeVitals{Name: "w1", Wrong: []string{"Ready is Unknown: NodeStatusUnknown"}}
		}, Broken, Nodes, "w1", "the node is not ready: Ready is Unknown"},
		"a node is under pressure": {func(s *Scene) {
			servers(s).Nodes[1].Wrong = []string{"DiskPressure is True: x"}
		}, Broken, Nodes, "w1", "takes no pods: DiskPressure is True"},
		"a node is cordoned": {func(s *Scene) {
			servers(s).Nodes[1].Cordoned = true
		}, Note, Nodes, "w1", "cordoned"},
		"a removal that was cut off": {func(s *Scene) {
			servers(s).Nodes[1].Cordoned, servers(s).Nodes[1].Mark = true, api.MarkRemoval
		}, Warning, Nodes, "w1", "`remove-node` has begun to empty the node"},
		"a learner": {func(s *Scene) {
			s.Members[0] = api.EtcdMember{
				PeerURLs: []string{"https://" + s.Cluster.Hosts[0].Address.String() + ":2380"}, Learner: true,
			}
		}, Warning, Etcd, "cp1", "a learner: its addition has not finished"},
		"a node is not there": {func(s *Scene) {
			servers(s).Nodes = servers(s).Nodes[:1]
		}, Broken, Nodes, "w1", "no such node"},
		"a node is not expected": {func(s *Scene) {
			servers(s).Nodes = append(servers(s).Nodes, api.NodeVitals{Name: "w9"})
		}, Warning, Nodes, "", "w9"},

		"an API server is not ready": {func(s *Scene) {
			servers(s).Error = "it is not ready: etcd"
		}, Broken, API, "cp1", "is not ready: it is not ready: etcd"},
		"no controller leads": {func(s *Scene) {
			servers(s).Leases[0].Age = 2 * time.Minute
		}, Broken, API, "", "cp1 led last, 2m ago"},
		"no scheduler ever led": {func(s *Scene) {
			servers(s).Leases = servers(s).Leases[:1]
		}, Broken, API, "", "no kube-scheduler has ever led"},
		"a kubelet is not granted its request": {func(s *Scene) {
			servers(s).Requests = []api.RequestVitals{
				{Name: "csr-1", Signer: kubeletSigner, By: "system:node:w1", Age: time.Hour},
			}
		}, Warning, API, "", "1 certificate requests of kubelets are Pending: csr-1 of system:node:w1"},
		"a user's request waits": {func(s *Scene) {
			servers(s).Requests = []api.RequestVitals{
				{Name: "csr-1", Signer: "kubernetes.io/kube-apiserver-client", Age: time.Hour},
			}
		}, Note, API, "", "wait for a person"},

		"an alarm": {func(s *Scene) {
			member(s).Alarms = []string{"NOSPACE"}
		}, Broken, Etcd, "cp1", "every write is refused"},
		"an alarm of the end": {func(s *Scene) {
			member(s).Alarms = []string{"CORRUPT"}
		}, Broken, Etcd, "cp1", "disagree"},
		"an unknown alarm": {func(s *Scene) {
			member(s).Alarms = []string{"NOVEL"}
		}, Broken, Etcd, "cp1", "alarm NOVEL"},
		"no leader": {func(s *Scene) { member(s).Leader = "" }, Broken, Etcd, "cp1", "no quorum"},
		"a silent member": {func(s *Scene) {
			*member(s) = api.EtcdVitals{Error: "refused"}
		}, Broken, Etcd, "cp1", "does not answer: refused"},
		"a member is missing": {func(s *Scene) {
			s.Members = []api.EtcdMember{}
		}, Broken, Etcd, "cp1", "no such member"},
		"a member is new": {func(s *Scene) {
			s.Members[0].Started = false
		}, Broken, Etcd, "cp1", "never started"},
		"a large database":          {func(s *Scene) { member(s).Size = 800 }, Warning, Etcd, "cp1", "80 %"},
		"a full database":           {func(s *Scene) { member(s).Size = 950 }, Broken, Etcd, "cp1", "95 %"},
		"the quota that etcd tells": {func(s *Scene) { member(s).Quota = 110 }, Warning, Etcd, "cp1", "90 %"},
		"a database full of holes": {func(s *Scene) {
			*member(s) = api.EtcdVitals{Member: "81", Leader: "81", Size: 1 << 30, Used: 1 << 20, Quota: 8 << 30}
		}, Note, Etcd, "cp1", "are in use"},

		"a policy without effect": {func(s *Scene) {
			s.Cluster.Network.Policy = inventory.PolicyNone
			servers(s).Policies = []string{"shop/deny-all"}
		}, Warning, Policies, "", "the NetworkPolicy shop/deny-all is not enforced"},

		"a replica is not ready": {func(s *Scene) {
			servers(s).Pods.Pods[1] = api.PodVitals{Name: "b", Node: "w1", Why: "ImagePullBackOff: x"}
		}, Broken, DNS, "w1", "the pod b of the cluster DNS is not ready: ImagePullBackOff: x"},
		"a replica is missing": {func(s *Scene) {
			servers(s).Pods.Pods = servers(s).Pods.Pods[:1]
		}, Broken, DNS, "", "1 of 2 replicas"},
		"no DNS": {func(s *Scene) { servers(s).Pods = nil }, Broken, DNS, "", "has no DNS"},
		"all on one node": {func(s *Scene) {
			servers(s).Pods.Pods[1].Node = "cp1"
		}, Warning, DNS, "", "w1 could take one"},

		"a certificate ends in weeks": {func(s *Scene) {
			certificate(s).NotAfter = now.AddDate(0, 0, 20)
		}, Warning, Certificates, "w1", "ends in 20 days"},
		"a certificate ends in days": {func(s *Scene) {
			certificate(s).NotAfter = now.AddDate(0, 0, 6)
		}, Broken, Certificates, "w1", "ends in 6 days"},
		"a certificate has ended": {func(s *Scene) {
			certificate(s).NotAfter = now.Add(-time.Hour)
		}, Broken, Certificates, "w1", "ended 1h0m ago"},
		"a kubelet's was not renewed": {func(s *Scene) {
			own(s).NotBefore = now.Add(-time.Hour)
		}, Warning, Certificates, "w1", "was not renewed by the kubelet"},
		"a kubelet's has ended": {func(s *Scene) {
			own(s).NotAfter = now.Add(-time.Hour)
		}, Broken, Certificates, "w1", "ended 1h0m ago"},
		"the administrator's": {func(s *Scene) {
			s.Own = []host.Certificate{{Path: "admin.kubeconfig", NotAfter: now.AddDate(0, 0, 20)}}
		}, Warning, Certificates, "control machine", "admin.kubeconfig"},

		"the sets are old": {func(s *Scene) {
			s.sets(50*time.Hour, 49*time.Hour)
		}, Broken, Backups, "", "the newest set of a backup is 2 days old"},
		"no set was ever made": {func(s *Scene) {
			s.sets(50 * time.Hour)
		}, Broken, Backups, "", "no host of etcd has made a set"},
		"the last set failed": {func(s *Scene) {
			s.sets(50*time.Hour, time.Hour)
			s.Hosts[0].Checkup.Backups.Failure = &host.BackupFailure{Time: now.Add(-time.Minute), Text: "no room"}
		}, Warning, Backups, "cp1", "no room"},
		"sets that cannot be read": {func(s *Scene) {
			s.sets(50 * time.Hour)
			s.Hosts[0].Checkup.BackupsErr = errors.New("input/output error")
		}, Warning, Backups, "cp1", "input/output error"},

		"a clock is ahead": {func(s *Scene) {
			s.Hosts[1].Clock.Offset = time.Minute
		}, Broken, Clocks, "w1", "ahead of the median"},
		"a clock is a bit behind": {func(s *Scene) {
			s.Hosts[1].Clock.Offset = -5 * time.Second
		}, Warning, Clocks, "w1", "behind the median"},

		"a component": {func(s *Scene) {
			s.Hosts[1].Components[0].Problem = "it is ill"
		}, Broken, "", "w1", "kubelet: it is ill"},
		"the network": {func(s *Scene) {
			s.Hosts[1].Components[1].Problem = "it is ill"
		}, Broken, Network, "w1", "flannel: it is ill"},
		"a crash loop": {func(s *Scene) {
			s.restart("kubelet.service", 9, 3*time.Second)
		}, Broken, "", "w1", "crashes again and again"},
		"a crash": {func(s *Scene) {
			s.restart("kubelet.service", 1, 3*time.Second)
		}, Warning, "", "w1", "had to start kubelet.service again"},
		"it has survived": {func(s *Scene) {
			s.restart("kubelet.service", 9, 2*time.Minute)
		}, Warning, "", "w1", "had to start kubelet.service again"},
		"a start without an end": {func(s *Scene) {
			s.Hosts[1].Checkup.Starts = []host.Starts{
				{Unit: "flanneld.service", Starting: time.Minute, Ago: time.Minute},
			}
		}, Warning, "", "w1", "has been starting flanneld.service for 1m"},
		"a start that waits": {func(s *Scene) {
			s.Hosts[1].Checkup.Starts = []host.Starts{{Unit: "flanneld.service", Waiting: time.Minute}}
		}, Warning, "", "w1", "its start waits in systemd's queue"},
		"a host that cannot be read": {func(s *Scene) {
			s.Hosts[1].Error = "w1: /etc/a: is broken"
		}, Broken, "", "w1", "/etc/a: is broken"},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			c.make(s)
			summary, problems := Judge(*s)
			if len(problems) != 1 {
				t.Fatalf("problems %+v", problems)
			}
			p := problems[0]
			if p.Level != c.level || p.Area != c.area || p.Host != c.host ||
				!strings.Contains(p.Text+p.Hint, c.contains) || p.Hint == "" && p.Host == "" {
				t.Errorf("got %+v\nwant %+v", p, c)
			}
			i := slices.IndexFunc(summary, func(a Area) bool { return a.Name == c.area })
			if c.area != "" && (i < 0 || summary[i].Level != c.level) {
				t.Errorf("summary %+v", summary)
			}
		})
	}
}

// sets has cp1 make sets every day for so long, and the given ones of so long ago, the newest
// first.
func (s *Scene) sets(since time.Duration, ago ...time.Duration) {
	s.Cluster.Backup.Schedule = inventory.Schedule{150}
	told := host.BackupSets{Since: now.Add(-since)}
	for _, d := range ago {
		told.Sets = append(told.Sets, host.BackupSet{Name: "x", Created: now.Add(-d), Size: 62000})
	}
	s.Hosts[0].Checkup.Backups = told
}

// TestBackups: what the summary says of sets that are as they should be.
func TestBackups(t *testing.T) {
	for want, change := range map[string]func(*Scene){
		"none yet; the first is made within 24 h": func(s *Scene) { s.sets(time.Hour) },
		"2 on hosts, the newest on cp1, 60 min ago: 62 kB": func(s *Scene) {
			s.sets(50*time.Hour, time.Hour, 25*time.Hour)
		},
		"": func(s *Scene) { s.sets(time.Hour); s.Cluster.Backup.Schedule = nil },
	} {
		s := well()
		change(s)
		summary, problems := Judge(*s)
		var got string
		for _, a := range summary {
			if a.Name == Backups {
				got = a.Text
			}
		}
		if got != want || len(problems) > 0 {
			t.Errorf("got %q, want %q; problems %+v", got, want, problems)
		}
	}
}

// restart has systemd start a unit of w1 again.
func (s *Scene) restart(unit string, count int, ago time.Duration) {
	s.Hosts[1].Checkup.Starts = []host.Starts{{Unit: unit, Count: count, Ago: ago}}
}

// TestNothingToSay: what looks odd, and is as it should be.
func TestNothingToSay(t *testing.T) {
	for name, change := range map[string]func(s *Scene){
		"a request that is young": func(s *Scene) {
			s.Hosts[0].Checkup.Vitals.API.Requests = []api.RequestVitals{{Signer: kubeletSigner, Age: time.Minute}}
		},
		"a restart of long ago":    func(s *Scene) { s.restart("etcd.service", 7, time.Hour) },
		"a unit without a process": func(s *Scene) { s.restart("etcd.service", 7, 0) },
		"replicas on the only node": func(s *Scene) {
			s.Hosts[0].Checkup.Vitals.API.Pods.Pods[1].Node = "cp1"
			s.Hosts[0].Checkup.Vitals.API.Nodes[1].Taints = []string{"gpu:NoSchedule"}
		},
		"a small database full of holes": func(s *Scene) { s.Hosts[0].Checkup.Vitals.Etcd.Used = 1 },
		"a start that has just begun": func(s *Scene) {
			s.Hosts[1].Checkup.Starts = []host.Starts{
				{Unit: "flanneld.service", Starting: 3 * time.Second, Ago: 3 * time.Second},
			}
		},
		"what was not asked": func(s *Scene) {
			s.Hosts[1].Components[1].Problem, s.Hosts[1].Components[1].Unknown = "not known", true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			change(s)
			if _, problems := Judge(*s); len(problems) > 0 {
				t.Errorf("problems %+v", problems)
			}
		})
	}
}

// TestExplained: where the cause is known, what follows from it in a component is not told too.
func TestExplained(t *testing.T) {
	for name, c := range map[string]struct {
		component, problem string
		change             func(v *api.Vitals)
	}{
		"an alarm": {"etcd", "etcd does not have a quorum", func(v *api.Vitals) {
			v.Etcd.Alarms = []string{"NOSPACE"}
		}},
		"the API": {"kube-apiserver", "kube-apiserver is not ready", func(v *api.Vitals) {
			v.API.Error = "etcd"
		}},
		"the replicas": {"coredns", "rollout is not complete", func(v *api.Vitals) {
			v.API.Pods.Ready, v.API.Pods.Pods = 1, v.API.Pods.Pods[:1]
		}},
		"the node": {"health", "node cp1 is not ready", func(v *api.Vitals) { v.API.Nodes[0].Ready = false }},
	} {
		t.Run(name, func(t *testing.T) {
			s := well()
			sick := Component{Name: c.component, Unit: "x.service", Problem: c.problem}
			s.Hosts[0].Components = append(s.Hosts[0].Components, sick)
			if _, problems := Judge(*s); len(problems) != 1 || !strings.Contains(problems[0].Text, c.problem) {
				t.Errorf("without a cause: %+v", problems)
			}
			c.change(&s.Hosts[0].Checkup.Vitals)
			if _, problems := Judge(*s); len(problems) != 1 || strings.Contains(problems[0].Text, c.problem) {
				t.Errorf("with its cause: %+v", problems)
			}
			s.Hosts[0].Components[2].Problem = "service x.service is not running"
			if _, problems := Judge(*s); len(problems) != 2 {
				t.Errorf("a service that does not run is told in any case: %+v", problems)
			}
		})
	}
}

// TestUnreached: of a host that does not answer nothing more is known.
func TestUnreached(t *testing.T) {
	s := well()
	s.Hosts[0] = Host{Host: s.Hosts[0].Host, Error: "cp1: connect: no route to host"}
	summary, problems := Judge(*s)
	if len(problems) != 1 || !problems[0].Unreached || problems[0].Text != "not reached: connect: no route to host" {
		t.Errorf("problems %+v", problems)
	}
	for _, a := range summary {
		if (a.Name == Nodes || a.Name == DNS) && !strings.HasPrefix(a.Text, "not known") ||
			a.Name == API && a.Text != "0 of 1 servers ready" {
			t.Errorf("%+v", a)
		}
	}
	s.Live = false
	if summary, _ := Judge(*s); summary[0].Name != API || summary[0].Text != "there is no cluster on these hosts yet" {
		t.Errorf("without a cluster: %+v", summary)
	}
	s.Bare = true
	if summary, problems := Judge(*s); summary != nil || len(problems) != 2 || !problems[1].Unreached ||
		!strings.Contains(problems[0].Hint, "kbootstrap up") {
		t.Errorf("of bare hosts: %+v, %+v", summary, problems)
	}
}
