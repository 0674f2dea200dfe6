package screen

import (
	"fmt"
	"time"
)

// Seconds formats a duration for people, with tenths of a second.
func Seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
