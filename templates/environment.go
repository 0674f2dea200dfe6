package templates

import "strings"

// unset are the variables that systemd may give to all services (DefaultEnvironment=, systemctl
// set-environment), and that change what a program of the cluster does: it would go through a proxy
// to its neighbours, trust other authorities, load other libraries, or take another API for its
// own. An empty value is none to each of their readers. UnsetEnvironment= would be shorter; systemd
// has it from 235 only, and with it a drop-in of the operator could not set the variable for one
// unit.
var unset = []string{
	"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
	"GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT",
}

// unsetEnvironment is the line of a unit that takes these variables back.
func unsetEnvironment() string { return "Environment=" + strings.Join(unset, "= ") + "=" }
