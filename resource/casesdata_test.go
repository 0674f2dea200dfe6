package resource_test

import (
	"os"
	"strings"

	"kbootstrap/host"
	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// dataLaws are about what was in directories before the tool came.
func dataLaws() []law {
	theirs := func(m *machine) {
		m.sees("/proc")
		m.put("/var/lib/docker/image/a", "theirs")
	}
	// noted has the unit come, with a note, and its program fill the directory.
	noted := func(m *machine) {
		m.converge([]resource.Resource{
			kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"},
			resource.File{Path: "/etc/systemd/system/docker.service", Content: []byte("x")},
		})
		m.must(m.Flush())
		m.put("/var/lib/docker/image/b", "added")
		m.put("/var/lib/docker/volumes/app/_data/f", "people's")
		m.put("/var/lib/docker/volumes/metadata.db", "x")
		m.put("/var/lib/docker/overlay2/1", "ours")
	}
	data := kinds.Data{Path: "/var/lib/docker", Unit: "docker.service", People: []string{"volumes/*"}, Absent: true}
	all := data
	all.All = true
	return []law{
		{name: "no directory", wanted: kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}},
		{name: "filled", start: theirs, wanted: kinds.Before{Path: "/var/lib/docker", Unit: "docker.service"}},
		{
			name: "ours", wanted: data, forgets: true, start: func(m *machine) { m.sees("/proc"); noted(m) },
			before: "/var/lib/docker/image\n/var/lib/docker/overlay2\n/var/lib/docker/volumes/metadata.db\n" +
				"stays: /var/lib/docker/volumes/app (people's data)\n",
		},
		{
			name: "theirs", wanted: data, forgets: true, start: func(m *machine) { theirs(m); noted(m) },
			before: "/var/lib/docker/overlay2\n/var/lib/docker/volumes/metadata.db\n" +
				"stays: /var/lib/docker/image (was there before)\nstays: /var/lib/docker/volumes/app (people's data)\n",
		},
		{
			name: "all of it", wanted: all, forgets: true, start: func(m *machine) { theirs(m); noted(m) },
			before: "/var/lib/docker/image\n/var/lib/docker/overlay2\n/var/lib/docker/volumes\n",
		},
	}
}

// keyLaws are about a file of which some keys are the tool's.
func keyLaws() []law {
	wanted := resource.File{
		Path: "/etc/docker/daemon.json", Keys: []string{"containerd", "hosts"},
		Content: []byte("{\n  \"containerd\": \"/run/c\",\n  \"log-driver\": \"json-file\",\n  \"log-opts\": " +
			"{\"max-file\": \"5\"}\n}\n"),
		Defaults: [][]byte{[]byte(`{"log-driver": "json-file", "log-opts": {"max-file": "5"}}`)},
	}
	has := func(text string) func(*machine) {
		return func(m *machine) { m.put("/etc/docker/daemon.json", text) }
	}
	return []law{
		{name: "keys of none", wanted: wanted},
		{
			name: "keys next to others", wanted: wanted,
			start:  has(`{"bip":"10.200.0.1/24", "hosts": ["tcp://0.0.0.0:2375"]}`),
			before: rootOwned + "| {\n|   \"hosts\": [\"tcp://0.0.0.0:2375\"]\n| }\n",
		},
		{
			name: "defaults that are set", wanted: wanted, start: has(`{"log-driver": "journald"}`),
			before: rootOwned + "| {\n|   \"log-driver\": \"json-file\",\n|   \"log-opts\": {\"max-file\": " +
				"\"5\"}\n| }\n",
		},
		{
			name: "a key that is not wanted any more", wanted: wanted,
			start: func(m *machine) {
				m.put("/etc/docker/daemon.json", `{"bip":"10.200.0.1/24", "log-level": "debug"}`)
				m.put(host.StateDir+"/keys/etc-docker-daemon.json", "containerd\nlog-level\n")
			},
			before: rootOwned + "| {\n|   \"log-level\": \"debug\"\n| }\n",
		},
		{
			name: "no object", wanted: wanted, start: has("{bip: 1}\n"), before: rootOwned + "| {bip: 1}\n",
		},
	}
}

// filled lists the files below a directory.
func (m *machine) filled(dir string) string {
	var left []string
	for line := range strings.Lines(m.snapshot()) {
		path := strings.Fields(line)[0]
		if info, err := os.Stat(m.Path(path)); err == nil && !info.IsDir() && strings.HasPrefix(path, dir+"/") {
			left = append(left, strings.TrimPrefix(path, dir+"/"))
		}
	}
	return strings.Join(left, " ")
}
