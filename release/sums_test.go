package release

import (
	"strings"
	"testing"
)

// TestSums checks the table's form. That its sums are upstream's is said and shown by its
// generator; here a few are compared with what the projects publish.
func TestSums(t *testing.T) {
	if len(sums) > 300_000 {
		t.Errorf("the table has %d bytes; it is part of every binary of the tool", len(sums))
	}
	lines := 0
	seen := map[string]bool{}
	for line := range strings.Lines(sums) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		lines++
		fields := strings.Fields(line)
		if len(fields) < 4 {
			t.Fatalf("line %q", line)
		}
		key := strings.Join(fields[:3], " ")
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if _, err := parseVersion(strings.TrimPrefix(fields[1], "v")); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		want := 1
		if fields[0] == "kubernetes" {
			want = len(kubernetesBinaries)
		}
		if len(fields[3:]) != want {
			t.Errorf("%s has %d sums, want %d", key, len(fields[3:]), want)
		}
		for _, s := range fields[3:] {
			if !sumPattern.MatchString(s) {
				t.Errorf("%s: %q is not a sum", key, s)
			}
			// The same sum for two releases is a copy gone wrong.
			if seen[s] {
				t.Errorf("%s: sum %s is there twice", key, s)
			}
			seen[s] = true
		}
	}
	if lines < 500 {
		t.Errorf("%d lines", lines)
	}
	if !strings.Contains(sums, "\n# kubernetes: "+strings.Join(kubernetesBinaries, " ")+"\n") {
		t.Error("the order of the sums is another than that of kubernetesBinaries")
	}
	if strings.Contains(sums, "\ndocker 27.5.0 ") {
		t.Error("the table has docker 27.5.0, of which two sources disagree")
	}
	if strings.Contains(sums, "\nkubernetes 1.27.") {
		t.Error("the table has sums of Kubernetes 1.27, of which two sources disagree")
	}
}

func TestBuiltIn(t *testing.T) {
	for _, test := range []struct{ component, version, arch, name, want string }{
		{"kubernetes", "v1.36.3", "amd64", "kube-apiserver",
			"1f217d397234a6d065da663c6e086fdb02c0f0de97a0758ff3e6f3956f4ef8ab"},
		{"kubernetes", "v1.36.3", "amd64", "kube-scheduler",
			"b8955d4518c902110b50a825364339b1fb673822518ce0ba081a69ed634f8eee"},
		{"kubernetes", "v1.36.3", "arm64", "kubelet",
			"57205a5daf5883873d87b4914e1e00bdd7707acd075714788cfb0fc1f60bc414"},
		{"kubernetes", "v1.36.3", "amd64", "kubeadm", ""},
		{"kubernetes", "v1.36.99", "amd64", "kubelet", ""},
		{"containerd", "1.7.0", "amd64", "containerd",
			"64ad6428cc4aca486db3a6148682052955d1e3134b69f079edf686c21d123fcd"},
		{"containerd", "1.7", "amd64", "containerd", ""},
		{"docker", "29.8.2", "arm64", "dockerd",
			"76a624e4a8e5da654d1150e808175125efb5a6f1b6aa1cbd9caee18f51047a50"},
		{"flannel", "0.28.4", "amd64", "flanneld", ""},
	} {
		a := artifact{component: test.component, version: test.version, arch: test.arch,
			members: []member{{name: test.name}}}
		if got := builtIn(a); got != test.want {
			t.Errorf("%s %s %s %s: %q, want %q", test.component, test.version, test.arch, test.name, got, test.want)
		}
	}
}

func TestBuiltInIndex(t *testing.T) {
	for image, want := range map[string]string{
		"registry.k8s.io/pause:3.10":           "ee6521f290b2168b6e0935a181d4cff9be1ac3f505666ef0e3c98fae8199917a",
		"registry.k8s.io/pause:3.1":            "",
		"registry.k8s.io/coredns/coredns:v1.9": "",
		// One project has fd5079792b93… for this tag; all others have this digest.
		"registry.k8s.io/coredns/coredns:v1.14.2": "e7e6440cfd1e919280958f5b5a6ab2b184d385bba774c12ad2a9e1e4183f90d9",
		"ghcr.io/flannel-io/flannel:v0.28.4":      "cc44a1a8969c4f14b8dd45664546f14abc3fc7682b125399103e555f1ad2528b",
	} {
		if got := builtInIndex(image); got != want {
			t.Errorf("%s: %q, want %q", image, got, want)
		}
	}
}
