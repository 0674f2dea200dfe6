package host

import _ "example.org/tool/resource"

type Host struct{}

func (Host) One() {}
func (Host) Two() {}
