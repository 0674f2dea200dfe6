package component

import (
	"cmp"
	"slices"
	"time"

	"kbootstrap/inventory"
	"kbootstrap/release"
	"kbootstrap/resource"
	"kbootstrap/templates"
)

const (
	dockerSocket     = "/run/docker.sock"
	criDockerdSocket = "/run/cri-dockerd.sock"
)

var dockerProgram = inventory.Program{
	Name: "dockerd", Release: "docker", Rules: dockerRules,
	Absent: func(c *inventory.Cluster) string {
		if hasDocker(c) {
			return ""
		}
		return "runtime is " + c.Runtime
	},
}

// docker is for people and their builds: `docker run` works on every host. It shares the one
// containerd with the kubelet.
var docker = Component{
	Name:     "docker",
	OfNode:   true,
	Disturbs: true,
	On:       func(t Target) bool { return hasDocker(t.Cluster) },
	After:    []string{"containerd"},
	Units:    []string{"docker.service"},
	NamesAll: hasProxy,
	Sources: []release.Source{{
		Component: "docker", Version: "29.8.2", Archive: true, Directory: "docker/", Needed: hasDocker,
		URL:      "https://download.docker.com/linux/static/stable/{machine}/docker-{version}.tgz",
		Programs: []string{"dockerd", "docker", "docker-proxy", "docker-init"}, Like: []string{"containerd"},
	}},
	Reads: []Reading{{What: "`/etc/docker/certs.d`",
		Whose: "the operator's, but for authorities of registries that the inventory names"}},
	Residue: Residue{
		Data:       []string{"/var/lib/docker", "/run/docker"},
		People:     []string{"/var/lib/docker/volumes/*"}, // docker is for people, see decision 20
		Interfaces: []string{"docker0"},
		Chains:     []string{"DOCKER"},
	},
	Programs:  []inventory.Program{dockerProgram},
	Sandbox:   dockerSandbox,
	Variables: []string{"DOCKER_"},
	Resources: func(t Target) []resource.Resource {
		flags := templates.Flags{"host": "unix://" + dockerSocket}
		flags = t.withArguments("dockerd", dockerRules, flags)
		return list(
			one(
				resource.Dir{Path: "/etc/docker", Mode: 0o755},
				text(
					"/etc/systemd/system/docker-.scope.d/50-kbootstrap.conf", 0o644, containerScope.Render(struct{}{}),
				),
			),
			t.dockerTrust(),
			t.programs("docker", "/usr/local/bin", "docker", "docker-proxy", "docker-init"),
			t.service("docker.service", t.shared(flags),
				t.programs("docker", "/usr/local/bin", "dockerd"),
				one(
					t.dockerFile(flags),
					t.proxied("docker.service"),
					unit("docker.service", dockerUnit.Render(daemon{
						Flags: flags, Sandbox: dockerSandbox(t),
					})),
				),
			),
			one(resource.Ready{
				Name: "docker answers", URL: "unix://" + dockerSocket + "?get=/_ping", Unit: "docker.service",
				Timeout: 120 * time.Second,
			}),
		)
	},
}

// dockerFile is daemon.json: the tool's own keys, and what the arguments say. Its owner may have
// keys of their own in it, such as bip, data-root and registry-mirrors, which stay. dockerd does
// not start when a flag and a key say the same thing, so the keys of its flags are not left in the
// file.
func (t Target) dockerFile(flags templates.Flags) resource.File {
	values := t.translated(dockerProgram, nil)
	if mirrors := dockerMirrors(t.Cluster); mirrors != nil {
		values["registry-mirrors"] = mirrors
	}
	content := withDockerArguments(values, dockerJSON.Render(dockerConfig{ContainerdSocket: containerdSocket}))
	given := dockerKeys(flags)
	file := resource.File{Path: DockerConfig, Mode: 0o644, Content: resource.WithoutKeys(content, given)}
	ours := resource.KeysOf(file.Content)
	// What docker works as well without; a logging driver of another kind has other options.
	for _, group := range [][]string{{"live-restore"}, {"log-driver", "log-opts"}, {"storage-driver"}} {
		isGiven := func(key string) bool { return values[key] != nil || slices.Contains(given, key) }
		if !slices.ContainsFunc(group, isGiven) {
			file.Defaults = append(file.Defaults, resource.OnlyKeys(content, group))
			ours = slices.DeleteFunc(ours, func(key string) bool { return slices.Contains(group, key) })
		}
	}
	file.Keys = slices.Sorted(slices.Values(unique(append(ours, given...))))
	return file
}

// DockerConfig is the path of dockerd's configuration.
const DockerConfig = "/etc/docker/daemon.json"

// dockerKeys are the keys of daemon.json that say what the flags do. A flag that may be given
// several times has a key in the plural
// (https://docs.docker.com/reference/cli/dockerd/#daemon-configuration-file).
func dockerKeys(flags templates.Flags) []string {
	several := map[string]string{
		"add-runtime": "runtimes", "authorization-plugin": "authorization-plugins",
		"default-address-pool": "default-address-pools", "default-ulimit": "default-ulimits", "dns-opt": "dns-opts",
		"exec-opt": "exec-opts", "feature": "features", "host": "hosts", "insecure-registry": "insecure-registries",
		"label": "labels", "log-opt": "log-opts", "node-generic-resource": "node-generic-resources",
		"registry-mirror": "registry-mirrors", "storage-opt": "storage-opts",
	}
	var keys []string
	for flag := range flags {
		keys = append(keys, cmp.Or(several[flag], flag))
	}
	return keys
}

// dockerConfig is the data of /etc/docker/daemon.json.
type dockerConfig struct{ ContainerdSocket string }

// dockerSandbox leaves docker its host, as that of containerd does.
func dockerSandbox(t Target) templates.Sandbox {
	return t.sandbox(templates.Sandbox{Open: true, ChildrenDump: true})
}

var (
	dockerJSON = templates.New[dockerConfig]("docker-daemon.json.tmpl")
	dockerUnit = templates.New[daemon]("docker.service.tmpl")
)

// hasDocker reports whether a cluster has docker.
func hasDocker(c *inventory.Cluster) bool { return c.Runtime == "docker" }
