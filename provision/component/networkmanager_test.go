package component

import (
	"strings"
	"testing"

	"kbootstrap/inventory"
	"kbootstrap/resource"
)

// TestUnmanaged: a NetworkManager is told what to leave alone where there is one, and the list of
// the host's owner stays.
func TestUnmanaged(t *testing.T) {
	target := Target{Cluster: &inventory.Cluster{}}
	if rs := target.unmanaged(); rs != nil {
		t.Errorf("without NetworkManager there is %v", rs)
	}
	target.Facts.Programs = map[string]string{"NetworkManager": "/usr/sbin/NetworkManager"}
	want := "[keyfile]\nunmanaged-devices+=interface-name:cni0;interface-name:flannel.1;interface-name:flannel-wg;" +
		"interface-name:veth*;interface-name:kube-ipvs0\n"
	rs := target.unmanaged()
	if len(rs) != 1 || string(rs[0].(resource.File).Content) != want {
		t.Errorf("got %+v, want %q", rs, want)
	}
	target.Cluster.Runtime = "docker"
	rs = target.unmanaged()
	if got := string(rs[0].(resource.File).Content); !strings.HasSuffix(got, ";interface-name:docker0\n") {
		t.Errorf("with docker: %q", got)
	}
}
