package guard

import "example.org/tool/resource"

func paths(r resource.Resource) string {
	if f, ok := r.(resource.File); ok {
		return f.Path
	}
	switch l := r.(type) {
	case *resource.Link, resource.File:
		_ = l
	}
	return "a hint that has flannel in a longer text"
}
