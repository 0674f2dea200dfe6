package screen

import (
	"fmt"
	"time"
)

// Seconds is a duration as people read it, with tenths of a second.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
