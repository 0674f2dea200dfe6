//go:build e2e && hosts

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHostsRegistry: the registry of a cluster, from the example that the documentation shows to
// its end: who gets images and who does not, the registry as a mirror, a boot, another password,
// garbage, off and on, and reset.
func TestHostsRegistry(t *testing.T) {
	l := newLab(t, "registry", "--control-planes", "1", "--workers", "2")
	for _, step := range []struct {
		name string
		do   func(*testing.T, *lab)
	}{
		{"on", registryOn},
		{"the example", registryExample},
		{"who is refused", registryRefuses},
		{"a mirror", registryMirrors},
		{"a boot", registryBoots},
		{"another password", registryPassword},
		{"garbage", registryGarbage},
		{"another host", registryStays},
		{"off and on", registryOffAndOn},
		{"reset", registryReset},
	} {
		if !t.Run(step.name, func(t *testing.T) { l.t = t; step.do(t, l) }) {
			break
		}
	}
	l.t = t
}

const (
	registryName  = "registry.cluster.local:5000"
	registryImage = registryName + "/shop:1"
	registryData  = "/var/lib/kbootstrap-registry"
)

// registryOn brings a cluster up that has the registry on a worker. A file of the owner's is there
// already, where a mirror will be.
func registryOn(t *testing.T, l *lab) {
	l.exec("w2", "sh", "-c", "mkdir -p /etc/containerd/certs.d/docker.io /etc/containerd/certs.d/quay.io && "+
		"cd /etc/containerd/certs.d && echo '# theirs' | tee docker.io/hosts.toml >quay.io/hosts.toml")
	l.edit("hosts:", "addons: {registry: {enabled: true, host: w1}}\nhosts:")
	l.up()
	l.upAgain()
	l.exits(0, "status", "-i", l.inventory)
	for _, h := range []string{"cp1", "w1", "w2"} {
		line := l.exec(h, "head", "-n", "1", "/etc/hosts")
		if !strings.HasSuffix(line, " registry.cluster.local # kbootstrap\n") {
			t.Errorf("%s: /etc/hosts begins with %q", h, line)
		}
	}
	user := l.exec("w1", "ps", "-o", "user:30=", "-C", "registry")
	if strings.TrimSpace(user) != "kbootstrap-registry" {
		t.Errorf("the registry runs as %q", user)
	}
	l.image("w1")
}

// registryExample runs examples/private-registry, and compares what each command prints.
func registryExample(t *testing.T, l *lab) {
	l.tell("../../examples/private-registry", "demo")
}

// login logs docker on a host in.
func (l *lab) login(host string) {
	l.t.Helper()
	password, err := os.Open(l.registryPassword())
	if err != nil {
		l.fatalf("%v", err)
	}
	defer password.Close()
	l.input(password, host, "docker", "login", registryName, "--username", "registry", "--password-stdin")
}

// registryPassword is the file of the registry's password.
func (l *lab) registryPassword() string {
	return filepath.Join(l.dir, ".kbootstrap", filepath.Base(l.dir), "pki", "registry.password")
}

// fails checks that a command on a host fails, and says why.
func (l *lab) fails(t *testing.T, says, host string, command ...string) {
	t.Helper()
	r := l.runLab(time.Minute, "exec", append([]string{host, "--"}, command...)...)
	if r.code == 0 || !strings.Contains(strings.ToLower(r.stdout+r.stderr), says) {
		t.Errorf("%s: %s: exit %d, and not %q:\n%s%s", host, strings.Join(command, " "), r.code, says, r.stdout,
			r.stderr)
	}
}

// registryRefuses: who does not log in gets nothing, and no client gets anything over plain http,
// or without a certificate to trust.
func registryRefuses(t *testing.T, l *lab) {
	l.fails(t, "no basic auth credentials", "w2", "docker", "pull", registryImage)
	l.fails(t, "no basic auth credentials", "w1", "docker", "push", registryImage)
	l.fails(t, "unauthorized", "w2", "sh", "-c",
		"echo wrong | docker login "+registryName+" --username registry --password-stdin")
	l.apply(podOf("stranger", "cp1", registryImage, ""))
	l.eventually(time.Minute, "a pod without a Secret is refused", func(r result) bool {
		return strings.Contains(r.stdout, "401 Unauthorized") || strings.Contains(r.stdout, "no basic auth credentials")
	}, "cp1", "kubectl", "get", "events", "--field-selector", "involvedObject.name=stranger", "-o",
		`jsonpath={range .items[*]}{.message}{"\n"}{end}`)
	l.kubectl("delete", "pod", "stranger", "--now")
	if plain := l.exec("w2", "curl", "-s", "http://"+registryName+"/v2/"); !strings.Contains(plain,
		"Client sent an HTTP request to an HTTPS server") {
		t.Errorf("plain http: %q", plain)
	}
	l.fails(t, "certificate", "w2", "curl", "-sS", "https://"+registryName+"/v2/")
	answer := l.exec("w2", "curl", "-s", "--cacert", "/etc/kubernetes/pki/ca.crt",
		"https://"+registryName+"/v2/_catalog")
	if !strings.Contains(answer, "UNAUTHORIZED") {
		t.Errorf("the list of images without a login: %q", answer)
	}
}

// podOf is a pod on a host that must pull its image.
func podOf(name, host, image, secret string) string {
	return fmt.Sprintf(`---
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  nodeName: %s
  terminationGracePeriodSeconds: 0
  imagePullSecrets: [%s]
  tolerations: [{operator: Exists}]
  containers:
  - {name: shop, image: %q, imagePullPolicy: Always, command: [sleep, "3600"]}
`, name, host, secret, image)
}

// runsPod has a host pull the image of a pod and run it.
func (l *lab) runsPod(name, host, image, secret string) {
	l.t.Helper()
	l.apply(podOf(name, host, image, secret))
	l.eventually(90*time.Second, name+" runs "+image, contains("Running"), "cp1", "kubectl", "get", "pod", name, "-o",
		"jsonpath={.status.phase}{range .status.containerStatuses[*]}{.state.waiting.message}{end}")
	l.kubectl("delete", "pod", name, "--now")
}

// registryMirrors: pods get an image by the name of a registry that cannot be reached, without a
// Secret, because the cluster's own registry is its mirror.
func registryMirrors(t *testing.T, l *lab) {
	l.login("w1")
	l.exec("w1", "docker", "tag", "busybox:1.36.1", registryName+"/library/mirrored:1")
	l.exec("w1", "docker", "push", "--quiet", registryName+"/library/mirrored:1")
	l.exec("w1", "docker", "logout", registryName)
	l.edit("hosts:", "registries: {mirrors: {docker.io: ['https://"+registryName+"']}}\nhosts:")
	l.exits(0, "validate", "-i", l.inventory).says(t, "docker does not ask https://"+registryName)
	l.up()
	l.upAgain()
	for _, h := range []string{"cp1", "w2"} {
		l.runsPod("mirrored", h, "docker.io/library/mirrored:1", "")
	}
	mode := l.exec("w2", "stat", "-c", "%a %U", "/etc/containerd/certs.d/docker.io/hosts.toml")
	if mode != "600 root\n" {
		t.Errorf("the file with the login is %q", mode)
	}
}

// registryBoots: the images are on the disk.
func registryBoots(t *testing.T, l *lab) {
	l.mustLab(2*time.Minute, "stop", "w1")
	l.mustLab(2*time.Minute, "start", "w1")
	l.ready(3, 3*time.Minute)
	l.heals()
	l.login("w2")
	l.exec("w2", "docker", "pull", "--quiet", registryImage)
	l.upAgain()
}

// registryPassword: the password of the file is the one that is taken, and the one before is not.
func registryPassword(t *testing.T, l *lab) {
	before := l.exec("w2", "cat", "/root/.docker/config.json")
	if err := os.WriteFile(l.registryPassword(), []byte("a password of the owner's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.exits(3, "plan", "--detailed-exitcode", "-i", l.inventory).says(t, "htpasswd")
	l.up()
	l.upAgain()
	l.fails(t, "unauthorized", "w2", "docker", "pull", registryImage)
	l.login("w2")
	l.exec("w2", "docker", "pull", "--quiet", registryImage)
	l.runsPod("mirrored", "w2", "docker.io/library/mirrored:1", "") // the hosts have the new one too
	if after := l.exec("w2", "cat", "/root/.docker/config.json"); after == before {
		t.Error("the login is the same")
	}
	for _, path := range []string{"/etc/kbootstrap-registry/htpasswd", "/etc/kbootstrap-registry/config.yml"} {
		if text := l.exec("w1", "cat", path); strings.Contains(text, "of the owner's") {
			t.Errorf("%s has the password", path)
		}
	}
}

// registryGarbage: what no tag names goes, as the documentation says it is done.
func registryGarbage(t *testing.T, l *lab) {
	size := func() string {
		return l.exec("w1", "sh", "-c", "find "+registryData+" -path '*/blobs/sha256/*' -name data | wc -l")
	}
	l.login("w1")
	waste := registryName + "/waste:1"
	l.exec("w1", "sh", "-c", "echo more >/tmp/more && tar -C /tmp -c more | docker import - "+waste+" && "+
		"docker push --quiet "+waste+" && docker tag "+registryImage+" "+waste+" && docker push --quiet "+waste)
	before := size()
	l.exec("w1", "sh", "-c", "systemctl stop kbootstrap-registry && runuser -u kbootstrap-registry -- "+
		"registry garbage-collect --delete-untagged /etc/kbootstrap-registry/config.yml && "+
		"systemctl start kbootstrap-registry")
	if after := size(); after >= before {
		t.Errorf("%s contents before, and %s after", before, after)
	}
	l.heals()
	l.exec("w2", "docker", "pull", "--quiet", waste)
	l.upAgain()
}

// registryStays: no run moves the registry away from its images.
func registryStays(t *testing.T, l *lab) {
	l.edit("host: w1", "host: w2")
	l.exits(9, "up", "-i", l.inventory).says(t, "KB6050", "this host has the registry with its images")
	l.edit("host: w2", "host: w1")
}

// registryOffAndOn: what hosts had of it goes, what was the owner's comes back, and the images
// stay.
func registryOffAndOn(t *testing.T, l *lab) {
	l.exec("w2", "sh", "-c", "mkdir -p /etc/docker/certs.d/theirs && echo x >/etc/docker/certs.d/theirs/ca.crt")
	l.edit("registry: {enabled: true", "registry: {enabled: false")
	l.edit("registries: {mirrors: {docker.io: ['https://"+registryName+"']}}\n", "")
	l.up()
	l.upAgain()
	l.exits(0, "status", "-i", l.inventory)
	l.noRegistry(t)
	if theirs := l.exec("w2", "cat", "/etc/containerd/certs.d/docker.io/hosts.toml",
		"/etc/containerd/certs.d/quay.io/hosts.toml"); theirs != "# theirs\n# theirs\n" {
		t.Errorf("the owner's files are %q", theirs)
	}
	l.exec("w2", "cat", "/etc/docker/certs.d/theirs/ca.crt")
	l.exec("w1", "test", "-d", registryData+"/docker/registry/v2/repositories/shop")
	l.edit("registry: {enabled: false", "registry: {enabled: true")
	l.up()
	l.exec("w2", "docker", "pull", "--quiet", registryImage)
	l.upAgain()
}

// noRegistry checks that no host has anything of the registry but its images.
func (l *lab) noRegistry(t *testing.T) {
	t.Helper()
	for _, h := range []string{"cp1", "w1", "w2"} {
		left := l.exec(h, "sh", "-c", "ls -d /etc/systemd/system/kbootstrap-registry* /etc/kbootstrap-registry "+
			"/etc/containerd/certs.d/registry* /etc/docker/certs.d/registry* 2>/dev/null; grep kbootstrap /etc/hosts; "+
			"pgrep -x registry; true")
		if left != "" {
			t.Errorf("%s has\n%s", h, left)
		}
	}
}

// registryReset takes the cluster away, and leaves the images and what was the owner's.
func registryReset(t *testing.T, l *lab) {
	l.must(3*time.Minute, "reset", "-i", l.inventory, "--confirm", "registry")
	l.noRegistry(t)
	l.exec("w1", "test", "-d", registryData+"/docker/registry/v2/repositories/shop")
	if theirs := l.exec("w2", "cat", "/etc/containerd/certs.d/docker.io/hosts.toml"); theirs != "# theirs\n" {
		t.Errorf("the owner's file is %q", theirs)
	}
	if left := l.exec("cp1", "sh", "-c", "ls -d /etc/containerd/certs.d /etc/docker 2>/dev/null; true"); left != "" {
		t.Errorf("cp1 has %q", left)
	}
}
