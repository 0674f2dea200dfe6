package checkup

import (
	"cmp"
	"fmt"
	"slices"

	"kbootstrap/internal/human"
	"kbootstrap/inventory"
	"kbootstrap/resource/api"
)

// alarms says what an alarm of etcd means, and what to do.
var alarms = map[string]struct{ text, hint string }{
	"NOSPACE": {
		"the database has reached its quota, and every write is refused (alarm NOSPACE)",
		"etcdctl compact and defrag, or a larger quota-backend-bytes in `arguments`; then etcdctl alarm disarm",
	},
	"CORRUPT": {
		"the members disagree about the data (alarm CORRUPT)",
		"stop the member whose hash differs (etcdctl endpoint hashkv --cluster), and replace it from a snapshot",
	},
}

const (
	quotaWarn, quotaBroken = 80, 95    // percent
	defragAbove            = 500 << 20 // below that, what is not in use is not worth a word
)

// etcd judges what the members tell of themselves, and the list of them.
func etcd(s Scene) (string, []Problem) {
	if !s.Live {
		return "", nil
	}
	var found []Problem
	hosts := s.Cluster.With(inventory.Etcd)
	ids, told := map[string]string{}, 0
	var leader string
	var size, quota int64
	seen := map[string]bool{} // alarms, which every member tells
	for _, h := range s.Hosts {
		v := h.Checkup.Vitals.Etcd
		if v == nil {
			continue
		}
		if v.Error != "" {
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the etcd member does not answer: " + v.Error,
				Hint: "journalctl -u etcd on the host",
			})
			continue
		}
		told++
		ids[v.Member], leader, size = h.Name, cmp.Or(leader, v.Leader), max(size, v.Size)
		quota = cmp.Or(v.Quota, s.EtcdQuota)
		if v.Leader == "" {
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the etcd member has no leader: there is no quorum",
				Hint: "journalctl -u etcd on the host; the members must reach each other on tcp/2380",
			})
		}
		for _, a := range v.Alarms {
			if !seen[a] {
				words := alarms[a]
				found = append(found, Problem{
					Level: Broken, Host: h.Name, Text: cmp.Or(words.text, "alarm "+a),
					Hint: cmp.Or(words.hint, "etcdctl alarm list"),
				})
			}
			seen[a] = true
		}
		found = append(found, database(h.Name, *v, quota)...)
	}
	found = append(found, membership(s, hosts)...)
	text := fmt.Sprintf("%d of %d members", told, len(hosts))
	if told > 0 {
		switch name := ids[leader]; {
		case leader == "":
			text += ", no leader"
		case name == "":
			text += ", led by one that was not asked"
		default:
			text += ", leader " + name
		}
		text += fmt.Sprintf(", database %s of %s", human.Size(size), human.Size(quota))
	}
	return text, found
}

// database judges the size of a member's database.
func database(host string, v api.EtcdVitals, quota int64) []Problem {
	if quota == 0 {
		return nil
	}
	percent := v.Size * 100 / quota
	size := fmt.Sprintf("the database has %s of %s (%d %%)", human.Size(v.Size), human.Size(quota), percent)
	hint := "find what fills it (kubectl get --raw /metrics | grep apiserver_storage_objects); etcdctl defrag"
	switch {
	case percent >= quotaBroken:
		return []Problem{{Level: Broken, Host: host, Text: size + ": at 100 % every write is refused", Hint: hint}}
	case percent >= quotaWarn:
		return []Problem{{Level: Warning, Host: host, Text: size, Hint: hint}}
	case v.Size >= defragAbove && v.Used < v.Size/2:
		return []Problem{{
			Level: Note, Host: host,
			Text: fmt.Sprintf("of the database's %s, %s are in use", human.Size(v.Size), human.Size(v.Used)),
			Hint: "etcdctl defrag, one member after the other, gives the rest back",
		}}
	}
	return nil
}

// membership compares etcd's own list of members with the inventory.
func membership(s Scene, hosts []inventory.Host) []Problem {
	if s.Members == nil {
		return nil
	}
	var found []Problem
	for _, h := range hosts {
		i := slices.IndexFunc(s.Members, func(m api.EtcdMember) bool {
			return m.Name == h.Name || slices.Contains(m.PeerURLs, "https://"+h.Address.String()+":2380")
		})
		if i >= 0 && s.Members[i].Learner {
			found = append(found, Problem{
				Level: Warning, Host: h.Name, Text: "the etcd member is a learner: its addition has not finished",
				Hint: fmt.Sprintf("`kbootstrap add-node %s` goes on; `kbootstrap remove-node %s` takes it back", h.Name,
					h.Name),
			})
			continue
		}
		if i < 0 {
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "etcd has no such member, although the host has the role etcd",
				Hint: "etcdctl member list",
			})
		} else if !s.Members[i].Started {
			found = append(found, Problem{
				Level: Broken, Host: h.Name, Text: "the etcd member was added and has never started",
				Hint: "journalctl -u etcd on the host",
			})
		}
	}
	return found
}
