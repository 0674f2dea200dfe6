package fault

import (
	"fmt"
	"strings"

	"golang.org/x/text/width"
)

// Markdown returns the page of the whole catalogue in a language: docs/errors.md,
// docs/zh/errors.md.
func (l Language) Markdown() string {
	var b strings.Builder
	head, todo, colon := englishHead, "**What to do.** ", ": "
	if l == Chinese {
		head, todo, colon = chineseHead, "**该做什么。** ", "："
	}
	b.WriteString(head)
	area := ""
	for _, e := range l.All() {
		if a := l.Area(e.Code); a != area {
			area = a
			fmt.Fprintf(&b, "\n## %s\n", area)
		}
		fmt.Fprintf(&b, "\n### %s%s%s\n\n%s\n\n%s%s\n", e.Code, colon, e.Title, l.lines(e.Cause), todo, l.lines(e.Fix))
	}
	return b.String()
}

const englishHead = `# Error codes

[中文](zh/errors.md)

Errors that the tool prints have a code, and the code has an entry here: what it means, how it comes about, and what to
do. ` + "`kbootstrap explain KB1001`" + ` shows the same without a network. A code never changes its meaning.

This page is written by ` + "`go test ./fault -update`" + ` from the catalogue in the room fault.
`

const chineseHead = `# 错误代码

[English](../errors.md)

本工具打印的错误带有代码，每个代码在这里有一个条目：含义、怎样产生、该做什么。` + "`kbootstrap explain KB1001 --lang zh`" + ` 不需要网络即可显示同样的内容。代码的含义永远不变。

本页由 ` + "`go test ./fault -update`" + ` 根据 fault 中的目录写出。
`

// lines breaks paragraphs for a page. In Chinese a line break would become a blank within a
// sentence. What looks like a tag, such as <arch>, would vanish.
func (l Language) lines(text string) string {
	if l == English {
		text = wrapped(text)
	}
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "    ") {
			line = strings.ReplaceAll(line, "<", `\<`)
		}
		b.WriteString(line)
	}
	return b.String()
}

// Area is what the codes of a part of the catalogue are about, by their first two digits.
func Area(c Code) string {
	areas := map[string]string{
		"KB10": "The inventory", "KB11": "The command line",
		"KB20": "Host keys", "KB21": "Logging in and becoming root", "KB22": "Connections and the agent",
		"KB30": "Preflight checks",
		"KB40": "Artifacts", "KB41": "State, certificates and keys",
		"KB50": "Steps on hosts", "KB51": "Services that fail",
		"KB60": "Plans and refusals", "KB61": "Locks and runs that were cut off",
		"KB90": "Bugs",
	}
	return areas[string(c)[:min(len(c), 4)]]
}

// columns is where lines for a terminal end.
const columns = 80

// wrapped breaks paragraphs at 80 columns, between words and between the characters of Chinese.
// Lines of commands stay as they are.
func wrapped(text string) string {
	var lines []string
	line, used := "", 0
	flush := func() {
		if line != "" {
			lines = append(lines, line)
		}
		line, used = "", 0
	}
	for _, source := range strings.Split(text, "\n") {
		if strings.HasPrefix(source, "    ") || strings.TrimSpace(source) == "" {
			flush()
			lines = append(lines, strings.TrimRight(source, " "))
			continue
		}
		for _, word := range strings.Fields(source) {
			for i, piece := range pieces(word) {
				blank := ""
				if i == 0 && line != "" {
					blank = " "
				}
				if n := cells(blank + piece); line != "" && used+n > columns {
					flush()
				} else {
					piece = blank + piece
				}
				line += piece
				used += cells(piece)
			}
		}
	}
	flush()
	return strings.Join(lines, "\n")
}

// pieces splits a word where a line may break: around wide characters, but not before what closes
// and not behind what opens.
func pieces(word string) []string {
	var all []string
	piece := []rune{}
	for _, r := range word {
		if len(piece) > 0 {
			last := piece[len(piece)-1]
			mayBreak := isWide(last) || isWide(r)
			if mayBreak && !strings.ContainsRune("，。；：、！？）」》", r) && !strings.ContainsRune("（「《", last) {
				all = append(all, string(piece))
				piece = piece[:0]
			}
		}
		piece = append(piece, r)
	}
	return append(all, string(piece))
}

// cells returns how many columns of a terminal a text takes.
func cells(text string) int {
	n := 0
	for _, r := range text {
		if n++; isWide(r) {
			n++
		}
	}
	return n
}

func isWide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}
