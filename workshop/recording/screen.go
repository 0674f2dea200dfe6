package main

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// cell is one character of the screen and its colour, as the number that the terminal is told.
type cell struct {
	char   rune
	colour string
}

// screen is a terminal that knows as much as kbootstrap uses.
type screen struct {
	columns, rows int
	lines         [][]cell
	top           int // the first line that can be seen
	x, y          int // y counts from the first line of all
	colour        string
	rest          string // the beginning of a character or of an order
}

// frame is what can be seen from some moment on.
type frame struct {
	at    time.Duration
	lines [][]cell
}

// order is an order to a terminal: how far to go up, to erase what is below, to erase the rest of
// the line, or a colour.
var order = regexp.MustCompile(`^\x1b\[(\d*)([AJKm])`)

// unfinished is an order of which the end has not come yet.
var unfinished = regexp.MustCompile(`^\x1b(\[[\d;?]*)?$`)

func newScreen(columns, rows int) *screen {
	return &screen{columns: columns, rows: rows, lines: [][]cell{nil}}
}

// write carries out what was written to the terminal.
func (s *screen) write(text string) error {
	text = s.rest + text
	for s.rest = ""; text != ""; {
		if unfinished.MatchString(text) || !utf8.FullRuneInString(text) {
			s.rest = text
			return nil
		}
		if m := order.FindStringSubmatch(text); m != nil {
			s.obey(m[2], m[1])
			text = text[len(m[0]):]
			continue
		}
		r, size := utf8.DecodeRuneInString(text)
		if r == '\x1b' {
			return fmt.Errorf("an order that is not known: %.20q", text)
		}
		s.put(r)
		text = text[size:]
	}
	return nil
}

func (s *screen) obey(what, number string) {
	switch what {
	case "A":
		n, _ := strconv.Atoi(number)
		s.y = max(s.top, s.y-max(1, n))
	case "J":
		s.lines = s.lines[:s.y+1]
		s.erase()
	case "K":
		s.erase()
	case "m":
		if s.colour = number; number == "0" {
			s.colour = ""
		}
	}
}

// erase erases the rest of the line.
func (s *screen) erase() {
	line := s.lines[s.y]
	s.lines[s.y] = line[:min(s.x, len(line))]
}

func (s *screen) put(r rune) {
	switch r {
	case '\r':
		s.x = 0
		return
	case '\n':
		s.down()
		return
	}
	if s.x >= s.columns {
		s.x = 0
		s.down()
	}
	line := s.lines[s.y]
	for len(line) <= s.x {
		line = append(line, cell{char: ' '})
	}
	line[s.x] = cell{r, s.colour}
	s.lines[s.y] = line
	s.x++
}

func (s *screen) down() {
	if s.y++; s.y == len(s.lines) {
		s.lines = append(s.lines, nil)
	}
	s.top = max(s.top, s.y-s.rows+1)
}

// seen is a copy of what can be seen.
func (s *screen) seen() [][]cell {
	var lines [][]cell
	for _, l := range s.lines[s.top:] {
		lines = append(lines, slices.Clone(l))
	}
	return lines
}

const (
	// together is how close to each other two chunks are one frame: no eye tells them apart.
	together = 50 * time.Millisecond
	// most is how many frames there are at the most: of a long recording fewer each second are
	// kept, or the picture would be too large for a page.
	most = 150
)

// play is what could be seen, from moment to moment, after the prompt was there.
func play(chunks []chunk, columns, rows int, prompt string) ([]frame, error) {
	s := newScreen(columns, rows)
	if err := s.write(prompt); err != nil {
		return nil, err
	}
	frames := []frame{{lines: s.seen()}}
	apart := time.Duration(0)
	if len(chunks) > 0 {
		apart = chunks[len(chunks)-1].at / most
	}
	for i, c := range chunks {
		if err := s.write(c.text); err != nil {
			return nil, err
		}
		if i+1 < len(chunks) && (chunks[i+1].at-c.at < together || c.at-frames[len(frames)-1].at < apart) {
			continue
		}
		lines := s.seen()
		if last := frames[len(frames)-1].lines; slices.EqualFunc(last, lines, slices.Equal) {
			continue
		}
		frames = append(frames, frame{at: c.at, lines: lines})
	}
	return frames, nil
}
