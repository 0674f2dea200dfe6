package inventory

import (
	"errors"
	"fmt"
	"strings"

	goyaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// kind is what a YAML value is.
type kind int

const (
	null kind = iota
	text
	integer
	float
	boolean
	list
	mapping
)

// String returns the kind as a message names it.
func (k kind) String() string {
	return [...]string{"nothing", "text", "a number", "a number", "true or false", "a list", "a mapping"}[k]
}

// node is a YAML value with its place in the file. Aliases and merge keys are already replaced by
// what they stand for.
type node struct {
	kind         kind
	text         string // of a scalar: numbers and booleans exactly as they are written, so that 1.10 stays 1.10
	tag          string // kept where the reader takes tags
	line, column int
	items        []*node // of a list
	pairs        []pair  // of a mapping, in the order of the file; keys may occur twice
}

// pair is one key of a mapping with its value.
type pair struct{ key, value *node }

// MaxBytes is the size of the largest inventory that is read, in bytes.
const MaxBytes = 1 << 20

// limits are the bounds of what is in a file. They are far above any real one; they keep a hostile
// or mistaken file from filling the memory (aliases of aliases), overflowing the stack, or keeping
// the parser busy, whose time grows with the square of the number of keys.
type limits struct{ tokens, depth, nodes int }

// inventoryLimits are those of an inventory.
var inventoryLimits = limits{tokens: 100_000, depth: 32, nodes: 100_000}

// parseYAML returns the only document of the file; nil when it has none or when there were
// problems.
func (r *reader) parseYAML(data string) (root *node) {
	// The parser is third-party code that reads what users type. If it panics, the user sees a
	// problem of the file.
	defer func() {
		if p := recover(); p != nil {
			r.problemAt(0, 0, "", "the file cannot be parsed as YAML: %v", p)
			root = nil
		}
	}()
	tokens := lexer.Tokenize(data)
	if len(tokens) > r.limits.tokens {
		r.problemAt(0, 0, "", "the file is too large: it has %d YAML tokens, and the limit is %d",
			len(tokens), r.limits.tokens)
		return nil
	}
	if deep := tooDeep(tokens, r.limits.depth); deep != nil {
		r.problemAt(deep.Position.Line, deep.Position.Column, "", "the file is nested too deeply: more than %d levels",
			r.limits.depth)
		return nil
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		r.syntax(err)
		return nil
	}
	var body ast.Node
	for _, doc := range file.Docs {
		switch doc.Body.(type) {
		case nil, *ast.DirectiveNode, *ast.CommentNode, *ast.CommentGroupNode:
			continue
		}
		if body != nil {
			line, column := place(doc.Body)
			if doc.Start != nil {
				line, column = doc.Start.Position.Line, doc.Start.Position.Column
			}
			r.problemAt(line, column, "one file describes one cluster; put the other into a file of its own",
				"a second YAML document begins here")
			return nil
		}
		body = doc.Body
	}
	if body == nil {
		return nil
	}
	c := converter{reader: r, anchors: map[string]anchor{}}
	root = c.convert(body, 0)
	if c.failed {
		return nil
	}
	return root
}

// tooDeep returns the token at which the file is nested deeper than the limit, if it is. The parser
// recurses, so this has to be known before. Nesting by indentation needs no bound: it is quadratic
// in the size of the file.
func tooDeep(tokens token.Tokens, limit int) *token.Token {
	flow, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			entries++
		}
		if flow > limit || entries > limit {
			return t
		}
	}
	return nil
}

// syntax reports an error of the parser at its place.
func (r *reader) syntax(err error) {
	var at goyaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		r.problemAt(0, 0, "", "the file is not YAML: %v", err)
		return
	}
	message, pos := at.GetMessage(), at.GetToken().Position
	indent := r.line(pos.Line)
	indent = indent[:len(indent)-len(strings.TrimLeft(indent, " \t"))]
	slip := slipHint(r.line(pos.Line))
	switch {
	case strings.Contains(indent, "\t"):
		r.problemAt(pos.Line, strings.Index(indent, "\t")+1, "YAML is indented with spaces only",
			"the indentation contains a tab")
	case slip != "":
		r.problemAt(pos.Line, pos.Column, slip, "the file is not YAML: %s", message)
	case strings.Contains(message, "mapping value is not allowed"):
		r.problemAt(pos.Line, pos.Column,
			`look at the indentation of this line and the next; a value that contains ": " goes in quotes`,
			"the file is not YAML: a second value for the same key")
	case strings.Contains(message, "reserved character"):
		r.problemAt(pos.Line, pos.Column, "put the value in quotes", "the file is not YAML: %s", message)
	case strings.Contains(message, "end character of"):
		r.problemAt(pos.Line, pos.Column, "close the quote where the text ends", "the file is not YAML: %s", message)
	case strings.Contains(message, "must be specified"), strings.Contains(message, "corresponding to"),
		strings.Contains(message, "end token"):
		r.problemAt(pos.Line, pos.Column, "close each bracket that is opened, with commas between the items",
			"the file is not YAML: %s", message)
	default:
		r.problemAt(pos.Line, pos.Column,
			`look at the indentation of this line and the one before; each item of a list begins with "- "`,
			"the file is not YAML: %s", message)
	}
}

// place returns where a node of the parser begins.
func place(n ast.Node) (line, column int) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return place(n.Values[0])
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	}
	if t := n.GetToken(); t != nil {
		return t.Position.Line, t.Position.Column
	}
	return 0, 0
}

// converter turns the parser's tree into nodes.
type converter struct {
	*reader
	anchors map[string]anchor
	nodes   int
	failed  bool
}

// anchor is what aliases stand for: a value, and the number of values in it.
type anchor struct {
	*node
	size int
}

// fail reports a construct that an inventory may not have.
func (c *converter) fail(n ast.Node, hint, format string, args ...any) *node {
	line, column := place(n)
	// One report is enough when the bounds are hit: the tree is not used then.
	if !c.failed {
		c.problemAt(line, column, hint, format, args...)
	}
	c.failed = true
	return &node{line: line, column: column}
}

// convert returns the node with everything below it.
func (c *converter) convert(n ast.Node, depth int) *node {
	c.nodes++
	if depth > c.limits.depth {
		return c.fail(n, "", "the file is nested too deeply: more than %d levels", c.limits.depth)
	}
	line, column := place(n)
	scalar := func(k kind, s string) *node { return &node{kind: k, text: s, line: line, column: column} }
	switch n := n.(type) {
	case *ast.StringNode:
		return scalar(text, n.Value)
	case *ast.LiteralNode:
		return scalar(text, n.Value.Value)
	case *ast.IntegerNode:
		return scalar(integer, n.Token.Value)
	case *ast.FloatNode:
		return scalar(float, n.Token.Value)
	case *ast.InfinityNode:
		return scalar(float, n.Token.Value)
	case *ast.NanNode:
		return scalar(float, n.Token.Value)
	case *ast.BoolNode:
		return scalar(boolean, n.Token.Value)
	case *ast.NullNode:
		return scalar(null, "")
	case *ast.SequenceNode:
		out := scalar(list, "")
		for _, v := range n.Values {
			out.items = append(out.items, c.convert(v, depth+1))
		}
		return out
	case *ast.MappingNode:
		out := scalar(mapping, "")
		out.pairs = c.pairs(n.Values, depth)
		return out
	case *ast.MappingValueNode:
		out := scalar(mapping, "")
		out.pairs = c.pairs([]*ast.MappingValueNode{n}, depth)
		return out
	case *ast.AnchorNode:
		// Anchors are learnt in the order of the file, and after what is in them: a later one of
		// the same name replaces the earlier, and none can contain itself.
		before := c.nodes
		out := c.convert(n.Value, depth+1)
		c.anchors[n.Name.String()] = anchor{out, c.nodes - before}
		return out
	case *ast.AliasNode:
		// A problem in the value is reported where its text is, at the anchor.
		a, ok := c.anchors[n.Value.String()]
		if !ok {
			return c.fail(n, "", "alias *%s has no anchor &%[1]s before it", n.Value)
		}
		if c.nodes += a.size; c.nodes > c.limits.nodes {
			return c.fail(n, "", "the file is too large: its aliases expand to more than %d values", c.limits.nodes)
		}
		return a.node
	case *ast.TagNode:
		if c.tags {
			out := *c.convert(n.Value, depth+1)
			out.tag, out.line, out.column = n.Start.Value, line, column
			return &out
		}
		return c.fail(n, `leave it out; text that looks like a number or a boolean goes in quotes`,
			"YAML tags such as %s are not supported", n.Start.Value)
	}
	return c.fail(n, "", "YAML of the kind %s is not supported", n.Type())
}

// pairs returns the keys and values of a mapping. Those of merge keys ("<<") come last and only
// where the mapping has none of its own, as the YAML merge type says.
func (c *converter) pairs(values []*ast.MappingValueNode, depth int) []pair {
	var own, merged []pair
	has := map[string]bool{}
	for _, v := range values {
		if _, ok := v.Key.(*ast.MergeKeyNode); ok {
			merged = append(merged, c.merged(v.Value, depth)...)
			continue
		}
		key := c.convert(v.Key, depth+1)
		if key.kind == null {
			key.text = "null"
		}
		if key.kind == list || key.kind == mapping {
			c.fail(v.Key, "", "a key is %s, but it must be text", key.kind)
			continue
		}
		has[key.text] = true
		own = append(own, pair{key, c.convert(v.Value, depth+1)})
	}
	for _, p := range merged {
		if !has[p.key.text] {
			has[p.key.text] = true
			own = append(own, p)
		}
	}
	return own
}

// merged returns the pairs that the value of a merge key stands for: a mapping, or a list of them.
func (c *converter) merged(v ast.Node, depth int) []pair {
	from := c.convert(v, depth+1)
	if from.kind == mapping {
		return from.pairs
	}
	var out []pair
	for _, item := range from.items {
		if item.kind == mapping {
			out = append(out, item.pairs...)
		}
	}
	if out == nil {
		c.fail(v, "", `"<<" takes an alias of a mapping, not %s`, fmt.Sprint(from.kind))
	}
	return out
}
