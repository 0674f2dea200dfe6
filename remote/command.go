package remote

import (
	"slices"
	"strings"

	"kbootstrap/internal/shell"
)

// The login shell of the host may be sh, bash, zsh, fish or csh, and it reads every command line.
// So a command is only words, each in single quotes unless it is plain, and what needs a language
// is given to /bin/sh as one such word. The scripts have no newline, backslash or exclamation mark,
// which some of these shells change even within quotes.

// sentinel is the line with which `kbootstrap node` begins its output. What comes before it is the
// noise of the login shell's start-up files.
const sentinel = "KBOOTSTRAP-NODE 1\n"

// shellMark is the line that the login shell itself prints before sudo begins: what takes long
// after it is sudo, and not the shell.
const shellMark = "KBOOTSTRAP-SHELL 1\n"

// beginMark is the line that a command prints before it has work to do: what takes long after it is
// neither the shell nor sudo.
const beginMark = "KBOOTSTRAP-BEGIN 1\n"

// markScript prints the mark and becomes what follows. env tells of a sudo that is not there.
const markScript = `echo KBOOTSTRAP-SHELL 1; exec /usr/bin/env "$@"`

// stageMark begins the line that stage prints.
const stageMark = "KBOOTSTRAP-STAGE "

// startAgent runs the agent of that sum, which may not be there: env then exits with 127, sudo says
// so.
func startAgent(root, sum string, as rise) string { return command(as, agentPath(root, sum), "node") }

func agentPath(root, sum string) string { return root + "/" + sum + "/kbootstrap" }

// stageScript prints the machine's architecture and, when it is the wanted one, a new directory
// that only the login user can write to. It also removes what uploads that were cut left there:
// those of this run at once, others after an hour.
const stageScript = `umask 077; m=$(uname -m); d=-; if [ "$m" = "$1" ]; then ` +
	`find /tmp -maxdepth 1 -type d -name "kbootstrap.*" -user "$(id -un)" "(" -name "$2.??????????" -o -mmin +60 ")" ` +
	`-exec rm -rf {} + 2>/dev/null; ` +
	`d=$(mktemp -d "/tmp/$2.XXXXXXXXXX") || exit 1; fi; echo "` + stageMark + `$m $d"`

func stage(machine, name string) string {
	return command(asUser, "/bin/sh", "-c", stageScript, "sh", machine, name)
}

// installScript unpacks the upload into a file that only root can write to, verifies it there, puts
// it in place and becomes it. Files are synced first, because a name that is a sum must never have
// other content after a power cut. Agents of other builds go when they are over an hour old and
// nothing runs from them.
const installScript = `set -eu; umask 022; echo KBOOTSTRAP-BEGIN 1; d=$3/$2; mkdir -p "$d"; t=$(mktemp ` +
	`"$d/.kbootstrap.XXXXXXXXXX"); ` +
	`trap "rm -f $t" EXIT; gzip -dc < "$1/` + stagedName + `" > "$t"; s=$(sha256sum < "$t"); s=${s%% *}; ` +
	`[ "$s" = "$2" ] || { echo "sha256 sum of the upload is $s, want $2" >&2; exit 65; }; ` +
	`chmod 0755 "$t"; sync "$t" 2>/dev/null || sync; mv -fT "$t" "$d/kbootstrap"; sync "$d" 2>/dev/null || :; rm -rf ` +
	`"$1"; ` +
	`x=$(ls -l /proc/[0-9]*/exe 2>/dev/null || :); ` +
	`find "$3" -mindepth 1 -maxdepth 1 -type d -mmin +60 2>/dev/null | while read -r o; do case $x in *" $o/"*) ;; ` +
	`*) [ "$o" = "$d" ] || rm -rf "$o";; esac; done || :; ` +
	`exec "$d/kbootstrap" node`

// stagedName is the name of the upload in its stage directory.
const stagedName = "kbootstrap.gz"

func installAgent(root, sum, dir string, as rise) string {
	return command(as, "/bin/sh", "-c", installScript, "sh", dir, sum, root)
}

// receive writes its standard input into the stage directory, for hosts without a working SFTP
// server.
func receive(dir string) string {
	return command(asUser, "/bin/sh", "-c", `cat > "$1/`+stagedName+`"`, "sh", dir)
}

func discard(dir string) string { return command(asUser, "rm", "-rf", dir) }

// command is the line that the login shell reads: argv with messages in English, as root if need
// be. The shell's own process becomes the command, so nothing is between it and the channel.
func command(as rise, argv ...string) string {
	words := []string{"exec", "/usr/bin/env", "LC_ALL=C"}
	if sudo := as.sudo(); sudo != nil {
		argv = slices.Concat([]string{"/bin/sh", "-c", markScript, "sh"}, sudo, argv)
	}
	for _, arg := range argv {
		words = append(words, shell.Quote(arg))
	}
	return strings.Join(words, " ")
}
