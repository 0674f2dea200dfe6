package resource_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/converge"
	"kbootstrap/resource/kinds"
)

// A law is one case under which every law must hold: a machine in some state, and what is wanted of
// it.
type law struct {
	name   string
	start  func(m *machine) // puts the machine into its first state
	wanted resource.Resource
	// before is the State of what is found first; "" says that the thing is absent.
	before string
	// forgets says that the found value cannot be put back, as with a process that was killed.
	forgets bool
	// stays says that applying the found value is nothing: no run wants a server to be not ready.
	stays  bool
	secret string // never to be seen
	// each are the IDs of what converging reports, of a kind that changes several resources.
	each []string
}

// TestLaws holds every kind to the laws that resource.go promises. The cases are in cases_test.go.
func TestLaws(t *testing.T) {
	rows := map[string]bool{}
	for _, l := range laws() {
		kind, err := kinds.Of(l.wanted)
		if err != nil {
			t.Fatal(err)
		}
		rows[kind.Tag] = true
		if kind.Traits&kinds.Tells != 0 {
			t.Run(kind.Tag+"/"+l.name, func(t *testing.T) { l.checkTold(t) })
			continue
		}
		t.Run(kind.Tag+"/"+l.name, func(t *testing.T) { l.check(t) })
		t.Run(kind.Tag+"/"+l.name+"/converge", func(t *testing.T) { l.checkConverge(t) })
	}
	for _, kind := range kinds.Table() {
		if !rows[kind.Tag] {
			t.Errorf("kind %s keeps no law", kind.Tag)
		}
	}
}

func (l law) check(t *testing.T) {
	m := newMachine(t)
	if l.start != nil {
		l.start(m)
	}
	found := m.observe(l.wanted)
	if got := m.plain(found.State()); got != l.before {
		t.Errorf("first state is\n%s\nwant\n%s", got, l.before)
	}
	if !resource.Changed(found, l.wanted) {
		t.Fatal("the case is no case: nothing is to be done")
	}
	untouched := m.snapshot()
	m.observe(l.wanted)
	if d := cmp.Diff(untouched, m.snapshot()); d != "" {
		t.Errorf("observing changes the machine:\n%s", d)
	}

	m.apply(l.wanted)
	now := m.observe(l.wanted)
	if resource.Changed(now, l.wanted) {
		t.Fatalf("applying does not converge:\n%s", resource.Diff(now, l.wanted))
	}
	converged := m.snapshot()
	m.apply(l.wanted)
	if again := m.observe(l.wanted); resource.Changed(again, now) {
		t.Errorf("applying again changes something:\n%s", resource.Diff(now, again))
	}
	if d := cmp.Diff(converged, m.snapshot()); d != "" {
		t.Errorf("applying again changes the machine:\n%s", d)
	}
	m.must(converge.Converge(t.Context(), m.System, []resource.Resource{l.wanted}, func(c resource.Change) {
		t.Errorf("converging what has converged reports a change of %s:\n%s", c.ID, c.Diff)
	}))

	for _, r := range []resource.Resource{found, l.wanted, now} {
		l.checkValue(t, r)
	}
	if gone, ok := absent(l.wanted); ok && (gone.State() != "" || gone.ID() != l.wanted.ID()) {
		t.Errorf("absent, %s has the state:\n%s", gone.ID(), gone.State())
	}
	l.checkReturn(t, m, found)
}

// checkTold checks a kind that is only looked at: whatever is found, nothing is to be done, and
// nothing is.
func (l law) checkTold(t *testing.T) {
	m := newMachine(t)
	if l.start != nil {
		l.start(m)
	}
	before := m.snapshot()
	found := m.observe(l.wanted)
	if resource.Changed(found, l.wanted) {
		t.Errorf("something is to be done:\n%s", resource.Diff(found, l.wanted))
	}
	if _, ok := found.(resource.Health); !ok {
		t.Error("it tells nothing")
	}
	m.apply(l.wanted)
	m.must(converge.Converge(t.Context(), m.System, []resource.Resource{l.wanted}, func(c resource.Change) {
		t.Errorf("converging reports a change of %s:\n%s", c.ID, c.Diff)
	}))
	if d := cmp.Diff(before, m.snapshot()); d != "" {
		t.Errorf("the machine has changed:\n%s", d)
	}
	for _, r := range []resource.Resource{found, l.wanted} {
		l.checkValue(t, r)
	}
}

// checkValue checks what holds of a value alone.
func (l law) checkValue(t *testing.T, r resource.Resource) {
	t.Helper()
	data, err := kinds.Marshal([]resource.Resource{r})
	if err != nil {
		t.Fatal(err)
	}
	back, err := kinds.Unmarshal(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]resource.Resource{r}, back, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("encoding loses something:\n%s", d)
	}
	if back[0].State() != r.State() || back[0].ID() != r.ID() {
		t.Errorf("encoding changes the state:\n%s", resource.Diff(r, back[0]))
	}
	if l.secret != "" && strings.Contains(r.State()+r.ID(), l.secret) {
		t.Errorf("the state shows the secret:\n%s", r.State())
	}
	if a, ok := r.(resource.Answered); ok && (a.Absence().State() != "" || a.Absence().ID() != r.ID()) {
		t.Errorf("absent, %s has the state:\n%s", a.Absence().ID(), a.Absence().State())
	}
}

// absent is the value with its field Absent set, of a kind that has one.
func absent(r resource.Resource) (resource.Resource, bool) {
	v := reflect.New(reflect.TypeOf(r)).Elem()
	v.Set(reflect.ValueOf(r))
	field := v.FieldByName("Absent")
	if !field.IsValid() {
		return nil, false
	}
	field.SetBool(true)
	gone, ok := v.Interface().(resource.Resource)
	return gone, ok
}

// checkReturn applies what was found first.
func (l law) checkReturn(t *testing.T, m *machine, found resource.Resource) {
	t.Helper()
	if l.forgets {
		if err := found.Apply(t.Context(), m.System); err == nil {
			t.Error("what cannot be put back is put back without an error")
		}
		return
	}
	m.apply(found)
	back := m.observe(l.wanted)
	if resource.Changed(back, found) && !l.stays {
		t.Errorf("applying what was found does not put it back:\n%s", resource.Diff(back, found))
	}
	m.apply(found)
}

// checkConverge runs the same case, with another machine, through Converge and Restore.
func (l law) checkConverge(t *testing.T) {
	t.Helper()
	m := newMachine(t)
	if l.start != nil {
		l.start(m)
	}
	var changes []resource.Change
	note := func(c resource.Change) { changes = append(changes, c) }
	m.must(converge.Converge(t.Context(), m.System, []resource.Resource{l.wanted}, note))
	if l.each != nil {
		if !slices.Equal(ids(changes), l.each) {
			t.Errorf("converging reports %q, want %q", ids(changes), l.each)
		}
	} else if len(changes) != 1 || changes[0].ID != l.wanted.ID() || m.plain(changes[0].Before) != l.before ||
		changes[0].After != l.wanted.State() || changes[0].Diff == "" {
		t.Errorf("converging reports %+v", changes)
	}
	if !kinds.Has(l.wanted, kinds.Recorded) {
		return
	}
	changes = nil
	m.must(kinds.Restore(t.Context(), m.System, nil, note))
	if len(changes) != 1 || changes[0].ID != l.wanted.ID() {
		t.Errorf("restoring reports %+v", changes)
	}
	if found := m.observe(l.wanted); found.State() != l.before {
		t.Errorf("restored, the state is\n%s\nwant\n%s", found.State(), l.before)
	}
	if m.Exists(host.BeforeDir) {
		t.Error("restoring leaves records")
	}
}

// TestTags checks that each row of the table is found by its tag and by its values.
func TestTags(t *testing.T) {
	for _, kind := range kinds.Table() {
		list, err := kinds.Unmarshal(fmt.Appendf(nil, `[{"Kind":%q,"Value":{}}]`, kind.Tag))
		if err != nil || len(list) != 1 {
			t.Errorf("%s: %v", kind.Tag, err)
			continue
		}
		if back, err := kinds.Of(list[0]); err != nil || back.Tag != kind.Tag {
			t.Errorf("kind %s is encoded as %q: %v", kind.Tag, back.Tag, err)
		}
	}
}

// TestTagsOnDisk: records that an earlier version has left on a host are read by this one.
func TestTagsOnDisk(t *testing.T) {
	var recorded []string
	for _, kind := range kinds.Table() {
		if kind.Traits&kinds.Recorded != 0 {
			recorded = append(recorded, kind.Tag)
		}
	}
	want := []string{"file", "dir", "link", "user", "service", "package", "hostnames", "sysctl", "swap", "selinux",
		"firewalld", "ufw", "networkd", "nftable"}
	if !slices.Equal(recorded, want) {
		t.Errorf("recorded are %q, and records on disks have the tags %q", recorded, want)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for name, data := range map[string]string{
		"another kind":  `[{"Kind":"rumour","Value":{}}]`,
		"another field": `[{"Kind":"link","Value":{"Path":"/a","Hard":true}}]`,
		"no list":       `{"Kind":"link"}`,
		"cut off":       `[{"Kind":"link","Value":{"Path":"/a"`,
	} {
		if got, err := kinds.Unmarshal([]byte(data)); err == nil {
			t.Errorf("%s: decoded as %+v", name, got)
		}
	}
	if data, err := kinds.Marshal([]resource.Resource{&resource.Link{}}); err == nil {
		t.Errorf("a pointer is encoded as %s", data)
	}
}
