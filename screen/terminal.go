package screen

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// Options say how much is shown, and what the terminal can do.
type Options struct {
	Quiet   bool // nothing but warnings that a part of the output cannot be written
	Verbose bool // every change, every wait, every content
	Live    bool // lines that move
	Colour  bool
	ASCII   bool // no characters beyond ASCII
	// Size returns the terminal's width and height in columns and lines. It is called before each
	// drawing, and only if Live.
	Size func() (width, height int)
}

// Detect finds out what the writer can show. Lines move only on a terminal that is not dumb.
// Colours are also left out if NO_COLOR is set, and used even without a terminal if FORCE_COLOR is
// set. Characters beyond ASCII need a UTF-8 locale, as the C library picks it: LC_ALL, then
// LC_CTYPE, then LANG.
func Detect(w io.Writer, env func(string) string) Options {
	o := Options{ASCII: !utf8Locale(env)}
	if file, ok := w.(*os.File); ok && env("TERM") != "dumb" {
		if _, _, err := term.GetSize(int(file.Fd())); err == nil {
			o.Live, o.Colour = true, true
			o.Size = func() (int, int) {
				width, height, err := term.GetSize(int(file.Fd()))
				if err != nil || width <= 0 || height <= 0 { // a serial line does not know its size
					return 80, 24
				}
				return width, height
			}
		}
	}
	if force := env("FORCE_COLOR"); force != "" && force != "0" && force != "false" {
		o.Colour = true
	}
	if env("NO_COLOR") != "" {
		o.Colour = false
	}
	return o
}

func utf8Locale(env func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := env(name); value != "" {
			value = strings.ToLower(value)
			return strings.Contains(value, "utf-8") || strings.Contains(value, "utf8")
		}
	}
	return false
}

// signs are the marks that the terminal can show. The first three are of the same width.
type signs struct{ ok, failed, warning, ellipsis string }

func signsOf(ascii bool) signs {
	if ascii {
		return signs{ok: "ok", failed: "!!", warning: "! ", ellipsis: "..."}
	}
	return signs{ok: "✓", failed: "✗", warning: "!", ellipsis: "…"}
}

// The few colours. The words alone say the same.
const (
	red   = "31"
	green = "32"
	dim   = "2"
)

// paint returns a text in a colour, if the terminal has colours.
func (o Options) paint(colour, s string) string {
	if !o.Colour || s == "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// Good returns a text in the colour of what is well, if the terminal has colours.
func (o Options) Good(s string) string { return o.paint(green, s) }

// Bad returns a text in the colour of what is not well, if the terminal has colours.
func (o Options) Bad(s string) string { return o.paint(red, s) }
