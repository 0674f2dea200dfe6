package main

import (
	"fmt"
	"html"
	"strings"
	"time"
)

// The measures of the picture, in pixels.
const (
	charWidth  = 8.43 // of the usual fixed-width fonts at this size
	fontSize   = 14
	lineHeight = 18
	margin     = 14
	bar        = 30 // the window's title
)

// pause is how long the last frame stays before all begins again.
const pause = 6 * time.Second

// classes are the colours of the picture by those of the terminal.
var classes = map[string]string{"31": "r", "32": "g", "2": "d"}

// draw makes the picture: all frames stand below each other, and one at a time is moved into the
// window. Where nothing moves, because the reader wants it so or the viewer cannot, the last frame
// is there.
func draw(frames []frame, columns, rows int, title string) string {
	width := int(float64(columns)*charWidth) + 2*margin
	height := rows*lineHeight + margin
	var b, lines strings.Builder
	known := map[string]int{} // a line that several frames have is drawn once
	for i, f := range frames {
		for j, l := range f.lines {
			text := spans(l)
			if text == "" {
				continue
			}
			id, ok := known[text]
			if !ok {
				id = len(known)
				known[text] = id
				fmt.Fprintf(&lines, "<text id=\"l%d\">%s</text>\n", id, text)
			}
			fmt.Fprintf(&b, "<use href=\"#l%d\" y=\"%d\"/>", id, i*height+j*lineHeight+fontSize)
		}
		b.WriteString("\n")
	}
	last := frames[len(frames)-1]
	total := last.at + pause
	var moves strings.Builder
	for i, f := range frames {
		fmt.Fprintf(&moves, "%.3f%%{transform:translateY(-%dpx)}", 100*f.at.Seconds()/total.Seconds(), i*height)
	}
	fmt.Fprintf(&moves, "100%%{transform:translateY(-%dpx)}", (len(frames)-1)*height)
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d" role="img">
<title>%[3]s</title>
<desc>%[4]s</desc>
<style>
text{font:%[5]dpx ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace;fill:#d6dae0;white-space:pre}
.r{fill:#ff7b72}.g{fill:#56d364}.d{fill:#8b949e}
#frames{transform:translateY(-%[6]dpx);animation:play %[7]ss steps(1,end) infinite}
@keyframes play{%[8]s}
@media (prefers-reduced-motion:reduce){#frames{animation:none}}
</style>
<rect width="%[1]d" height="%[2]d" rx="8" fill="#0d1117"/>
<circle cx="18" cy="16" r="5" fill="#ff5f57"/><circle cx="36" cy="16" r="5" fill="#febc2e"/><circle cx="54" cy="16" r="5" fill="#28c840"/>
<text x="%[9]d" y="20" text-anchor="middle" class="d">%[3]s</text>
<defs>
%[10]s</defs>
<svg x="%[11]d" y="%[12]d" width="%[13]d" height="%[14]d" viewBox="0 0 %[13]d %[14]d" overflow="hidden">
<g id="frames">
%[15]s</g>
</svg>
</svg>
`, width, height+bar, html.EscapeString(title), html.EscapeString(plain(last)), fontSize, (len(frames)-1)*height,
		fmt.Sprintf("%.3f", total.Seconds()), moves.String(), width/2, lines.String(),
		margin, bar, width-margin, height, b.String())
}

// spans is a line with its colours.
func spans(line []cell) string {
	var b strings.Builder
	for i := 0; i < len(line); {
		colour, begin := line[i].colour, i
		for i < len(line) && line[i].colour == colour {
			i++
		}
		text := html.EscapeString(runes(line[begin:i]))
		if class := classes[colour]; class != "" {
			text = fmt.Sprintf(`<tspan class="%s">%s</tspan>`, class, text)
		}
		b.WriteString(text)
	}
	return strings.TrimRight(b.String(), " ")
}

func runes(cells []cell) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteRune(c.char)
	}
	return b.String()
}

// plain is what a frame says, for those who do not see it.
func plain(f frame) string {
	lines := make([]string, len(f.lines))
	for i, l := range f.lines {
		lines[i] = strings.TrimRight(runes(l), " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
