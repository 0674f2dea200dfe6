package provision

import "kbootstrap/internal/atomic"

// WritePrivate writes a file that only its owner can read. Whenever the machine stops, the old file or the new one is there.
func WritePrivate(path string, content []byte) error { return atomic.WriteFile(path, content, 0o600) }
