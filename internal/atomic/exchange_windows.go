package atomic

import (
	"errors"
	"fmt"
	"os"
)

// Exchange has two files or directories swap their names. Windows has no call for that: there is a
// moment at which one of the names is that of nothing, and what had it is called NAME.exchanged.
func Exchange(one, other string) error {
	aside := other + ".exchanged"
	if err := rename(other, aside); err != nil {
		return fmt.Errorf("exchange %s and %s: %w", one, other, err)
	}
	if err := rename(one, other); err != nil {
		return fmt.Errorf("exchange %s and %s: %w", one, other, errors.Join(err, os.Rename(aside, other)))
	}
	return rename(aside, one)
}
