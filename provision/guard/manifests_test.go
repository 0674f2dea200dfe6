package guard

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kbootstrap/fault"
	"kbootstrap/internal/fixture"
	"kbootstrap/provision/component"
	"kbootstrap/resource/api"
)

// TestManifests: what others have made is taken over when the run says so, what the tool makes
// itself never is, and what has more in it than itself goes only when the run says so.
func TestManifests(t *testing.T) {
	const (
		shop   = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
		web    = "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\n"
		dns    = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: coredns, namespace: kube-system}\n"
		theirs = "Deployment shop/web"
	)
	for _, test := range []struct {
		what, was, now, foreign string
		adopts                  bool
		dropping                []string
		want                    fault.Code
		says                    string
	}{
		{what: "new", now: shop + web},
		{what: "the second run", was: shop + web, now: shop + web},
		{what: "of others", now: web, foreign: theirs, want: fault.AddOnTaken, says: "--adopt"},
		{what: "of others, and said so", now: web, foreign: theirs, adopts: true},
		{what: "noted, with other fields", was: web, now: web, foreign: theirs},
		{what: "the tool's own", now: dns, adopts: true, want: fault.AddOnTaken, says: "ConfigMap kube-system/coredns"},
		{what: "a Deployment less", was: shop + web, now: shop},
		{what: "none left", was: web},
		{what: "a Namespace less", was: shop + web, now: web, want: fault.AddOnDropped, says: "Namespace shop"},
		{what: "a Namespace less, and said so", was: shop + web, now: web, dropping: []string{"manifests"}},
	} {
		noted := map[string]api.ObjectSet{}
		for _, s := range change(t, fixture.Small, withManifests(t, test.was)).plan.Steps {
			for _, w := range s.Wanted {
				if set, ok := w.(api.ObjectSet); ok && s.Component.Name == component.Manifests {
					noted[set.Name] = set
				}
			}
		}
		now := change(t, fixture.Small, withManifests(t, test.now))
		now.AddOns = AddOnChanges(seen(now.plan, noted, test.foreign))
		now.Adopts, now.Dropping = test.adopts, test.dropping
		refused, _ := Judge(now.Situation)
		var codes []fault.Code
		for _, r := range refused {
			codes = append(codes, r.Code)
		}
		var want []fault.Code
		if test.want != "" {
			want = []fault.Code{test.want}
		}
		if !slices.Equal(codes, want) || !strings.Contains(told(refused), test.says) {
			t.Errorf("%s: refused is %v, want %v", test.what, refused, want)
		}
	}
}

// told are the texts of refusals, with what to do instead.
func told(all Refusals) string {
	var text string
	for _, r := range all {
		text += r.Text + "; " + r.Advice + "\n"
	}
	return text
}

// withManifests is an inventory that names a file with a text; without a text it names none.
func withManifests(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return fixture.Small
	}
	file := filepath.Join(t.TempDir(), "app.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return fixture.Small + "addons: {manifests: [" + file + "]}\n"
}
