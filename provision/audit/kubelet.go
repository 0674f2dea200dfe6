package audit

import (
	"encoding/json"

	"kbootstrap/host"
)

// kubeletSettings are the values of a setting of a kubelet: by its flag or its file, and as the
// kubelet itself tells them. The two differ if the file was changed after the start.
func kubeletSettings(s Scene, h Host, p host.Daemon, path, name, byDefault string) ([]setting, *Verdict) {
	var found []setting
	value, set := "", false
	if name != "" {
		value, set = flagOf(p, name)
	}
	if set {
		found = append(found, setting{value, true, "--" + name + " of " + of(p)})
	} else {
		d, has, cannot := documentOf(h, p, "config")
		switch {
		case cannot != nil:
			return nil, cannot
		case !has:
			found = append(found, setting{"", false, path + " of " + of(p) + ", which has no --config"})
		default:
			found = append(found, fieldSetting(d.Value, path, byDefault, d.Path))
		}
	}
	if config, ok := s.Listings.Kubelets[h.Name]; ok {
		var told any
		if json.Unmarshal(config, &told) == nil {
			found = append(found, fieldSetting(told, path, byDefault, "the configuration that the kubelet runs with"))
		}
	}
	return found, nil
}

func fieldSetting(document any, path, byDefault, where string) setting {
	value, set := field(document, path)
	if !set {
		return setting{byDefault, false, path + " in " + where}
	}
	return setting{textOf(value), true, path + " in " + where}
}

// kubelet asks for a setting of the kubelet: a field of its configuration, and the flag that goes
// before it.
func kubelet(path, name, byDefault string, w want) func(Scene, Host) Verdict {
	return running("kubelet", func(s Scene, h Host, p host.Daemon) Verdict {
		found, cannot := kubeletSettings(s, h, p, path, name, byDefault)
		if cannot != nil {
			return *cannot
		}
		var all []Verdict
		for _, f := range found {
			all = append(all, f.judge(w))
		}
		return worst(all...)
	})
}

// kubeletList is kubelet for a list, which a judge of its own looks at.
func kubeletList(path, name string, judge func(where string, list []string) Verdict) func(Scene, Host) Verdict {
	return running("kubelet", func(s Scene, h Host, p host.Daemon) Verdict {
		found, cannot := kubeletSettings(s, h, p, path, name, "")
		if cannot != nil {
			return *cannot
		}
		var all []Verdict
		for _, f := range found {
			all = append(all, judge(f.where, splitList(f.value)))
		}
		return worst(all...)
	})
}
