package remote

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"kbootstrap/fault"
	"kbootstrap/internal/human"
)

// spaceMark begins the line that freeSpace prints.
const spaceMark = "KBOOTSTRAP-SPACE "

// spaceScript prints what df says of the file system of a path, or of where the path would be made.
const spaceScript = `d=$1; until [ -e "$d" ]; do d=$(dirname "$d"); done; echo "` + spaceMark +
	`$(df -Pk "$d" | tail -n 1)"`

// freeSpace is how many bytes a path's file system has left for a user, and where that is mounted.
func freeSpace(ctx context.Context, c *Conn, path string) (free int64, mount string, ok bool) {
	s, ready, err := c.launch(ctx, "df", command(asUser, "/bin/sh", "-c", spaceScript, "sh", path),
		spaceMark, c.o.Timeout)
	if err != nil || !ready {
		return 0, "", false
	}
	defer func() { _ = s.Close() }()
	var line []byte
	if err := c.await(ctx, "df", func() (err error) {
		line, err = io.ReadAll(io.LimitReader(s, 4<<10))
		return err
	}, func() {}); err != nil {
		return 0, "", false
	}
	words := strings.Fields(string(line)) // file system, blocks, used, free, used in per cent, mount point
	if len(words) < 6 {
		return 0, "", false
	}
	kib, err := strconv.ParseInt(words[3], 10, 64)
	return kib << 10, words[5], err == nil
}

// diskError says what was wrong with the file system of a path to which so many bytes had to be
// written. The error is what the host said, which for SFTP is no more than "Failure".
func (c *Conn) diskError(ctx context.Context, op, path string, need int64, err error) *Error {
	e := &Error{Host: c.host.Name, Op: op, Kind: Agent, Err: err, hint: hintOf(err), code: fault.UploadFailed}
	text := err.Error()
	free, mount, known := freeSpace(ctx, c, path)
	switch {
	case strings.Contains(text, "Read-only file system"):
		e.code, e.hint = fault.HostReadOnly, "find out why the file system is read-only: findmnt -T "+
			path+"; dmesg | tail"
	case known && free < need, strings.Contains(text, "No space left on device"),
		strings.Contains(text, "Disk quota exceeded"):
		e.code, e.hint = fault.HostNoSpace, "make space there: df -h "+path+"; df -i "+path
		if known {
			e.Err = fmt.Errorf("no space in %s: %s needed, %s free on %s: %w",
				path, human.Size(need), human.Size(free), mount, err)
		}
	}
	return e
}
