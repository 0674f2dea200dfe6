package resource_test

import (
	"strings"
	"testing"

	"kbootstrap/resource"
)

// TestWholeDigests: two keys whose sums are equal by the digits that people see are two keys, and
// then the whole sums are shown.
func TestWholeDigests(t *testing.T) {
	file := func(sum string) resource.File {
		return resource.File{Path: "/opt/p", Mode: 0o755, Blob: sum, Size: 2048}
	}
	head := strings.Repeat("a", 12)
	one, two := file(head+strings.Repeat("1", 52)), file(head+strings.Repeat("2", 52))
	other := file(strings.Repeat("b", 64))
	if !resource.Changed(one, two) || resource.Digest(one) == resource.Digest(two) {
		t.Error("they count as equal")
	}
	if diff := resource.Diff(one, two); !strings.Contains(diff, one.Blob) || !strings.Contains(diff, two.Blob) {
		t.Errorf("the difference does not tell them apart:\n%s", diff)
	}
	diff := resource.Diff(one, other)
	if !strings.Contains(diff, "sha256:"+head+" (") || strings.Contains(diff, one.Blob) {
		t.Errorf("the difference shows more than twelve digits:\n%s", diff)
	}
	const text = "| image: x@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
	if got := resource.Short(text); got != text {
		t.Errorf("a line of a text became %q", got)
	}
}
