package host

// Acting is in whose name requests to the Kubernetes API are made that go by one kubeconfig. Its
// user must be allowed to impersonate others; the audit log shows both
// (https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/).
type Acting struct {
	Kubeconfig  string // path on the host, below System.Root
	User, Group string
}

// Act has all requests by a kubeconfig be made in another user's name from now on.
func (s *System) Act(as Acting) { s.shared.acting.Store(&as) }

// Acts returns in whose name requests by a kubeconfig are made; ok is false for its own user's.
func (s *System) Acts(kubeconfig string) (as Acting, ok bool) {
	if acting := s.shared.acting.Load(); acting != nil && acting.Kubeconfig == kubeconfig && acting.User != "" {
		return *acting, true
	}
	return Acting{}, false
}
