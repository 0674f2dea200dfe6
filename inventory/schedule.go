package inventory

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Schedule is when something is done each day: the minutes since midnight, in order and each once.
type Schedule []int

const day = 24 * 60 // minutes

// hourly is the word for the full hours.
const hourly = "hourly"

// timePattern is how a time of day is written.
var timePattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// IsSet reports whether there is a schedule.
func (s Schedule) IsSet() bool { return len(s) > 0 }

// Period is the longest time between one time of day and the next; 0 without a schedule.
func (s Schedule) Period() time.Duration {
	longest := 0
	for i, minute := range s {
		next := s[0] + day
		if i+1 < len(s) {
			next = s[i+1]
		}
		longest = max(longest, next-minute)
	}
	return time.Duration(longest) * time.Minute
}

// Later is the schedule some minutes later.
func (s Schedule) Later(minutes int) Schedule {
	var later Schedule
	for _, minute := range s {
		later = append(later, (minute+minutes)%day)
	}
	slices.Sort(later)
	return later
}

// Times are the times of day, as "02:30".
func (s Schedule) Times() []string {
	var times []string
	for _, minute := range s {
		times = append(times, fmt.Sprintf("%02d:%02d", minute/60, minute%60))
	}
	return times
}

// schedule reads the word "hourly", a time of day, or several.
func schedule(to *Schedule) decoder {
	one := textLike(`^(` + hourly + `|([01][0-9]|2[0-3]):[0-5][0-9])$`)
	either := schema{"anyOf": []any{one, schema{"type": "array", "items": one, "minItems": 1}}}
	return decoder{either, func(r *reader, at string, v *node) {
		*to = nil
		eachOrOne(r, at, v, func(at string, v *node) {
			var text string
			if str(&text).decode(r, at, v); text == "" {
				return
			}
			if text != hourly && !timePattern.MatchString(text) {
				r.problemAt(v.line, v.column, `write it like "02:30"`, "%q is neither a time of day nor %q", text,
					hourly)
				return
			}
			if text == hourly {
				for hour := range 24 {
					*to = append(*to, hour*60)
				}
				return
			}
			hours, minutes, _ := strings.Cut(text, ":")
			hour, _ := strconv.Atoi(hours) // the pattern has digits
			minute, _ := strconv.Atoi(minutes)
			*to = append(*to, hour*60+minute)
		})
		slices.Sort(*to)
		*to = slices.Compact(*to)
	}}
}
