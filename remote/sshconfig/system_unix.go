//go:build unix

package sshconfig

// systemDir is the directory of ssh's files for all users.
func systemDir() string { return "/etc/ssh" }

// defaultAgent is where an agent is if no variable says so: nowhere.
const defaultAgent = ""

// loginName is the user's name as ssh has it.
func loginName(username string) string { return username }
