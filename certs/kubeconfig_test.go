package certs

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"kbootstrap/inventory"
)

const goldenKubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: "lab"
  cluster:
    server: "https://10.0.0.11:6443"
    certificate-authority-data: DATA
users:
- name: "kubernetes-admin@lab"
  user:
    client-certificate-data: DATA
    client-key-data: DATA
contexts:
- name: "lab"
  context:
    cluster: "lab"
    user: "kubernetes-admin@lab"
current-context: "lab"
`

func TestKubeconfigText(t *testing.T) {
	c := lab()
	got := issue(t, newStore(t), c, start).Kubeconfig(c)
	got = regexp.MustCompile(`-data: \S+`).ReplaceAll(got, []byte("-data: DATA"))
	if diff := cmp.Diff(goldenKubeconfig, string(got)); diff != "" {
		t.Errorf("kubeconfig (-want +got):\n%s", diff)
	}
}

// readConfig is what kubectl reads of a kubeconfig.
type readConfig struct {
	Clusters []struct {
		Name    string
		Cluster struct {
			Server string
			CA     string `yaml:"certificate-authority-data"`
		}
	}
	Users []struct {
		Name string
		User struct {
			Certificate string `yaml:"client-certificate-data"`
			Key         string `yaml:"client-key-data"`
		}
	}
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Current any `yaml:"current-context"`
}

func parseConfig(t *testing.T, text []byte) readConfig {
	t.Helper()
	var c readConfig
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestKubeconfigs: each kubeconfig of a host has the right user and server, and its parts fit
// together.
func TestKubeconfigs(t *testing.T) {
	three := lab()
	add(three, "cp2", "10.0.0.12", inventory.ControlPlane, inventory.Etcd)
	add(three, "cp3", "2001:db8::13", inventory.ControlPlane, inventory.Etcd)
	for _, test := range []struct {
		cluster       *inventory.Cluster
		host, path    string
		user, cn, url string
		groups        string
	}{
		{lab(), "w1", "/etc/kubernetes/kubelet.conf", "system:node:w1@lab", "system:node:w1", "https://10.0.0.11:6443",
			"system:nodes"},
		{lab(), "w1", "/etc/kubernetes/kube-proxy.conf", "system:kube-proxy@lab", "system:kube-proxy",
			"https://10.0.0.11:6443", ""},
		{lab(), "w1", "/etc/kubernetes/flannel.conf", "flannel:w1@lab", "flannel:w1", "https://10.0.0.11:6443",
			"kbootstrap:flannel"},
		{lab(), "cp1", "/root/.kube/config", "kubernetes-admin@lab", "kubernetes-admin", "https://10.0.0.11:6443",
			"kubeadm:cluster-admins"},
		{three, "w1", "/etc/kubernetes/kubelet.conf", "system:node:w1@lab", "system:node:w1", "https://127.0.0.1:7443",
			"system:nodes"},
		{three, "cp2", "/etc/kubernetes/kubelet.conf", "system:node:cp2@lab", "system:node:cp2", "https://127.0.0.1:7443",
			"system:nodes"},
		{three, "cp2", "/etc/kubernetes/controller-manager.conf", "system:kube-controller-manager@lab",
			"system:kube-controller-manager", "https://10.0.0.12:6443", ""},
		{three, "cp1", "/etc/kubernetes/super-admin.conf", "kubernetes-super-admin@lab", "kubernetes-super-admin",
			"https://10.0.0.11:6443", "system:masters"},
		{three, "cp3", "/etc/kubernetes/scheduler.conf", "system:kube-scheduler@lab", "system:kube-scheduler",
			"https://[2001:db8::13]:6443", ""},
	} {
		t.Run(test.host+test.path, func(t *testing.T) {
			t.Parallel()
			p := issue(t, newStore(t), test.cluster, start)
			var text []byte
			for _, f := range hostFiles(p, test.cluster)[test.host] {
				if f.Path == test.path {
					text = f.Content
				}
			}
			c := parseConfig(t, text)
			if len(c.Clusters) != 1 || len(c.Users) != 1 || len(c.Contexts) != 1 {
				t.Fatalf("%d clusters, %d users, %d contexts; want one each", len(c.Clusters),
					len(c.Users), len(c.Contexts))
			}
			if got := c.Clusters[0].Cluster.Server; got != test.url {
				t.Errorf("server = %s, want %s", got, test.url)
			}
			if got := c.Users[0].Name; got != test.user {
				t.Errorf("user = %s, want %s", got, test.user)
			}
			if got := c.Contexts[0].Context; got.Cluster != c.Clusters[0].Name || got.User != c.Users[0].Name ||
				c.Current != c.Contexts[0].Name {
				t.Errorf("context %v does not lead to cluster and user", got)
			}
			pair, err := parse(decode(t, c.Users[0].User.Certificate), decode(t, c.Users[0].User.Key))
			if err != nil {
				t.Fatal(err)
			}
			if got := pair.cert.Subject.CommonName; got != test.cn {
				t.Errorf("CN = %s, want %s", got, test.cn)
			}
			if got := strings.Join(pair.cert.Subject.Organization, " "); got != test.groups {
				t.Errorf("groups = %s, want %s", got, test.groups)
			}
			if !bytes.Equal(decode(t, c.Clusters[0].Cluster.CA), p.authorities["ca"].certPEM) {
				t.Error("it trusts another authority")
			}
		})
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNamesThatYAMLMisreads: they are names of clusters too.
func TestNamesThatYAMLMisreads(t *testing.T) {
	for _, name := range []string{"1e3", "no", "null", "0123", "2026-09-03"} {
		c := lab()
		c.Name = name
		if got := parseConfig(t, issue(t, newStore(t), c, start).Kubeconfig(c)).Current; got != name {
			t.Errorf("current-context = %v (%T), want the text %q", got, got, name)
		}
	}
}
