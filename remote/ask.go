package remote

import "context"

// Asker asks the person at the terminal. One question is asked at a time, also when several hosts
// have one; the answers are remembered by whoever asked.
type Asker interface {
	// Secret asks for a passphrase or a password, which is not shown while it is typed.
	Secret(ctx context.Context, question string) (string, error)
	// Confirm asks a question that is answered with yes or no; anything but a clear yes is no.
	Confirm(ctx context.Context, question string) (bool, error)
}
