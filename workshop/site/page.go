// Package site holds the pages that people read to each other: a page in Chinese has the headings,
// the commands and the tables of its page in English. Its other test builds the site and looks for
// broken links. The site itself is made by workshop/tools/site, a module of its own. Start at
// Compare.
package site

import (
	"regexp"
	"strings"
)

// A Page is what must be the same in each language.
type Page struct {
	Headings []int      // the levels, in order
	Blocks   []string   // the text of fenced and indented blocks, in order
	Tables   [][]int    // the number of cells of each row of each table
	Code     [][]string // the code in the first cells of each table that has code there, row by row
	Links    int        // to the page in the other language
}

var (
	heading = regexp.MustCompile(`^(#+) `)
	span    = regexp.MustCompile("`[^`]+`")
)

// Read takes a page apart. other is the link to the page in the other language.
func Read(text, other string) Page {
	var p Page
	lines := strings.Split(text, "\n")
	previous := ""
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch {
		case strings.HasPrefix(strings.TrimSpace(line), "```"):
			end := i + 1
			for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "```") {
				end++
			}
			p.Blocks = append(p.Blocks, strings.Join(lines[i:min(end+1, len(lines))], "\n"))
			i = end
		case strings.HasPrefix(line, "    ") && strings.TrimSpace(previous) == "":
			end := i
			for end < len(lines) && strings.HasPrefix(lines[end], "    ") {
				end++
			}
			p.Blocks = append(p.Blocks, strings.Join(lines[i:end], "\n"))
			i = end - 1
		case heading.MatchString(line):
			p.Headings = append(p.Headings, len(heading.FindStringSubmatch(line)[1]))
		case strings.HasPrefix(line, "|"):
			end := i
			var cells []int
			var code []string
			for end < len(lines) && strings.HasPrefix(lines[end], "|") {
				row := strings.Split(strings.ReplaceAll(lines[end], `\|`, ""), "|")
				cells = append(cells, len(row)-2)
				code = append(code, strings.Join(span.FindAllString(row[1], -1), " "))
				end++
			}
			p.Tables = append(p.Tables, cells)
			p.Code = append(p.Code, code)
			i = end - 1
		case strings.Contains(line, "]("+other+")"):
			p.Links++
		}
		previous = lines[min(i, len(lines)-1)]
	}
	return p
}
