//go:build crash

package host

func (*Host) Two() {}
