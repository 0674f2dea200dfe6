package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"kbootstrap/fault"
	"kbootstrap/internal/atomic"
	"kbootstrap/provision"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// KindSavedPlan is the kind of a plan in a file.
const KindSavedPlan = "SavedPlan"

// SavedPlan is a plan in a file, to be approved and then carried out as it is. Of the contents of
// files it has only what its diffs show. It has digests of everything that was found and is wanted:
// when the plan is carried out, the wanted contents are made again from the inventory and the state
// directory, and are compared with the digests.
type SavedPlan struct {
	// Always "kbootstrap/v1".
	APIVersion string `json:"apiVersion"`
	// Always "SavedPlan".
	Kind string `json:"kind"`
	// The version of the tool; another version does not carry the plan out.
	Version string `json:"version"`
	// The name of the cluster.
	Cluster string `json:"cluster"`
	// When the plan was made, in UTC, RFC 3339 with milliseconds.
	Created Time `json:"created"`
	// Who made the plan, on which machine: "anna@desk".
	By string `json:"by"`
	// The absolute path of the inventory.
	Inventory string `json:"inventory"`
	// The sha256 sum of the inventory.
	InventorySHA256 string `json:"inventorySha256"`
	// The absolute path of the artifact lock; absent if the sums are those built into the tool.
	Lock string `json:"lock,omitempty"`
	// The sha256 sum of the artifact lock.
	LockSHA256 string `json:"lockSha256,omitempty"`
	// The hosts that the plan is limited to; absent if it is for all of them.
	Limit []string `json:"limit,omitempty"`
	// The components that the plan is limited to; absent if it is for all of them.
	Only []string `json:"only,omitempty"`
	// The plan as it was shown.
	Plan Plan `json:"plan"`
	// Everything that was compared, changed or not, in the order of the plan.
	Resources []PlannedResource `json:"resources"`
}

// PlannedResource is one thing on a host, as digests: sha256 sums of its state, one property a
// line, in which secrets are digests themselves.
type PlannedResource struct {
	// The host's name in the inventory.
	Host string `json:"host"`
	// The component that the resource belongs to.
	Component string `json:"component"`
	// The resource, such as "file /etc/systemd/system/etcd.service".
	Resource string `json:"resource"`
	// The digest of the state that is wanted.
	Wanted string `json:"wanted"`
	// The digest of the state that was found; absent if that is the wanted state.
	Found string `json:"found,omitempty"`
}

// NewSavedPlan is the plan of a run, to be saved.
func NewSavedPlan(run *provision.Run, version string, now time.Time) (SavedPlan, error) {
	saved := SavedPlan{
		APIVersion: APIVersion, Kind: KindSavedPlan, Version: version, Cluster: run.Cluster.Name,
		Created: Time{now}, By: operator(),
		Limit: run.Scope.Hosts, Only: run.Scope.Components, Plan: NewPlan(run), Resources: []PlannedResource{},
	}
	var err error
	if saved.Inventory, saved.InventorySHA256, err = fileSum(run.Cluster.File); err != nil {
		return saved, err
	}
	if lock := run.Cluster.Artifacts.Lock; lock != "" {
		if saved.Lock, saved.LockSHA256, err = fileSum(lock); err != nil {
			return saved, err
		}
	}
	each(run.Plan, func(s plan.Step, c plan.Change) {
		saved.Resources = append(saved.Resources, newPlannedResource(s, c))
	})
	return saved, nil
}

// each calls a function with every resource of a plan, except for those that are only waited for.
func each(whole plan.Plan, call func(plan.Step, plan.Change)) {
	for _, s := range whole.Steps {
		for i, found := range s.Found {
			if kinds.Has(found, kinds.Waits) {
				continue // they change nothing, and what they find differs from one moment to the next
			}
			call(s, plan.Change{Found: found, Wanted: s.Wanted[i]})
		}
	}
}

func newPlannedResource(s plan.Step, c plan.Change) PlannedResource {
	r := PlannedResource{
		Host: s.About(), Component: s.Component.Name, Resource: c.Wanted.ID(), Wanted: resource.Digest(c.Wanted),
	}
	if resource.Changed(c.Found, c.Wanted) {
		r.Found = resource.Digest(c.Found)
	}
	return r
}

// operator is the user who runs the tool, and the machine.
func operator() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}

// fileSum is the absolute path of a file and its sum.
func fileSum(name string) (path, sum string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return "", "", err
	}
	digest := sha256.Sum256(text)
	path, err = filepath.Abs(name)
	return path, hex.EncodeToString(digest[:]), err
}

// Save writes the plan to a file that only its owner can read, whole or not at all.
func (p SavedPlan) Save(path string) error {
	var b bytes.Buffer
	encoder := newEncoder(&b)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(p); err != nil {
		return err
	}
	if err := atomic.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("save the plan: %w", err)
	}
	return nil
}

// maxPlan is more bytes than the plan of a thousand hosts needs.
const maxPlan = 1 << 30

// ReadPlan reads a plan that was saved by this version of the tool.
func ReadPlan(path, version string) (SavedPlan, error) {
	file, err := os.Open(path)
	if err != nil {
		return SavedPlan{}, &fault.Error{Code: fault.PlanUnread, Err: err, Advice: unreadAdvice(err)}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPlan))
	if err != nil {
		return SavedPlan{}, fault.PlanUnread.Wrap(err)
	}
	var what struct{ APIVersion, Kind, Version string }
	if err := json.Unmarshal(text, &what); err != nil {
		return SavedPlan{}, fault.PlanUnread.Errorf("%s: not a plan: %w", path, err)
	}
	switch {
	case what.Kind != KindSavedPlan:
		const format = "%s: not a plan: its kind is %q, and a plan's is %q"
		return SavedPlan{}, fault.PlanUnread.Errorf(format, path, what.Kind, KindSavedPlan)
	case what.APIVersion != APIVersion:
		const format = "%s: the plan is in the format %q, and this tool reads %q"
		return SavedPlan{}, fault.PlanOfOtherVersion.Errorf(format, path, what.APIVersion, APIVersion)
	case what.Version != version:
		const format = "%s: the plan was made by kbootstrap %s, and this is %s"
		return SavedPlan{}, fault.PlanOfOtherVersion.Errorf(format, path, what.Version, version)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p SavedPlan
	if err := decoder.Decode(&p); err != nil {
		return SavedPlan{}, fault.PlanUnread.Errorf("%s: not a plan: %w", path, err)
	}
	return p, nil
}

func unreadAdvice(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "`kbootstrap plan -o FILE` makes one"
	}
	return ""
}

// Is returns an error unless the plan is for this inventory: for this very file, or for one with
// the same content, such as another checkout of it.
func (p SavedPlan) Is(inventory string) error {
	path, sum, err := fileSum(inventory)
	if err != nil {
		return err
	}
	if path != p.Inventory && sum != p.InventorySHA256 {
		return fault.PlanOfOtherInventory.Errorf("the plan is for %s, and not for %s", p.Inventory, inventory)
	}
	return nil
}
