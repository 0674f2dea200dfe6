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
}
