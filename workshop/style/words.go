package style

import (
	_ "embed"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"strings"

	"kbootstrap/workshop/internal/tree"
)

//go:embed words.txt
var wordList string

// A Word is an expression that has a better one.
type Word struct {
	Pattern *regexp.Regexp
	Better  string
}

// WordList returns the words of words.txt.
func WordList() ([]Word, error) {
	var words []Word
	for i, line := range strings.Split(wordList, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		pattern, better, ok := strings.Cut(line, "\t")
		if !ok {
			return nil, fmt.Errorf("words.txt:%d: no tab", i+1)
		}
		compiled, err := regexp.Compile("(?i)" + strings.ReplaceAll(pattern, " ", `\s+`))
		if err != nil {
			return nil, fmt.Errorf("words.txt:%d: %w", i+1, err)
		}
		words = append(words, Word{compiled, better})
	}
	return words, nil
}

// wordsOfGo returns the words in the comments and strings of a Go file.
func wordsOfGo(f tree.File, words []Word) []Finding {
	var found []Finding
	for _, group := range f.Syntax.Comments {
		begin, end := f.Set.Position(group.Pos()).Offset, f.Set.Position(group.End()).Offset
		lines := strings.Split(string(f.Text[begin:end]), "\n")
		for i, line := range lines {
			lines[i] = strings.TrimLeft(line, "\t /*")
		}
		found = append(found, wordsOf(f.Path, f.Line(group.Pos()), strings.Join(lines, "\n"), words)...)
	}
	ast.Inspect(f.Syntax, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text := literal.Value
		if strings.HasPrefix(text, `"`) {
			if plain, err := strconv.Unquote(text); err == nil {
				// The literal is one line, whatever line breaks it stands for.
				text = strings.ReplaceAll(plain, "\n", " ")
			}
		}
		found = append(found, wordsOf(f.Path, f.Line(literal.Pos()), text, words)...)
		return true
	})
	return found
}

// fence matches what pages quote of programs: it is checked where the program is.
var fence = regexp.MustCompile("(?ms)^```.*?^```$")

// Prose returns the words in a page of Markdown.
func Prose(path string, text []byte, words []Word) []Finding {
	plain := fence.ReplaceAllStringFunc(string(text), func(block string) string {
		return strings.Repeat("\n", strings.Count(block, "\n"))
	})
	return wordsOf(path, 1, plain, words)
}

// wordsOf returns the words in a text that begins at the line.
func wordsOf(path string, line int, text string, words []Word) []Finding {
	var found []Finding
	for _, w := range words {
		for _, at := range w.Pattern.FindAllStringIndex(text, -1) {
			found = append(found, Finding{Words, path, line + strings.Count(text[:at[0]], "\n"),
				fmt.Sprintf("%q; better: %s", strings.Join(strings.Fields(text[at[0]:at[1]]), " "), w.Better)})
		}
	}
	return found
}
