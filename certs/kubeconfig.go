package certs

import (
	"encoding/base64"
	"fmt"
	"net"
	"strconv"

	"kbootstrap/inventory"
)

// Kubeconfig returns the administrator's kubeconfig for the control machine. It holds its
// certificate and key, names the first control plane's address in the cluster's network, and its
// context has the name of the cluster.
func (p *PKI) Kubeconfig(c *inventory.Cluster) []byte {
	return p.kubeconfig(c, ownServer(c, c.With(inventory.ControlPlane)[0]), p.pairs[admin.name])
}

// ownServer is the API server of the host itself, for the components next to it.
func ownServer(c *inventory.Cluster, h inventory.Host) string {
	return "https://" + net.JoinHostPort(address(h.Address), strconv.Itoa(c.Network.APIPort))
}

// anyServer is the endpoint through which a host reaches whichever API server is up.
func anyServer(c *inventory.Cluster, _ inventory.Host) string { return c.Endpoint() }

// kubeconfig is the text of a kubeconfig with everything embedded. Names are quoted, because "1e3",
// "no" and "null" are names of clusters too. The user's name has the cluster's in it, so that
// several files merge without a clash.
func (p *PKI) kubeconfig(c *inventory.Cluster, server string, user pair) []byte {
	base := base64.StdEncoding.EncodeToString
	name := user.cert.Subject.CommonName + "@" + c.Name
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: %[1]q
  cluster:
    server: %[2]q
    certificate-authority-data: %[3]s
users:
- name: %[4]q
  user:
    client-certificate-data: %[5]s
    client-key-data: %[6]s
contexts:
- name: %[1]q
  context:
    cluster: %[1]q
    user: %[4]q
current-context: %[1]q
`, c.Name, server, base(p.authorities[kubernetesCA].bundle()), name, base(user.certPEM), base(user.keyPEM))
}
