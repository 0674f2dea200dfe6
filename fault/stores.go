package fault

// The codes of the add-ons that keep logs and figures.
const (
	LoginPassword Code = "KB4112"
)

// storeEntries are the faults of logging and monitoring.
var storeEntries = []Entry{
	{LoginPassword, "the password of a page cannot be used",
		`A file NAME.password in the state directory, which you may change, is not one line of at most 256 bytes.`,
		`Write another password, or remove the file: the next up makes a new one.

    rm .kbootstrap/CLUSTER/pki/logging.password`},
}
