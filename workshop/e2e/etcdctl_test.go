//go:build e2e && (hosts || upgrade)

package e2e

// etcdctl is etcdctl with the certificates of a member.
func (l *lab) etcdctl(arguments ...string) string {
	l.t.Helper()
	const pki = "/etc/etcd/pki/"
	return l.exec("cp1", append([]string{"etcdctl", "--endpoints", "https://127.0.0.1:2379", "--cacert", pki + "ca.crt",
		"--cert", pki + "healthcheck-client.crt", "--key", pki + "healthcheck-client.key"}, arguments...)...)
}
