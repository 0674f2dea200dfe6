package sshconfig

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
)

// systemDir is the directory of ssh's files for all users.
func systemDir() string {
	return filepath.Join(cmp.Or(os.Getenv("PROGRAMDATA"), `C:\ProgramData`), "ssh")
}

// defaultAgent is where the agent of Windows is; no variable says so there.
const defaultAgent = `\\.\pipe\openssh-ssh-agent`

// loginName is the user's name as ssh has it: without the domain or the machine, and in lower case.
func loginName(username string) string {
	_, name, found := strings.Cut(username, `\`)
	if !found {
		name = username
	}
	return strings.ToLower(name)
}
