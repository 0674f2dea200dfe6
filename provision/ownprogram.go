package provision

import (
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"

	"kbootstrap/internal/packed"
	"kbootstrap/provision/component"
	"kbootstrap/release"
)

// withOwnProgram returns the contents for hosts of an architecture, and the tool's own program
// among them when they keep it.
func withOwnProgram(r *Run, set *release.Set, arch string) (*release.Set, error) {
	if !r.Cluster.Backup.Schedule.IsSet() {
		return set, nil
	}
	own, err := r.options.Remote.Program(arch)
	if err != nil {
		return nil, err
	}
	form, err := packedProgram(own.Path, arch, own.SHA256)
	if err != nil {
		return nil, err
	}
	content, err := release.FileContent(component.OwnProgram, form, own.SHA256, own.Size)
	if err != nil {
		return nil, err
	}
	return set.With(content), nil
}

// packedProgram compresses a program as hosts get it, once for each build.
func packedProgram(path, arch, sum string) (string, error) {
	return packed.File(arch+"-"+sum+".zst", func(w io.Writer) error {
		in, err := os.Open(path)
		if err != nil {
			return err
		}
		defer in.Close()
		z, err := zstd.NewWriter(w)
		if err != nil {
			return err
		}
		_, err = io.Copy(z, in)
		return errors.Join(err, z.Close())
	})
}
