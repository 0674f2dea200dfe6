package component_test

import (
	"strings"
	"testing"

	"kbootstrap/internal/fixture"
	"kbootstrap/resource"
)

// TestImagesAreSynced: ctr is told to wait for the disk where it knows how.
func TestImagesAreSynced(t *testing.T) {
	for _, test := range []struct {
		kubernetes, containerd string
		synced                 bool
	}{
		{"v1.36.3", "2.4.1", true},
		{"v1.34.1", "2.1.9", true},
		{"v1.34.1", "1.7.33", false},
	} {
		text := strings.Replace(fixture.Small, "v1.36.3", test.kubernetes, 1)
		target := fixture.TargetsOf(t, text+"versions: {containerd: "+test.containerd+"}\n")[0]
		images := 0
		for id, r := range wantedOf(t, target, "images") {
			image, ok := r.(resource.Image)
			if !ok {
				continue
			}
			images++
			if image.SyncFS != test.synced || image.SyncFS && !image.Local {
				t.Errorf("containerd %s, %s: %+v", test.containerd, id, image)
			}
		}
		if images == 0 {
			t.Errorf("containerd %s: no images", test.containerd)
		}
	}
}
