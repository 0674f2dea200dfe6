//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shelves is what a user wants in the cluster: a kind of its own and an object of it, in the wrong
// order, and quantities that the API spells in another way.
const shelves = `
apiVersion: shops.example.com/v1
kind: Shelf
metadata: {name: first, namespace: shop}
spec: {boards: 3}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shelves.shops.example.com}
spec:
  group: shops.example.com
  scope: Namespaced
  names: {plural: shelves, singular: shelf, kind: Shelf}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {boards: {type: integer}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: web
        image: docker.io/library/busybox:1.36.1
        command: [sleep, "100000"]
        env:
        - {name: A, value: "1"}
        - {name: B, value: "2"}
        resources: {requests: {cpu: 10m, memory: 2048Ki}, limits: {cpu: 1000m}}
        volumeMounts: [{name: login, mountPath: /login}]
      volumes:
      - {name: login, secret: {secretName: login, defaultMode: 0440}}
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: shop}
stringData: {password: hunter2}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`

// ownManifests has a user's objects made, changed, kept and removed with the files.
func ownManifests(t *testing.T, l *lab) {
	dir := filepath.Join(l.dir, "manifests")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			l.fatalf("%v", err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		l.fatalf("%v", err)
	}
	write("10-shop.yaml", shelves)
	write("20-more.json", `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "data": {"a": "b"}}`)
	l.edit("addons: {", "addons: {manifests: [manifests], ")
	plan := l.exits(0, "plan", "-i", l.inventory)
	plan.says(t, "object Shelf.shops.example.com shop/first", "object ConfigMap more")
	if strings.Contains(plan.stdout, "hunter2") || strings.Contains(plan.stdout, "aHVudGVyMg") {
		t.Errorf("the plan shows a password:\n%s", plan.stdout)
	}
	l.up()
	l.upAgain()
	l.eventually(time.Minute, "the user's pod runs", contains("1"), "cp1", "kubectl", "get", "deployment", "-n", "shop",
		"web", "-o", "jsonpath={.status.readyReplicas}")
	if got := l.addOns(); got["manifests"] != "healthy" {
		t.Errorf("the add-ons are %v", got)
	}

	// What goes from the files goes, what others change is changed back.
	write("10-shop.yaml", strings.Replace(shelves, "        - {name: B, value: \"2\"}\n", "", 1))
	if err := os.Remove(filepath.Join(dir, "20-more.json")); err != nil {
		l.fatalf("%v", err)
	}
	l.kubectl("patch", "shelf", "-n", "shop", "first", "--type=merge", "--patch", `{"spec":{"boards":4}}`)
	l.exits(0, "plan", "-i", l.inventory).says(t, "-v1 ConfigMap more",
		"-spec.template.spec.containers[web].env[B].value", "-spec.boards: 4", "+spec.boards: 3")
	l.up()
	l.upAgain()
	env := l.kubectl("get", "deployment", "-n", "shop", "web", "-o", "jsonpath={.spec.template.spec.containers[0].env}")
	if boards := l.kubectl("get", "shelf", "-n", "shop", "first", "-o", "jsonpath={.spec.boards}"); boards != "3" ||
		strings.Contains(env, "B") {
		t.Errorf("there are %s boards, and the variables %s", boards, env)
	}
	if maps := l.kubectl("get", "configmap", "-o", "name"); strings.Contains(maps, "more") {
		t.Errorf("left is %s", maps)
	}

	// What others have made is taken over when it is said.
	l.kubectl("create", "configmap", "theirs", "--from-literal=a=b")
	write("30-theirs.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: theirs}\ndata: {a: b}\n")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6048", "ConfigMap theirs", "--adopt")
	l.must(3*time.Minute, "up", "-i", l.inventory, "--adopt")
	l.upAgain()

	// What has more in it goes only when it is said.
	l.edit("manifests: [manifests], ", "")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6049", "Namespace shop", "--remove-addon manifests")
	l.must(3*time.Minute, "up", "-i", l.inventory, "--remove-addon", "manifests")
	l.upAgain()
	left := l.kubectl("get", "namespace,customresourcedefinition,configmap", "-o", "name")
	if strings.Contains(left, "shop") || strings.Contains(left, "theirs") {
		t.Errorf("left is %s", left)
	}
}
