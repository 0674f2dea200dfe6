package resource

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"

	"kbootstrap/host"
)

// object is the content of a file that is a JSON object, by its keys.
type object map[string]json.RawMessage

// parseObject reads a JSON object. An empty text is an object without keys.
func parseObject(text []byte) (object, bool) {
	o := object{}
	if len(bytes.TrimSpace(text)) == 0 {
		return o, true
	}
	if json.Unmarshal(text, &o) != nil || o == nil {
		return nil, false
	}
	return o, true
}

// only returns the object with some of its keys.
func (o object) only(keys []string) object {
	o = maps.Clone(o)
	maps.DeleteFunc(o, func(key string, _ json.RawMessage) bool { return !slices.Contains(keys, key) })
	return o
}

// without returns the object without some of its keys.
func (o object) without(keys []string) object {
	o = maps.Clone(o)
	maps.DeleteFunc(o, func(key string, _ json.RawMessage) bool { return slices.Contains(keys, key) })
	return o
}

// text renders the object with a key a line, sorted.
func (o object) text() []byte {
	if len(o) == 0 {
		return []byte("{}\n")
	}
	var b bytes.Buffer
	b.WriteString("{\n")
	for i, key := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			b.WriteString(",\n")
		}
		name, _ := json.Marshal(key) //nolint:errchkjson // a string is always text
		b.WriteString("  " + string(name) + ": ")
		b.Write(oneLine(o[key]))
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

// oneLine renders a JSON value on one line, with a blank behind each comma and colon.
func oneLine(value json.RawMessage) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, value) != nil {
		return value
	}
	var line []byte
	inText, escaped := false, false
	for _, c := range compact.Bytes() {
		line = append(line, c)
		switch {
		case escaped:
			escaped = false
		case inText && c == '\\':
			escaped = true
		case c == '"':
			inText = !inText
		case !inText && (c == ',' || c == ':'):
			line = append(line, ' ')
		}
	}
	return line
}

// WithoutKeys returns a JSON object without some of its keys.
func WithoutKeys(text []byte, keys []string) []byte {
	o, ok := parseObject(text)
	if !ok {
		return text
	}
	return o.without(keys).text()
}

// OnlyKeys returns a JSON object with some of its keys.
func OnlyKeys(text []byte, keys []string) []byte {
	o, ok := parseObject(text)
	if !ok {
		return text
	}
	return o.only(keys).text()
}

// KeysOf returns the keys of a JSON object, sorted.
func KeysOf(text []byte) []string {
	o, _ := parseObject(text)
	return slices.Sorted(maps.Keys(o))
}

// isKeyed reports whether only some keys of the file are the tool's.
func (f File) isKeyed() bool { return f.Keys != nil && f.Target == "" && f.Blob == "" }

// hasKey returns a test for the keys of an object.
func (o object) hasKey(key string) bool { _, ok := o[key]; return ok }

// equals reports whether two objects have the same keys and values.
func (o object) equals(other object) bool { return bytes.Equal(o.text(), other.text()) }

// isTaken reports whether the owner of a file has set something of a group of defaults.
func isTaken(o, group object) bool {
	set := o.only(slices.Collect(maps.Keys(group)))
	return len(set) > 0 && !set.equals(group)
}

// divide tells the tool's part of an object from the rest: the keys that are the tool's, and the
// groups of defaults that the owner has not set otherwise.
func (f File) divide(o object) (ours, foreign object) {
	keys := slices.Clone(f.Keys)
	for _, text := range f.Defaults {
		group, _ := parseObject(text)
		if !isTaken(o, group) {
			keys = slices.AppendSeq(keys, maps.Keys(group))
		}
	}
	return o.only(keys), o.without(keys)
}

// Foreign returns the keys of a found file that are not the tool's and stay, sorted. It reports
// false if the file is not a JSON object, so that nothing of it can be kept.
func (f File) Foreign() ([]string, bool) {
	o, ok := parseObject(f.Content)
	if !ok {
		return nil, false
	}
	_, foreign := f.divide(o)
	return slices.Sorted(maps.Keys(foreign)), true
}

// Lost returns those keys of a found file to which the wanted one gives another value, sorted: what
// the owner of the file has set there is lost.
func (f File) Lost(wanted File) []string {
	found, ok := parseObject(f.Content)
	if !ok {
		return nil
	}
	ours, _ := parseObject(wanted.Content)
	var lost []string
	for _, key := range slices.Sorted(maps.Keys(found.only(wanted.Keys))) {
		if !bytes.Equal(oneLine(found[key]), oneLine(ours[key])) {
			lost = append(lost, key)
		}
	}
	return lost
}

// keysState shows the tool's part of a JSON object. Of a group of defaults that the owner has set
// otherwise it shows the tool's: that is as good.
func (f File) keysState() string {
	o, ok := parseObject(f.Content)
	if !ok {
		return TextLines(f.Content)
	}
	shown := o.only(f.Keys)
	for _, text := range f.Defaults {
		group, _ := parseObject(text)
		for key := range group {
			if o.hasKey(key) {
				maps.Copy(shown, group)
				break
			}
		}
	}
	return TextLines(shown.text())
}

// hasOnlyForeign reports whether a file holds keys, and none of the tool's.
func (f File) hasOnlyForeign() bool {
	o, ok := parseObject(f.Content)
	if !ok {
		return false
	}
	ours, foreign := f.divide(o)
	return len(foreign) > 0 && len(ours) == 0
}

// merged returns what is to be in the file: the tool's part as the value has it, and the rest as it
// is on the host. Where the rest is that of the value itself, its content is written as it stands,
// so that a file comes back byte for byte. It reports false if no file is to be there.
func (f File) merged(sys *host.System) (content []byte, present bool, err error) {
	text, err := os.ReadFile(sys.Path(f.Path))
	if err != nil && !host.Absent(err) {
		return nil, false, err
	}
	is, okIs := parseObject(text)
	to, okTo := parseObject(f.Content)
	if !okIs || !okTo {
		return f.Content, !f.Absent, nil
	}
	stale, err := f.stale(sys)
	if err != nil {
		return nil, false, err
	}
	_, foreign := f.divide(is)
	foreign = foreign.without(stale)
	if f.Absent {
		return foreign.text(), len(foreign) > 0, nil
	}
	ours, rest := f.divide(to)
	if foreign.equals(rest) {
		return f.Content, true, nil
	}
	for _, text := range f.Defaults {
		group, _ := parseObject(text)
		if isTaken(is, group) {
			ours = ours.without(slices.Collect(maps.Keys(group)))
		}
	}
	maps.Copy(foreign, ours)
	return foreign.text(), true, nil
}
