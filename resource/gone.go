package resource

// Gone is the absent value of a resource: what to apply so that it is not there. It is false for what cannot be taken
// away, since it is a state of the machine or of a run: Sysctl, Swap, SELinux, Ready.
func Gone(r Resource) (Resource, bool) {
	switch r := r.(type) {
	case File:
		return File{Path: r.Path, Secret: r.Secret, Absent: true}, true
	case Dir:
		return Dir{Path: r.Path, Absent: true}, true
	case Tree:
		return Tree{Path: r.Path, Keep: r.Keep, Absent: true}, true
	case Link:
		return Link{Path: r.Path, Absent: true}, true
	case User:
		return User{Name: r.Name, Absent: true}, true
	case Service:
		return Service{Name: r.Name}, true
	case Package:
		return Package{Program: r.Program, Apt: r.Apt, Yum: r.Yum, Absent: true}, true
	case Module:
		return Module{Name: r.Name, Features: r.Features, Absent: true}, true
	case Image:
		r.Absent = true
		return r, true
	case Member:
		r.Absent, r.New = true, false
		return r, true
	case Bootstrapped:
		return Bootstrapped{Unit: r.Unit, Marker: r.Marker, Absent: true}, true
	case Object:
		return Object{Manifest: r.Manifest, Kubeconfig: r.Kubeconfig, Absent: true}, true
	case Node:
		return Node{Name: r.Name, Kubeconfig: r.Kubeconfig, Timeout: r.Timeout, Absent: true}, true
	case Ready:
		r.Absent = true
		return r, true
	case NodeStatus:
		r.Absent = true
		return r, true
	case Interface:
		return Interface{Name: r.Name, Absent: true}, true
	case Chains:
		return Chains{Prefixes: r.Prefixes, Absent: true}, true
	case Mounts:
		return Mounts{Under: r.Under, Absent: true}, true
	case Shims:
		return Shims{Program: r.Program, Absent: true}, true
	}
	return nil, false
}
