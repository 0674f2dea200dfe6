package release

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"kbootstrap/inventory"
)

// artifact is one file to fetch, and what is wanted of it.
type artifact struct {
	component string // the key of Cluster.Versions, or "kubernetes"
	version   string // of the component
	url       string // upstream; it also names the artifact in locks and in mirrors
	arch      string
	archive   bool   // a gzipped tar whose members are wanted, otherwise the file itself is
	optional  bool   // some clusters do without it
	image     string // the full name of an image, pulled from its registry when there is no mirror; empty for a file
	members   []member
	// orImage has the same programs in an image, for when the sum of the file is not known and the
	// digest of the image is; nil when there is no such image.
	orImage *artifact

	sum    string            // sha256, lower case hex; empty when it is not known
	index  string            // sha256 of the index of an image, lower case hex; empty when it is not known
	locked map[string]string // sha256 of members by their path, as the lock has them
	size   int64             // bytes; 0 when not known
	tells  bool              // the lock has the sums of all members that it knows
	origin string            // where the sum is from: OriginBuiltIn, OriginLock or empty

	again    bool   // it is fetched although the cache has it
	received string // sha256 of what was fetched
}

// member is one wanted file.
type member struct {
	name string   // of the content
	path string   // in the archive or the image; empty when the artifact itself is wanted
	like []string // contents that it has much of its code in common with, see Source.Like
}

// plainMember is what a lock calls the plain form of an image, see cache.plain.
const plainMember = "plain"

// mayBePlain reports whether the plain form of an image, which has that sum, may be used. Where a
// lock has the sums of members, it must have that one.
func (a artifact) mayBePlain(sum string) bool { return !a.tells || a.locked[plainMember] == sum }

// isWhole reports whether the artifact itself is wanted, and not files in it.
func (a artifact) isWhole() bool { return len(a.members) == 1 && a.members[0].path == "" }

// isImage reports whether the artifact is an image for the runtime.
func (a artifact) isImage() bool { return a.image != "" && a.isWhole() }

// key names the artifact's entry in the cache: its sum, or what stands for that of an image which
// is known by the digest of its index. The name of the image is part of it because the archive has
// it as well.
func (a artifact) key() string {
	if a.sum == "" && a.index != "" {
		sum := sha256.Sum256([]byte(a.image + "@" + a.index + " " + a.arch))
		return hex.EncodeToString(sum[:])
	}
	return cmp.Or(a.sum, a.received)
}

// name is the URL without its scheme: the path below a mirror.
func (a artifact) name() string {
	_, name, _ := strings.Cut(a.url, "://")
	return name
}

// machines are the architectures for which artifacts are fetched, with their names in `uname -m`.
var machines = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// expand lists what the cluster needs for hosts of one architecture, in the order of the sources.
func expand(c *inventory.Cluster, sources []Source, versions map[string]string, arch string) ([]artifact, error) {
	machine, ok := machines[arch]
	if !ok {
		return nil, fmt.Errorf("architecture %q is not supported; amd64 and arm64 are", arch)
	}
	var list []artifact
	for _, s := range sources {
		if s.Needed != nil && !s.Needed(c) {
			continue
		}
		version := versions[s.Component]
		texts := strings.NewReplacer("{version}", strings.TrimPrefix(version, "v"), "{arch}",
			arch, "{machine}", machine)
		a := s.artifact(version, arch, texts)
		a.optional = s.Needed != nil
		list = append(list, a)
	}
	return list, nil
}

// artifact is what the source is in one version, for one architecture.
func (s Source) artifact(version, arch string, texts *strings.Replacer) artifact {
	a := artifact{component: s.Component, version: version, arch: arch}
	if s.Image != "" {
		a.image = texts.Replace(s.Image)
		a.url = imageURL(a.image, arch)
		for _, name := range s.Programs {
			path := texts.Replace(s.ImageDirectory) + name
			a.members = append(a.members, member{name: name, path: path, like: s.likeOf(name)})
		}
		if len(s.Programs) == 0 {
			a.members = []member{{name: "image/" + s.Component, like: s.Like}}
		}
		if s.URL == "" {
			return a
		}
		image := a
		a = artifact{component: s.Component, version: version, arch: arch, orImage: &image}
	}
	a.url, a.archive = texts.Replace(s.URL), s.Archive
	for _, name := range s.Programs {
		m := member{name: name, like: s.likeOf(name)}
		if s.Archive {
			m.path = texts.Replace(s.Directory) + name
		}
		a.members = append(a.members, m)
	}
	return a
}

// likeOf are the contents that a program is like.
func (s Source) likeOf(program string) []string {
	if first := s.Programs[0]; program != first {
		return []string{first}
	}
	return s.Like
}

// imageURL names the archive of an image of one platform, as `docker save` writes it. Registries
// have no URL for that, so this one is the tool's own: the image's name with a slash before the
// tag. The name is that of the amd64 image; others have their architecture appended, because a
// mirror has a file for each.
func imageURL(image, arch string) string {
	url := "https://" + strings.ReplaceAll(image, ":", "/")
	if arch != "amd64" {
		url += "-" + arch
	}
	return url + ".tar"
}
