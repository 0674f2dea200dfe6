package release

import (
	"context"
	"errors"
	"fmt"
	"io"

	"kbootstrap/release/airgap"
)

// Check reads all files of the bundle, and unpacks every content: each must have the sum that the
// manifest says, and an image the ID. All problems are returned.
func (b *Bundle) Check(ctx context.Context) error {
	archs := map[string]string{}
	for _, a := range b.newest.Manifest.Artifacts {
		for _, sum := range a.Contents {
			archs[sum] = a.Arch
		}
	}
	judge := func(c airgap.Content, raw io.Reader) error {
		if c.ImageID == "" {
			return nil
		}
		id, err := imageID(raw, archs[c.SHA256])
		if err == nil && id != c.ImageID {
			err = fmt.Errorf("the image has the ID %s, expected %s", id, c.ImageID)
		}
		return err
	}
	var problems []error
	for _, file := range b.files {
		problems = append(problems, file.CheckAll(ctx, judge))
	}
	return errors.Join(problems...)
}

// Manifest is that of the newest file.
func (b *Bundle) Manifest() airgap.Manifest { return b.newest.Manifest }
