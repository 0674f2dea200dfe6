// Package kinds has the table of all kinds of resources, and what goes by it: how they cross the
// wire, what is recorded of what was there before the tool came, and how a value is applied and
// verified. Start at Kind.
package kinds

import (
	"bytes"
	"encoding/json"
	"fmt"

	"kbootstrap/resource"
	"kbootstrap/resource/api"
)

// A Kind is a row in the table of kinds: its name on the wire, and what holds of all its values.
type Kind struct {
	// Tag is the kind's name on the wire and in the records on a host's disk. The tag of a kind
	// that is Recorded never changes: a later version reads what an earlier one has recorded.
	Tag    string
	Traits Trait
	is     func(resource.Resource) bool
	decode func([]byte) (resource.Resource, error)
}

// A Trait is something that holds of every value of a kind. What a value has to tell is an
// interface instead, which the kind implements in its own file; see traits.go.
type Trait uint8

// The traits.
const (
	// Recorded says that what was there before the tool first changed it is recorded, so that reset
	// can put it back. What belongs to a cluster goes with it; a loaded module does no harm, and
	// may be in use by others.
	Recorded Trait = 1 << iota
	// GoesBack says that a rollback puts back what was found before the change.
	GoesBack
	// Resumes says that a rollback brings it about in its second pass, when all else is back: a
	// service that ran is started, and its health is waited for.
	Resumes
	// Waits says that the kind changes nothing: its Apply looks until it has seen what is wanted.
	Waits
	// Tells says that the kind is only looked at: its state is always the one that is wanted, and
	// its Apply does nothing.
	Tells
	// Sees says that the last thing that an Apply does is to see what is wanted, through others who
	// may take it back for a while: the API tells of a node what its controllers last heard, and
	// they hear late when the API server was away.
	Sees
)

// kinds is the table of all kinds. To add a kind is to write its file and its row.
var kinds = []Kind{
	kind[resource.File]("file", Recorded|GoesBack),
	kind[resource.Dir]("dir", Recorded|GoesBack),
	kind[resource.Tree]("tree", 0),
	kind[resource.Strays]("strays", 0),
	kind[resource.Link]("link", Recorded|GoesBack),
	kind[resource.User]("user", Recorded),
	kind[resource.Service]("service", Recorded|GoesBack|Resumes),
	kind[resource.Package]("package", Recorded),
	kind[resource.HostNames]("hostnames", Recorded),
	kind[resource.Sysctl]("sysctl", Recorded),
	kind[resource.Module]("module", 0),
	kind[resource.Swap]("swap", Recorded),
	kind[resource.SELinux]("selinux", Recorded),
	kind[resource.Firewalld]("firewalld", Recorded),
	kind[resource.UFW]("ufw", Recorded),
	kind[resource.Networkd]("networkd", Recorded),
	kind[resource.NFTable]("nftable", Recorded),
	kind[resource.Image]("image", 0),
	kind[resource.Ready]("ready", Waits|Resumes),
	kind[resource.Credential]("credential", 0),
	kind[resource.Encryption]("encryption", GoesBack),
	kind[resource.Member]("member", 0),
	kind[resource.StagedMember]("stagedmember", 0),
	kind[resource.Restored]("restored", 0),
	kind[resource.Membership]("membership", 0),
	kind[resource.Vote]("vote", Sees),
	kind[resource.Agreement]("agreement", Sees),
	kind[resource.Bootstrapped]("bootstrapped", 0),
	kind[resource.Salvage]("salvage", 0),
	kind[resource.Shelved]("shelved", 0),
	kind[resource.KeptSnapshot]("keptsnapshot", 0),
	kind[resource.Steady]("steady", Waits|Resumes),
	kind[api.Object]("object", 0),
	kind[api.Node]("node", 0),
	kind[api.NodeStatus]("nodestatus", Waits),
	kind[api.Lease]("lease", 0),
	kind[api.Drain]("drain", Sees),
	kind[api.Schedulable]("schedulable", Sees),
	kind[api.Registration]("registration", Sees),
	kind[api.PodNetwork]("podnetwork", Sees),
	kind[api.PodProbe]("podprobe", Sees),
	kind[api.Rollout]("rollout", Waits),
	kind[api.Readiness]("readiness", Tells),
	kind[api.Spread]("spread", Sees),
	kind[api.Rewritten]("rewritten", 0),
	kind[api.StaleNote]("stalenote", 0),
	kind[api.ClientTrust]("clienttrust", 0),
	kind[api.Account]("account", 0),
	kind[api.ObjectSet]("objectset", 0),
	kind[api.ServiceAddresses]("serviceaddresses", 0),
	kind[resource.NIC]("nic", 0),
	kind[resource.Chains]("chains", 0),
	kind[resource.IPSets]("ipsets", 0),
	kind[resource.Mounts]("mounts", 0),
	kind[resource.Processes]("processes", 0),
	kind[Originals]("originals", 0),
	kind[Former]("former", 0),
	kind[Before]("before", 0),
	kind[Data]("data", 0),
}

// Table returns the rows of all kinds.
func Table() []Kind { return kinds }

// kind is the row of a kind.
func kind[T resource.Resource](tag string, traits Trait) Kind {
	return Kind{
		Tag: tag, Traits: traits,
		is:     func(r resource.Resource) bool { _, ok := r.(T); return ok },
		decode: decode[T],
	}
}

func decode[T resource.Resource](data []byte) (resource.Resource, error) {
	var v T
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%T: %w", v, err)
	}
	return v, nil
}

// Of returns the row of a resource's kind.
func Of(r resource.Resource) (Kind, error) {
	for _, k := range kinds {
		if k.is(r) {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("%T is not a kind of resource", r)
}

// kindTagged returns the row with the tag.
func kindTagged(tag string) (Kind, error) {
	for _, k := range kinds {
		if k.Tag == tag {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("unknown kind %q", tag)
}

// Has reports whether the kind of the resource has the trait, or one of several.
func Has(r resource.Resource, t Trait) bool {
	k, err := Of(r)
	return err == nil && k.Traits&t != 0
}
