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
	SudoSlow       Code = "KB2216"
	LoginSlow      Code = "KB2217"
	AgentSilent    Code = "KB2218"
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
		`The host accepted nothing that the tool offered; the message lists it all. The tool offers, in this order, the
key that the inventory names, the keys of the agent, those of ~/.ssh or of ~/.ssh/config, and a password. A host
hangs up after six offers (MaxAuthTries), so an agent with many keys can hide the right one.`,
		`Put one of the listed keys into that user's authorized_keys on the host, or name the right key in the inventory.

    ssh-copy-id -i ~/.ssh/id_ed25519.pub vagrant@192.168.56.11

~/.ssh and authorized_keys on the host must belong to the user, and only the user may have write access to them. The
host's journal has what sshd thinks of them.

    journalctl -u ssh -u sshd -n 20`},
	{NothingToLogInWith, "there is no key and no password to log in with",
		`The inventory names no key, there is no agent or it has no key, and ~/.ssh has no usable key. The tool cannot ask
for a password either, because there is no terminal, and no file has one.`,
		`Make a key, or name one in the inventory (ssh.key), or load one into an ssh-agent.

    ssh-keygen -t ed25519`},
	{KeyFile, "a private key cannot be read",
		`The file does not exist, cannot be read, or is not a private key. A key made by PuTTY has another format, and a
file that ends in .pub is the public half.`,
		`Name the private key, in OpenSSH's format.

    ssh-keygen -y -f ~/.ssh/id_ed25519`},
	{KeyMode, "a private key can be read by others",
		`Whoever can read a private key can log in with it. ssh refuses such a key too.`,
		`Take away the access of other users.

    chmod 600 ~/.ssh/id_ed25519`},
	{PassphraseNeeded, "a key has a passphrase, and there is no terminal to ask for it",
		`The key is encrypted, no agent holds it, and the run has no terminal, as in a script or under cron.`,
		`Load the key into an agent before the run.

    ssh-add ~/.ssh/id_ed25519`},
	{PassphraseWrong, "the passphrase of a key was wrong",
		`The tool asked for the passphrase three times, or the answer was empty. The key itself is not damaged.`,
		`Try the passphrase by itself; this command shows the public half if the passphrase is right.

    ssh-keygen -y -f ~/.ssh/id_ed25519`},
	{PasswordWrong, "the host refused the password",
		`The password that was typed, or that ssh.passwordFile contains, is not the user's; or the host accepts passwords
only for other users; or the account is locked after too many wrong ones.`,
		`Try the password with ssh alone, and look at the host's journal if it is right.

    ssh -o PubkeyAuthentication=no vagrant@192.168.56.11`},
	{PasswordFile, "a file with a password cannot be used",
		`The file that ssh.passwordFile or ssh.sudoPasswordFile names does not exist, is empty, has more than one line, or
can be read by others.`,
		`Write the password into a file of one line that only you can read.

    install -m 600 /dev/stdin sudo-password`},
	{SudoNeedsPassword, "sudo wants a password, and there is none",
		`The user may become root on the host, but sudo asks for a password first. The run has no terminal at which to
ask, and the inventory names no file with the password.`,
		`Run the command at a terminal, name a file with the password (ssh.sudoPasswordFile), or let the user become root
without one.

    echo 'vagrant ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/kbootstrap`},
	{SudoPasswordWrong, "sudo refused the password",
		`The password that was typed, or that ssh.sudoPasswordFile contains, is not the user's on this host. The tool
tried it once, because each failure counts towards locking the account (pam_faillock). If the first host refuses a
password that several hosts share, the tool does not try it on the others.`,
		`Correct the file, or run the same command again and retype the password.

    sudo -k; sudo -v`},
	{SudoNotAllowed, "the user may not become root",
		`The sudoers file of the host does not let this user run commands as root. Some hosts check the password first;
then the password was right.`,
		`Let the user become root, or log in as a user who may (ssh.user).

    echo 'vagrant ALL=(ALL) NOPASSWD: ALL' | sudo tee /etc/sudoers.d/kbootstrap`},
	{SudoNeedsTTY, "sudo wants a terminal",
		`The sudoers file has "Defaults requiretty". Commands over SSH have no terminal, so sudo refuses them.`,
		`Lift this restriction for the user, on the host.

    echo 'Defaults:vagrant !requiretty' | sudo tee /etc/sudoers.d/kbootstrap-tty`},
	{SudoMissing, "the host has no sudo",
		`The user is not root, so the tool needs sudo to become root, but there is no sudo in the host's PATH.`,
		`Install sudo on the host, or log in as root (ssh.user).`},
	{SudoAccount, "the account is locked or expired",
		`sudo refuses the user because of the account, not because of the password: the account has expired, its password
has expired, or the account is locked after too many failures.`,
		`Look at the account on the host, and unlock or renew it.

    chage -l vagrant
    faillock --user vagrant`},
	{SudoFailed, "sudo failed",
		`sudo ended with a message of its own, which is in the error: for example a sudoers file that it cannot read, or a
container without new privileges.`,
		`Log in to the host and run the command by hand; it shows the same message.

    sudo -n true`},
	{HostSilent, "the host stopped answering",
		`The connection is open, but the host sent nothing for half a minute, although the tool asked for a sign of life
every ten seconds. The host has lost power or its network, has frozen, or has no memory left.`,
		`Check whether the host is alive, then run the same command again: it continues where it stopped.

    ping 192.168.56.11`},
	{HostLost, "the connection to the host was lost",
		`The host, or something on the way to it, hung up: sshd was restarted, the host is shutting down, or a firewall
dropped the connection.`,
		`Run the same command again: it continues where it stopped.`},
	{HostAway, "the host went away and did not come back",
		`The connection was lost in the middle of the run. The tool waited five minutes for the host, which is enough for
a reboot, then gave it up and finished the other hosts. Everything that was done on the host stays, and the next run
finds out how far the interrupted step got.`,
		`Check whether the host is up and reachable, then run the same command again.

    ssh vagrant@192.168.56.11 uptime`},
	{ShellNoise, "the login shell prints without end",
		`The tool skips up to 64 KiB of what the login shell's start-up files print. This host printed more, and the
tool's own output never came.`,
		`Look at what the start-up files print, and remove it.

    ssh vagrant@192.168.56.11 true | head`},
	{ShellNone, "the user has no login shell",
		`The user's login shell reads the commands that come over SSH. This user's is false or ` +
			`nologin, which run nothing.`,
		`Give the user a shell, or log in as another one (ssh.user).

    sudo chsh -s /bin/sh vagrant`},
	{ShellMute, "the login shell did not begin the command",
		`The login worked and the host took the command, but the first word of the shell did not come, and the shell did
not end either. sudo has not begun at that point. A start-up file of the shell waits for something, a forced command
ran in its place, or the host is slow in opening a session (PAM).`,
		`Try a command by hand; it must end by itself.

    time ssh vagrant@192.168.56.11 uname -m`},
	{ShellForced, "the host ran something other than the command",
		`A forced command (command= before the key in authorized_keys, or ForceCommand in sshd_config) or a restricted
shell ran instead of the tool's command. The message has what it printed.`,
		`Log in with a key or a user that is allowed to run commands.

    ssh vagrant@192.168.56.11 uname -m`},
	{SessionRefused, "the host refuses sessions on the connection",
		`The login worked, but sshd then refused to start a command: MaxSessions is 0 or used up, or the key or the user may
only forward ports.`,
		`Look at MaxSessions and at the key's options in authorized_keys on the host.

    sudo sshd -T | grep -i maxsessions`},
	{SudoSlow, "sudo did not answer",
		`The login shell ran the command, and then sudo took longer than the tool waits, which is a minute and a half. sudo
looks up the host's own name at each start. If that is not in /etc/hosts and the host's DNS does not answer, the lookup
takes as long as the resolver has patience: with three servers half a minute and more. Modules of PAM and sudoers in LDAP
are other reasons.`,
		`Put the host's name into its /etc/hosts, or repair its DNS; then look at how long sudo takes.

    echo "127.0.1.1 $(hostname)" | sudo tee -a /etc/hosts
    time sudo -n true`},
	{LoginSlow, "the host did not finish the login in time",
		`The host showed its key and then did not say in time whether the user may log in. sshd looks up the name of the
client (UseDNS, or names in a from= option), or PAM asks a directory (LDAP, Kerberos), and that server does not answer.`,
		`Look at what a login by hand waits for.

    ssh -vv vagrant@192.168.56.11 true
    sudo sshd -T | grep -i -e usedns -e usepam`},
	{AgentSilent, "the agent was not installed in time",
		`The tool's program arrived on the host, and unpacking it, comparing its sum and syncing it to the disk took more
than two minutes. The login shell and sudo did their part; the host's disk or processor is busy or failing.`,
		`Look at what the host is busy with, then run the same command again.

    uptime; vmstat 1 5; dmesg | tail`},
	{AgentEnded, "the agent ended before it was ready",
		`The tool started its own program on the host as root, and the program ended at once. The message has what it
printed.`,
		`Fix what the message names, and run the same command again.`},
	{AgentMachine, "there is no agent for the host's architecture",
		`The host runs Linux on another architecture than this machine, or this machine does not run Linux. The tool looks
for the host's program next to its own, under the same name with -linux-<arch> appended, and in lib/kbootstrap next to
the directory of its own, where the archives and packages of a release have it.`,
		`Unpack or install the whole release, or put the program of the same release for that architecture next to the tool.

    ls -l $(which kbootstrap)* $(dirname $(which kbootstrap))/../lib/kbootstrap`},
	{HostNoSpace, "the host has no space for the agent",
		`The tool's program is uploaded to /tmp and unpacked to /opt/kbootstrap. One of the two has too little free space
or no free inodes, or the user's quota is used up. Nothing was changed on the host, and the partial upload was
removed.`,
		`Make room in the directory that the message names.

    df -h /tmp /opt; df -i /tmp /opt`},
	{HostReadOnly, "a file system of the host is read-only",
		`The tool cannot write its program where it has to go. The kernel often makes a disk with errors read-only.`,
		`Find out why the file system is read-only, and mount it for writing.

    findmnt -T /opt; dmesg | tail`},
	{HostNoExec, "the agent may not be run from /opt",
		`The program is in place, but the host refused to run it. The file system that holds /opt/kbootstrap is mounted
noexec, or a security module forbids it. /tmp may be noexec: the tool runs nothing from there.`,
		`Mount that file system without noexec.

    findmnt -T /opt`},
	{UploadFailed, "the agent could not be uploaded",
		`The host ended the transfer with an error of its own, or the transfer stalled. Over SFTP, hosts say no more than
"Failure".`,
		`Look at the free space and the permissions of /tmp on the host, and try a transfer by hand.

    scp /bin/ls vagrant@192.168.56.11:/tmp/try`},
}
