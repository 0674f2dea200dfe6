package resource_test

import (
	"testing"

	"kbootstrap/resource"
)

// TestNetworkdReads: a networkd that runs reads the file that was written, once; and the next run
// has it read the file when one was cut off in between.
func TestNetworkdReads(t *testing.T) {
	m := newMachine(t)
	m.networkd(true)
	wanted := resource.Networkd{Text: "[Match]\nName=cni0\n\n[Link]\nUnmanaged=yes\n"}
	m.apply(wanted)
	m.apply(wanted)
	if n := m.ranCount("networkctl reload"); n != 1 {
		t.Errorf("networkd read its files %d times", n)
	}
	if got := m.get(resource.NetworkdFile); got != wanted.Text {
		t.Errorf("the file is %q", got)
	}
	m.put("/run/kbootstrap/systemd-networkd.service.reload", "")
	if found := m.observe(wanted); !resource.Changed(found, wanted) {
		t.Errorf("what networkd has yet to read is not seen: %q", found.State())
	}
	m.apply(wanted)
	if n := m.ranCount("networkctl reload"); n != 2 {
		t.Errorf("after a run that was cut off networkd read its files %d times", n)
	}
	if found := m.observe(wanted); resource.Changed(found, wanted) {
		t.Errorf("it is still to be read: %q", found.State())
	}
}
