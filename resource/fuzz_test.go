package resource_test

import (
	"reflect"
	"testing"

	"kbootstrap/resource"
	"kbootstrap/resource/kinds"
)

// FuzzCodec reads anything as resources. It must not panic, and what it reads is the same after
// another journey.
func FuzzCodec(f *testing.F) {
	for _, law := range laws() {
		text, err := kinds.Marshal([]resource.Resource{law.wanted})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	texts := []string{
		"", "null", "[]", "[null]", "{}",
		`[{"kind":"file"}]`, `[{"kind":"nonsense","value":{}}]`, `[{"kind":"file","value":{"Path":1}}]`,
	}
	for _, text := range texts {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		read, err := kinds.Unmarshal(text)
		if err != nil {
			return
		}
		again, err := kinds.Marshal(read)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		twice, err := kinds.Unmarshal(again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, again)
		}
		if !reflect.DeepEqual(read, twice) {
			t.Errorf("the journey has changed it:\n%#v\n%#v", read, twice)
		}
		for i := range read {
			if read[i].ID() != twice[i].ID() ||
				read[i].State() != twice[i].State() || resource.Changed(read[i], twice[i]) {
				t.Errorf("%s is another after the journey", read[i].ID())
			}
		}
	})
}
