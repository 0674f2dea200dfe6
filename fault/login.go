package fault

// Faults of logging in.
const (
	LoginRefused       Code = "KB2101"
	NothingToLogInWith Code = "KB2102"
	KeyFile            Code = "KB2103"
	KeyMode            Code = "KB2104"
	PassphraseNeeded   Code = "KB2105"
	PassphraseWrong    Code = "KB2106"
	PasswordWrong      Code = "KB2107"
	PasswordFile       Code = "KB2108"
)

// Faults of becoming root.
const (
	SudoNeedsPassword Code = "KB2121"
	SudoPasswordWrong Code = "KB2122"
	SudoNotAllowed    Code = "KB2123"
	SudoNeedsTTY      Code = "KB2124"
	SudoMissing       Code = "KB2125"
	SudoAccount       Code = "KB2126"
	SudoFailed        Code = "KB2127"
)

// Faults of shells and of the agent's way to a host.
const (
	HostSilent     Code = "KB2201"
	HostLost       Code = "KB2202"
	HostAway       Code = "KB2205"
	ShellNoise     Code = "KB2211"
	ShellNone      Code = "KB2212"
	ShellMute      Code = "KB2213"
	ShellForced    Code = "KB2214"
	SessionRefused Code = "KB2215"
	AgentEnded     Code = "KB2221"
	AgentMachine   Code = "KB2222"
	HostNoSpace    Code = "KB2223"
	HostReadOnly   Code = "KB2224"
	HostNoExec     Code = "KB2225"
	UploadFailed   Code = "KB2226"
)

// loginEntries are the faults of logging in to a host and becoming root there.
var loginEntries = []Entry{
	{LoginRefused, "the host did not let the user in",
		`The host looked at everything that was offered, which the message lists, and took none of it. Offered are, in this
order, the key that the inventory names, the keys of the agent, those of ~/.ssh or of ~/.ssh/config, and a password.
A host hangs up after six offers (MaxAuthTries), so an agent with many keys can hide the right one.`,
		`Put one of the listed keys into authorized_keys of that user on the host, or name the right key in the inventory.

    ssh-copy-id -i ~/.ssh/id_ed25519.pub vagrant@192.168.56.11

~/.ssh and authorized_keys on the host must belong to the user, and nobody else may write to them. What sshd thinks of it
stands in the host's journal.

    journalctl -u ssh -u sshd -n 20`},
	{NothingToLogInWith, "there is no key and no password to log in with",
		`The inventory names no key, the agent has none or there is no agent, there is no key in ~/.ssh that can be used, and
nobody can be asked for a password, since no terminal is there and no file has it.`,
		`Make a key, or name one in the inventory (ssh.key), or load one into an ssh-agent.

    ssh-keygen -t ed25519`},
	{KeyFile, "a private key cannot be read",
		`The file is not there, may not be read, or is not a private key. A key made by PuTTY has another format, and the
file that ends in .pub is the public half.`,
		`Name the private key, in a format of OpenSSH.

    ssh-keygen -y -f ~/.ssh/id_ed25519`},
	{KeyMode, "a private key can be read by others",
		`Whoever can read a private key can log in with it. ssh refuses such a key too.`,
		`Take the rights of the others away.

    chmod 600 ~/.ssh/id_ed25519`},
	{PassphraseNeeded, "a key has a passphrase, and nobody can be asked",
		`The key is encrypted, no agent holds it, and the run has no terminal, as in a script or under cron.`,
		`Load the key into an agent before the run.

    ssh-add ~/.ssh/id_ed25519`},
	{PassphraseWrong, "the passphrase of a key was wrong",
		`It was asked for three times, or the answer was empty. The key itself was not damaged by that.`,
		`Try the passphrase alone; the command shows the public half when it is right.

    ssh-keygen -y -f ~/.ssh/id_ed25519`},
	{PasswordWrong, "the host refused the password",
		`The password that was typed, or that stands in ssh.passwordFile, is not that of the user, or the host takes
passwords for other users only, or an account is locked after too many wrong ones.`,
		`Try the password with ssh alone, and look at the host's journal when it is right.

    ssh -o PubkeyAuthentication=no vagrant@192.168.56.11`},
	{PasswordFile, "a file with a password cannot be used",
		`The file that ssh.passwordFile or ssh.sudoPasswordFile names is not there, is empty, has more than one line, or can be
read by others.`,
		`Write the password into a file of one line that only you can read.

    install -m 600 /dev/stdin sudo-password`},
	{SudoNeedsPassword, "sudo wants a password, and there is none",
		`The user may become root on the host, but sudo asks for a password first. The run has no terminal at which it could
ask, and the inventory names no file with the password.`,
		`Run it at a terminal, name a file with the password (ssh.sudoPasswordFile), or let the user do without one.

    echo 'vagrant ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/kbootstrap`},
	{SudoPasswordWrong, "sudo refused the password",
		`The password that was typed, or that stands in ssh.sudoPasswordFile, is not that of the user on this host. It was
tried once, since each failure counts towards the lock of an account (pam_faillock). When the first host refuses a
password that several hosts share, it is not tried on the others.`,
		`Correct the file, or run the same command again and type the password anew.

    sudo -k; sudo -v`},
	{SudoNotAllowed, "the user may not become root",
		`The sudoers file of the host does not let this user run commands as root. Some hosts check the password first, so it
was right.`,
		`Let the user become root, or log in as one who may (ssh.user).

    echo 'vagrant ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/kbootstrap`},
	{SudoNeedsTTY, "sudo wants a terminal",
		`The sudoers file has "Defaults requiretty". Commands over SSH have no terminal, so sudo refuses them.`,
		`Lift that for the user, on the host.

    echo 'Defaults:vagrant !requiretty' | sudo tee /etc/sudoers.d/kbootstrap-tty`},
	{SudoMissing, "the host has no sudo",
		`The user is not root, so the tool becomes root with sudo, and the host does not have it where programs are looked for.`,
		`Install sudo on the host, or log in as root (ssh.user).`},
	{SudoAccount, "the account is locked or expired",
		`sudo refuses the user for what the account is, not for the password: it has expired, its password has expired, or it is
locked after too many failures.`,
		`Look at the account on the host, and unlock or renew it.

    chage -l vagrant
    faillock --user vagrant`},
	{SudoFailed, "sudo failed",
		`sudo ended with a message of its own, which is in the error: for example a sudoers file that it cannot read, or a
container without new privileges.`,
		`Log in to the host and run the command by hand; it shows the same message.

    sudo -n true`},
	{HostSilent, "the host stopped answering",
		`The connection is open, but nothing came from the host for half a minute, although it was asked for a sign of life every
ten seconds. It lost its power or its network, froze, or has no memory left.`,
		`See whether the host is alive, then run the same command again: it goes on where it stopped.

    ping 192.168.56.11`},
	{HostLost, "the connection to the host was lost",
		`The host or something on the way hung up: sshd was restarted, the host is shutting down, or a firewall dropped the
connection.`,
		`Run the same command again: it goes on where it stopped.`},
	{HostAway, "the host went away and did not come back",
		`The connection was lost in the middle of the run. The tool waits for the host, five minutes at most, which is enough for
a reboot; then the host has failed, while the others are finished. Everything that was done on it stays, and how far the
step came that was under way is found out by the next run.`,
		`See whether the host is up and reachable, then run the same command again.

    ssh vagrant@192.168.56.11 uptime`},
	{ShellNoise, "the login shell prints without end",
		`What the start-up files of the login shell print is passed over, up to 64 KiB. This host printed more, and the tool's
own output did not come.`,
		`Look at what is printed before the command, and take it out of the start-up files.

    ssh vagrant@192.168.56.11 true | head`},
	{ShellNone, "the user has no login shell",
		`Commands over SSH are read by the user's login shell. That of this user is false or nologin, which run nothing.`,
		`Give the user a shell, or log in as another one (ssh.user).

    sudo chsh -s /bin/sh vagrant`},
	{ShellMute, "the host took the command and did not answer",
		`The login shell was started and neither the tool's output nor an end came. A start-up file that waits for input, a
forced command, or a host that has no memory left are the usual reasons.`,
		`Try a command by hand; it has to end by itself.

    ssh vagrant@192.168.56.11 uname -m`},
	{ShellForced, "the host ran something else than the command",
		`A forced command (command= before the key in authorized_keys, or ForceCommand in sshd_config) or a restricted shell ran
instead of what was asked for. It printed the text in the message.`,
		`Log in with a key or a user that may run commands.

    ssh vagrant@192.168.56.11 uname -m`},
	{SessionRefused, "the host refuses sessions on the connection",
		`The login worked, and sshd then refused to start a command: MaxSessions is 0 or used up, or the key or the user may
only forward ports.`,
		`Look at MaxSessions and at the key's options in authorized_keys on the host.

    sudo sshd -T | grep -i maxsessions`},
	{AgentEnded, "the agent ended before it was ready",
		`The tool's own program was started on the host as root and ended at once. The message has what it printed.`,
		`Mend what the message says, and run the same command again.`},
	{AgentMachine, "there is no agent for the host's architecture",
		`The host is of another architecture than this machine. Its program is looked for beside the tool's own, with
-linux-<arch> appended to the name.`,
		`Put the program of the same release for that architecture beside the tool.

    ls -l $(which kbootstrap)*`},
	{HostNoSpace, "the host has no space for the agent",
		`The tool's program is uploaded to /tmp and unpacked to /opt/kbootstrap. One of the two has not enough free space, or no
free inodes, or the user's quota is used up. Nothing was changed on the host, and the part that was written was removed.`,
		`Make room in the directory that the message names.

    df -h /tmp /opt; df -i /tmp /opt`},
	{HostReadOnly, "a file system of the host is read-only",
		`Nothing can be written where the tool's program has to go. A disk with errors is often made read-only by the kernel.`,
		`Look at why it is read-only, and mount it for writing.

    findmnt -T /opt; dmesg | tail`},
	{HostNoExec, "the agent may not be run from /opt",
		`The program was put in place and the host refused to run it. The file system that holds /opt/kbootstrap is mounted
noexec, or a security module forbids it. /tmp may be noexec: nothing is run from there.`,
		`Mount it without noexec.

    findmnt -T /opt`},
	{UploadFailed, "the agent could not be uploaded",
		`The host ended the transfer with an error of its own, or it did not go on. Over SFTP hosts say no more than "Failure".`,
		`Look at the space and the rights of /tmp on the host, and try a transfer by hand.

    scp /bin/ls vagrant@192.168.56.11:/tmp/try`},
}
