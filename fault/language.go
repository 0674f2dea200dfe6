package fault

import (
	_ "embed"
	"fmt"
	"strings"
)

// A Language is one that the catalogue is in. Errors themselves are in English.
type Language string

// The languages of the catalogue.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// Languages lists all of them, the default first.
func Languages() []Language { return []Language{English, Chinese} }

// chineseText has all entries in Chinese; its first lines tell their form.
//
//go:embed zh.txt
var chineseText string

// All returns the catalogue in a language, in the order of the codes. What has no translation is in
// English.
func (l Language) All() []Entry {
	entries := All()
	if l == English {
		return entries
	}
	translated := map[Code]Entry{}
	for _, e := range parseEntries(chineseText) {
		translated[e.Code] = e
	}
	for i, e := range entries {
		if t, ok := translated[e.Code]; ok {
			entries[i] = t
		}
	}
	return entries
}

// Lookup returns the entry of a code in a language.
func (l Language) Lookup(code Code) (Entry, bool) {
	for _, e := range l.All() {
		if e.Code == code {
			return e, true
		}
	}
	return Entry{}, false
}

// Area returns what the codes of a part of the catalogue are about, in a language.
func (l Language) Area(c Code) string {
	if l == English {
		return Area(c)
	}
	areas := map[string]string{
		"KB10": "主机清单", "KB11": "命令行",
		"KB20": "主机密钥", "KB21": "登录并成为 root", "KB22": "连接和代理程序",
		"KB30": "预检",
		"KB40": "制品", "KB41": "状态、证书和密钥",
		"KB50": "主机上的步骤", "KB51": "失败的服务",
		"KB60": "计划和拒绝", "KB61": "锁和被打断的运行",
		"KB90": "缺陷",
	}
	return areas[string(c)[:min(len(c), 4)]]
}

// Text returns an entry of the language for a terminal, wrapped at 80 columns.
func (l Language) Text(e Entry) string {
	todo := "what to do:"
	if l == Chinese {
		todo = "该做什么："
	}
	return fmt.Sprintf("%s: %s\n\n%s\n\n%s\n\n%s\n", e.Code, e.Title, wrapped(e.Cause), todo, wrapped(e.Fix))
}

// parseEntries reads entries that are written down as text.
func parseEntries(text string) []Entry {
	var entries []Entry
	parts := strings.Split("\n"+text, "\n## ")
	for _, part := range parts[1:] { // before the first is what the file is
		head, body, _ := strings.Cut(part, "\n")
		code, title, _ := strings.Cut(head, " ")
		cause, fix, _ := strings.Cut(body, "\n--\n")
		entries = append(entries, Entry{
			Code: Code(code), Title: title, Cause: strings.Trim(cause, "\n"), Fix: strings.Trim(fix, "\n"),
		})
	}
	return entries
}
