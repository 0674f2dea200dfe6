package host

// AppArmor is whether the kernel confines programs by profiles, and whether the host has what loads
// them.
type AppArmor struct {
	On, HasParser bool
}

// appArmor looks where containerd and docker look before they give a container their profile.
func (s surveyor) appArmor() AppArmor {
	return AppArmor{
		On: s.line("/sys/module/apparmor/parameters/enabled") == "Y" &&
			s.Exists("/sys/kernel/security/apparmor"),
		HasParser: s.Exists("/sbin/apparmor_parser"),
	}
}
