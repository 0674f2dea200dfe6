package components

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMergedLock(t *testing.T) {
	kubelet := func(version, sum string) locked {
		return locked{URL: "https://dl.k8s.io/release/" + version + "/bin/linux/amd64/kubelet", SHA256: sum, Size: 7}
	}
	text, err := mergedLock(nil, []locked{kubelet("v1.36.3", "bb")})
	if err != nil {
		t.Fatal(err)
	}
	if text, err = mergedLock(text, []locked{kubelet("v1.35.4", "aa"), kubelet("v1.36.3", "cc")}); err != nil {
		t.Fatal(err)
	}
	const want = `# kbootstrap artifact lock
version: 1
artifacts:
  - url: https://dl.k8s.io/release/v1.35.4/bin/linux/amd64/kubelet
    sha256: aa
    size: 7
  - url: https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kubelet
    sha256: cc
    size: 7
`
	if string(text) != want {
		t.Errorf("merged lock file:\n%s\nwant:\n%s", text, want)
	}
	again, err := mergedLock(text, []locked{kubelet("v1.35.4", "aa")})
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != want {
		t.Errorf("merging what is there changed the file:\n%s", again)
	}
}

// A sum that YAML could take for a number must come back as the same text.
func TestMergedLockKeepsNumericSums(t *testing.T) {
	for _, sum := range []string{strings.Repeat("1", 64), "1e" + strings.Repeat("0", 62),
		"0" + strings.Repeat("7", 63)} {
		text, err := mergedLock(nil, []locked{{URL: "https://a/b", SHA256: sum, Size: 1}})
		if err != nil {
			t.Fatal(err)
		}
		again, err := mergedLock(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if string(text) != string(again) || !strings.Contains(string(text), sum) {
			t.Errorf("sum %s became\n%s\nthen\n%s", sum, text, again)
		}
	}
}

func TestMergeLockRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, text := range map[string]string{
		"newer format":  "version: 2\nartifacts: []\n",
		"unknown field": "version: 1\nartifacts: []\nsignature: x\n",
		"not YAML":      "version: [\n",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), lockName)
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := mergeLock(path, []locked{{URL: "https://a/b", SHA256: "aa", Size: 1}}); err == nil {
				t.Error("no error")
			}
			after, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if string(after) != text {
				t.Errorf("the file was overwritten:\n%s", after)
			}
		})
	}
}
