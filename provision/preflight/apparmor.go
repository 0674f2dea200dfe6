package preflight

// appArmor judges whether containers get a profile. containerd and docker take a host without the
// program that loads profiles for one without AppArmor, and say nothing.
func appArmor(_ Scene, h Host) []Finding {
	switch on := h.Survey.AppArmor; {
	case !on.On:
		return one(OK, "off")
	case !on.HasParser:
		return one(Warn, "AppArmor is on and /sbin/apparmor_parser is missing: containers run without a profile, and "+
			"pods that ask for one do not start")
	}
	return one(OK, "on")
}
