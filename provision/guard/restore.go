package guard

import (
	"fmt"
	"slices"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/inventory"
	"kbootstrap/provision/component"
)

// unfinishedRestore finds hosts on which a restore was cut off: members with the data of now and
// members with that of the backup must not be started together.
func unfinishedRestore(s Situation) Refusals {
	var hosts []string
	for _, h := range s.Cluster.With(inventory.Etcd) {
		if s.Facts[h.Name].Restoring != "" {
			hosts = append(hosts, h.Name)
		}
	}
	if hosts == nil {
		return nil
	}
	return Refusals{{
		Code: fault.RestoreUnfinished, Text: "a restore of etcd was cut off on " + strings.Join(hosts, ", "),
		Advice: "run `kbootstrap restore` with the same file again: it goes on where it was cut off",
	}}
}

// Restore returns what is refused of a restore. A cluster whose etcd has a leader is there: to
// replace what it holds has to be asked for. What a restore that was cut off has begun is finished
// without asking.
func Restore(s Situation, r component.Restore, replaces bool) Refusals {
	var rs Refusals
	var leads, others []string
	goesOn := false
	for _, h := range s.Cluster.With(inventory.Etcd) {
		f := s.Facts[h.Name]
		if v := s.Etcd[h.Name]; v.Error == "" && v.Leader != "" {
			leads = append(leads, h.Name)
		}
		switch {
		case f.Restoring == r.Mark():
			goesOn = true
		case f.Restoring != "":
			others = append(others, h.Name)
		}
		foreign := f.EtcdBootstrapped != "" && !s.isOurs(f)
		unknown := f.EtcdBootstrapped == "" && f.EtcdData && f.Restoring == "" &&
			!slices.Contains(f.Units, "etcd.service")
		if foreign || unknown {
			rs = append(rs, &RefusedError{
				Code: fault.RestoreForeign, Host: h.Name,
				Text: fmt.Sprintf("%s has the data of another etcd than that of %s", component.EtcdData,
					s.Cluster.Name),
				Advice: "restore onto hosts of this cluster, or onto hosts without an etcd",
			})
		}
	}
	if len(others) > 0 && !replaces {
		rs = append(rs, &RefusedError{
			Code:   fault.RestoreUnfinished,
			Text:   "the restore of another backup was cut off on " + strings.Join(others, ", "),
			Advice: "run that restore again; with --replace this one takes its place",
		})
	}
	if len(leads) > 0 && !replaces && !goesOn {
		rs = append(rs, &RefusedError{
			Code:   fault.RestoreReplaces,
			Text:   "the cluster runs: the etcd of " + strings.Join(leads, ", ") + " has a leader",
			Advice: "if what was written since the backup is to be given up, add --replace",
		})
	}
	return rs
}
