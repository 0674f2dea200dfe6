package inventory_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kbootstrap/fault"
	"kbootstrap/inventory"
)

// withManifests reads an inventory that names files below testdata/manifests.
func withManifests(names string) (*inventory.Cluster, error) {
	return parse("testdata/manifests/hosts.yaml", withLines("addons: {manifests: ["+names+"]}"))
}

// TestManifests: the objects of a directory, in the order in which they are made, as the API takes
// them.
func TestManifests(t *testing.T) {
	c, err := withManifests("app/")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range c.AddOns.Manifests {
		file := strings.TrimPrefix(m.File, "testdata/manifests/")
		got = append(got, fmt.Sprintf("%s:%d %s %s", file, m.Line, m, m.JSON))
	}
	want := []string{
		`app/10-web.yaml:17 Namespace shop {"apiVersion":"v1","kind":"Namespace","metadata":` +
			`{"creationTimestamp":null,"name":"shop"}}`,
		`app/10-web.yaml:2 Deployment shop/web {"apiVersion":"apps/v1","kind":"Deployment",` +
			`"metadata":{"name":"web","namespace":"shop"},"spec":{"answer":"yes","note":"--- no end of a document\n",` +
			`"ratio":1.5,"replicas":2,"template":{"spec":{"volumes":[{"name":"s","secret":{"defaultMode":288}}]}}}}`,
		`app/20-list.yml:4 ConfigMap a {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}`,
		`app/20-list.yml:5 ConfigMap b {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"b"}}`,
		`app/30.json:1 Service web {"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},` +
			`"spec":{"ports":[{"port":80}]}}`,
		`app/30.json:4 Secret s {"apiVersion":"v1","data":{"a":"/"},"kind":"Secret","metadata":{"name":"s"}}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestManifestsThatCannotBe: all that is wrong with all files is told at once, each at its place,
// and nothing of a Secret is shown.
func TestManifestsThatCannotBe(t *testing.T) {
	_, err := withManifests("wrong")
	var all inventory.Problems
	if !errors.As(err, &all) {
		t.Fatalf("error %v", err)
	}
	var got []string
	for _, p := range all {
		got = append(got, strings.TrimPrefix(p.String(), "testdata/manifests/wrong/"))
	}
	want := []string{
		`a.yaml:1:1: error[KB1024]: the object has no name in metadata`,
		`a.yaml:8:26: error[KB1024]: the object has no name of its own: each run would make another`,
		`a.yaml:10:13: error[KB1024]: "one" is not a value of apiVersion`,
		`a.yaml:12:18: error[KB1024]: "a/b" is not a value of name`,
		`a.yaml:12:34: error[KB1024]: "X" is not a value of namespace`,
		`a.yaml:14:1: error[KB1005]: expected an object with apiVersion, kind and metadata, found a list`,
		`a.yaml:21:3: error[KB1002]: "password" is given twice; line 20 has it already`,
		`a.yaml:26:11: error[KB1024]: .inf is not a number that JSON has`,
		`b.yaml:9:13: error[KB1024]: the file is not YAML: a second value for the same key`,
		`c.json:2:1: error[KB1024]: the file is not JSON: invalid character '}' looking for beginning of value`,
		`b.yaml:5:1: error[KB1024]: ConfigMap default/d is given twice; testdata/manifests/wrong/b.yaml:1 has it ` +
			`already`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if strings.Contains(err.Error(), "hunter") {
		t.Errorf("a password is shown:\n%v", err)
	}
}

// TestManifestsThatAreNot: what an inventory names has to be there, and no chart.
func TestManifestsThatAreNot(t *testing.T) {
	for name, want := range map[string]string{
		"chart":                     "helm template NAME testdata/manifests/chart >DIRECTORY/app.yaml",
		"kustomized":                "kubectl kustomize testdata/manifests/kustomized >DIRECTORY/app.yaml",
		"empty":                     "has no manifests",
		"nowhere":                   "there is no testdata/manifests/nowhere",
		"/dev/null":                 "is neither a file nor a directory",
		"app/20-list.yml, app":      "ConfigMap a is given twice",
		"3":                         "expected text",
		"app/10-web.yaml/less, app": "not a directory",
	} {
		_, err := withManifests(name)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if code := fault.Of(err); code != fault.InventoryManifest && name != "3" {
			t.Errorf("%s: the code is %s", name, code)
		}
	}
}
