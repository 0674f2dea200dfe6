package resource_test

import (
	"errors"
	"testing"

	"kbootstrap/resource"
)

// TestUFWIsNeverHalfOn: a ufw that fails in turning itself on has set its policies already, and is
// turned off again.
func TestUFWIsNeverHalfOn(t *testing.T) {
	m := newMachine(t)
	m.ufw()
	whole := m.fakes["ufw"]
	m.fakes["ufw"] = func(argv []string) (string, error) {
		out, err := whole(argv)
		if argv[2] == "enable" {
			err = errors.New("problem running ufw-init")
		}
		return out, err
	}
	if err := (resource.UFW{On: true}).Apply(t.Context(), m.System); err == nil {
		t.Error("that ufw cannot be turned on is no error")
	}
	if found := m.observe(resource.UFW{}); resource.Changed(found, resource.UFW{}) {
		t.Errorf("left is %q", found.State())
	}
}

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
