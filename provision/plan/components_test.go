package plan_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"kbootstrap/certs"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/provision/plan"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// TestComponentsNameEachOther: what a component waits for is a component, each has one name, and
// none waits for itself in a circle.
func TestComponentsNameEachOther(t *testing.T) {
	waits := map[string][]string{}
	for _, c := range component.Components() {
		if _, ok := waits[c.Name]; ok || c.Name == "" {
			t.Errorf("%q is there twice, or is no name", c.Name)
		}
		waits[c.Name] = slices.Concat(c.After, c.Needs, c.Yields)
	}
	// What waits for nothing that is left can be taken away; a circle stays.
	for left := len(waits) + 1; left > len(waits); {
		left = len(waits)
		for name, before := range waits {
			if !slices.ContainsFunc(before, func(b string) bool { _, waiting := waits[b]; return waiting }) {
				delete(waits, name)
			}
		}
	}
	for name, before := range waits {
		t.Errorf("%s waits in a circle, after %s", name, before)
	}
	names := map[string]bool{}
	for _, c := range component.Components() {
		names[c.Name] = true
	}
	for _, c := range component.Components() {
		for _, name := range slices.Concat(c.After, c.Needs, c.Yields) {
			if !names[name] {
				t.Errorf("%s waits for %s, which is no component", c.Name, name)
			}
		}
	}
}

// TestLaws holds the plan of each inventory to the laws of plans.
func TestLaws(t *testing.T) {
	for name, text := range fixture.EveryInventory() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			targets := fixture.TargetsOf(t, text)
			whole := plan.Build(component.Components(), targets)
			sameAgain(t, whole, plan.Build(component.Components(), targets))
			resourcesAreUnique(t, whole)
			secretsAreNotShown(t, whole)
			problemsAreSentences(t, whole)
			addOnsAreNotWaitedFor(t, whole)
			servicesFollowTheirFiles(t, whole)
			unitsAreWellFormed(t, whole)
			stepsEnd(t, whole) // last, because it changes the plan
		})
	}
}

// stepsEnd: the graph of steps has no circle even when all that is rolling runs already.
func stepsEnd(t *testing.T, plan plan.Plan) {
	plan = fixture.Running(plan)
	const visiting, visited = 1, 2
	state := make([]int, len(plan.Steps))
	var visit func(int)
	visit = func(i int) {
		switch state[i] {
		case visiting:
			t.Fatalf("%s waits for itself", fixture.Place(plan.Steps[i]))
		case visited:
			return
		}
		state[i] = visiting
		for _, before := range slices.Concat(plan.Before(i), plan.Yields(i)) {
			visit(before)
		}
		state[i] = visited
	}
	for i := range plan.Steps {
		visit(i)
	}
}

// resourcesAreUnique: two resources of one name on a host would fight each other, run after run.
func resourcesAreUnique(t *testing.T, plan plan.Plan) {
	seen := map[string]string{}
	for _, s := range plan.Steps {
		for _, r := range s.Wanted {
			key := s.About() + ": " + r.ID()
			if other, ok := seen[key]; ok {
				t.Errorf("%s is in %s and in %s", key, other, s.Component.Name)
			}
			seen[key] = s.Component.Name
		}
	}
}

// sameAgain: the same targets give the same plan, to the last byte that goes over the wire.
func sameAgain(t *testing.T, plan, again plan.Plan) {
	for i, s := range plan.Steps {
		a, err := kinds.Marshal(s.Wanted)
		if err != nil {
			t.Fatal(err)
		}
		b, err := kinds.Marshal(again.Steps[i].Wanted)
		if err != nil {
			t.Fatal(err)
		}
		if string(a) != string(b) {
			t.Errorf("%s is not the same again", fixture.Place(s))
		}
	}
}

// secretsAreNotShown: no state has a private key in it, and no file with one is readable for
// others.
func secretsAreNotShown(t *testing.T, plan plan.Plan) {
	for _, s := range plan.Steps {
		for _, r := range s.Wanted {
			if strings.Contains(r.State(), "PRIVATE KEY") || strings.Contains(r.State(), "client-key-data") {
				t.Errorf("%s: %s shows a key", fixture.Place(s), r.ID())
			}
			f, ok := r.(resource.File)
			others := uint32(0o077)
			if f.Owner == "root:etcd" || f.Owner == "root:"+certs.RegistryUser { // which have no other member
				others = 0o037
			}
			if ok && (strings.Contains(string(f.Content), "PRIVATE KEY") || f.Secret) && f.Mode&others != 0 {
				t.Errorf("%s: %s can be read by others: %04o", fixture.Place(s), f.Path, f.Mode)
			}
		}
	}
}

// isTimer reports whether a unit is a timer, which has no process that could carry a digest.
func isTimer(unit string) bool { return path.Ext(unit) == ".timer" }

// servicesFollowTheirFiles: each unit that should run comes with its file, above it, in the same
// component, and what waits for it to be ready shows its journal.
func servicesFollowTheirFiles(t *testing.T, plan plan.Plan) {
	for _, s := range plan.Steps {
		above := map[string]bool{}
		for _, r := range s.Wanted {
			switch r := r.(type) {
			case resource.Service:
				if r.Running && !above["file /etc/systemd/system/"+r.Name] {
					t.Errorf("%s: %s has no unit file above it", fixture.Place(s), r.Name)
				}
				if r.Running && (!r.Enabled || r.Config == "" && !isTimer(r.Name)) {
					t.Errorf(
						"%s: %s would not come back after a boot, or not restart when it changes: %+v",
						fixture.Place(s), r.Name, r,
					)
				}
			case resource.Ready:
				gate := slices.Contains(s.Awaits(), strings.TrimSuffix(r.Unit, ".service"))
				if r.Unit != "" && !gate && !above["service "+r.Unit] {
					t.Errorf(
						"%s: %q shows the journal of %s, which is neither above it nor a gate", fixture.Place(s),
						r.Name, r.Unit,
					)
				}
			}
			above[r.ID()] = true
		}
	}
}

// problemsAreSentences: what is waited for has a name whose opposite can be told.
func problemsAreSentences(t *testing.T, p plan.Plan) {
	t.Helper()
	for _, s := range p.Steps {
		for _, wanted := range s.Wanted {
			absent, ok := wanted.(interface{ Absence() resource.Resource })
			if !ok {
				continue
			}
			h, ok := absent.Absence().(resource.Health)
			if ok && strings.HasPrefix(h.Problem(wanted), "not true") {
				t.Errorf("%s: resource.Denial does not know the verb of %q", fixture.Place(s), wanted.ID())
			}
		}
	}
}

// addOnsAreNotWaitedFor: what an inventory can turn off in the API is not on the way to a cluster
// that takes work. It waits for nothing itself, and nothing of the cluster comes after it.
func addOnsAreNotWaitedFor(t *testing.T, p plan.Plan) {
	t.Helper()
	aside := map[string]bool{}
	for _, s := range p.Steps {
		aside[s.Component.Name] = s.Component.Aside
	}
	for _, s := range p.Steps {
		for _, before := range slices.Concat(s.Component.After, s.Component.Needs) {
			if aside[before] && !s.Component.Aside {
				t.Errorf("%s comes after %s", fixture.Place(s), before)
			}
		}
		if !s.Component.Aside {
			continue
		}
		for _, r := range s.Wanted {
			if kinds.Has(r, kinds.Waits|kinds.Sees) {
				t.Errorf("%s waits: %s", fixture.Place(s), r.ID())
			}
		}
	}
}

// TestSharedKeysRestart: who reads a key that base makes for several is restarted when it is
// another, or reads it again, and no other service is. Kubeconfigs have the authority in them, so
// they are not told apart from their own content.
func TestSharedKeysRestart(t *testing.T) {
	want := map[string]string{
		"kube-apiserver.service":          "ca.crt front-proxy-ca.crt sa.key sa.pub",
		"kube-controller-manager.service": "ca.crt ca.key front-proxy-ca.crt sa.key",
		"kubelet.service":                 "ca.crt",
		"kube-api-proxy.service":          "ca.crt",
	}
	for name, text := range fixture.EveryInventory() {
		t.Run(name, func(t *testing.T) {
			readersRestart(t, plan.Build(component.Components(), fixture.TargetsOf(t, text)), want)
		})
	}
}

// readersRestart: each service starts with the wanted keys, and its digest is of all of them; those
// that it reads again are told by the files that name them.
func readersRestart(t *testing.T, plan plan.Plan, want map[string]string) {
	for _, s := range plan.Steps {
		for _, r := range s.Wanted {
			service, ok := r.(resource.Service)
			if !ok || !service.Running || isTimer(service.Name) {
				continue
			}
			var files, read []resource.Resource
			for _, f := range s.Wanted {
				// What a program keeps for itself is no part of what it is started with.
				if _, kept := f.(resource.Credential); !kept && slices.Contains(service.Starts, f.ID()) {
					files = append(files, f)
				}
				if slices.Contains(service.Reloads, f.ID()) {
					read = append(read, f)
				}
			}
			var names []string
			shared := named(s.Target, files)
			for _, key := range slices.Concat(shared, named(s.Target, read)) {
				names = append(names, strings.TrimPrefix(key.ID(), "file /etc/kubernetes/pki/"))
			}
			for _, key := range named(s.Target, read) {
				digest := component.Digest([]resource.Resource{key})
				if !slices.ContainsFunc(read, func(r resource.Resource) bool {
					return strings.Contains(string(r.(resource.File).Content), digest)
				}) {
					t.Errorf("%s does not read %s again when it is another", service.Name, key.ID())
				}
			}
			if got := strings.Join(names, " "); got != want[service.Name] {
				t.Errorf("%s reads %q, want %q", service.Name, got, want[service.Name])
			}
			if got := component.Digest(slices.Concat(files, shared)); got != service.Config {
				t.Errorf(
					"%s: its digest is %s, and not %s, of all that it starts with", service.Name, service.Config, got,
				)
			}
		}
	}
}

// named are the keys that base makes and that the text of one of the files names.
func named(t component.Target, files []resource.Resource) []resource.Resource {
	var shared []resource.Resource
	for _, f := range t.PKI.Files(t.Host, "pki") {
		if slices.ContainsFunc(files, func(r resource.Resource) bool {
			file, ok := r.(resource.File)
			return ok && strings.Contains(string(file.Content), f.Path)
		}) {
			shared = append(shared, resource.File{
				Path: f.Path, Mode: f.Mode, Owner: f.Owner, Content: f.Content, Secret: f.Secret,
			})
		}
	}
	return shared
}
