package fault_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/width"

	"kbootstrap/fault"
)

// verbatim is what stays as it is in every language: flags, absolute paths, codes, quoted words.
var verbatim = regexp.MustCompile(`--[a-z][a-z-]+|(?:^|[\s(~])(/[a-z][\w./<>*-]*[\w*])|KB\d{4}|"[^"]+"`)

// TestChinese: each entry is there in Chinese too, with the same commands, flags, paths and quoted
// words, and says as much.
func TestChinese(t *testing.T) {
	chinese := fault.Chinese.All()
	if len(chinese) != len(fault.All()) {
		t.Fatalf("%d entries in Chinese for %d", len(chinese), len(fault.All()))
	}
	for i, en := range fault.All() {
		zh := chinese[i]
		if zh.Code != en.Code || !isChinese(zh.Title) || !isChinese(zh.Cause) || !isChinese(zh.Fix) {
			t.Errorf("%s has no entry in Chinese", en.Code)
			continue
		}
		if diff := cmp.Diff(commands(en), commands(zh)); diff != "" {
			t.Errorf("%s: the commands differ\n-English +Chinese\n%s", en.Code, diff)
		}
		if diff := cmp.Diff(words(en), words(zh)); diff != "" {
			t.Errorf("%s: the flags, paths and quoted words differ\n-English +Chinese\n%s", en.Code, diff)
		}
		if paragraphs(en.Cause) != paragraphs(zh.Cause) || paragraphs(en.Fix) != paragraphs(zh.Fix) {
			t.Errorf("%s has other paragraphs in Chinese", en.Code)
		}
		if fault.Chinese.Area(en.Code) == "" {
			t.Errorf("%s is of an area without a name in Chinese", en.Code)
		}
		if strings.HasSuffix(zh.Title, "。") {
			t.Errorf("%s: the title ends with a full stop: %s", en.Code, zh.Title)
		}
	}
}

// TestColumns: an explanation fits on 80 columns in each language, and no line begins with a mark
// that closes.
func TestColumns(t *testing.T) {
	for _, l := range fault.Languages() {
		for _, e := range l.All() {
			for line := range strings.Lines(l.Text(e)) {
				line = strings.TrimRight(line, "\n")
				asItIs := strings.HasPrefix(line, "    ") || strings.HasPrefix(line, string(e.Code))
				if columnsOf(line) > 80 && !asItIs {
					t.Errorf("%s, %s: %d columns: %s", e.Code, l, columnsOf(line), line)
				}
				if strings.HasPrefix(line, "，") || strings.HasPrefix(line, "。") || strings.HasSuffix(line, "（") {
					t.Errorf("%s, %s: broken at a wrong place: %s", e.Code, l, line)
				}
			}
		}
	}
}

func isChinese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}

// commands are the lines of an entry that are typed.
func commands(e fault.Entry) []string {
	var all []string
	for line := range strings.Lines(e.Cause + "\n" + e.Fix) {
		if strings.HasPrefix(line, "    ") {
			all = append(all, strings.TrimRight(line, "\n"))
		}
	}
	return all
}

// words are what must not be translated in the sentences of an entry.
func words(e fault.Entry) []string {
	var sentences []string
	for line := range strings.Lines(e.Cause + "\n" + e.Fix) {
		if !strings.HasPrefix(line, "    ") {
			sentences = append(sentences, strings.TrimSpace(line))
		}
	}
	var found []string
	for _, w := range verbatim.FindAllString(spaced(strings.Join(sentences, " ")), -1) {
		found = append(found, strings.Trim(w, " (~"))
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// spaced puts blanks around the characters of Chinese, which has none between words.
func spaced(s string) string {
	var b strings.Builder
	for _, r := range s {
		if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		n++
		if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
			n++
		}
	}
	return n
}

func paragraphs(s string) int { return strings.Count(s, "\n\n") }
