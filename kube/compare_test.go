package kube

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCompare: what is live, what the API says would come of applying what is wanted, and what is
// then shown as found.
func TestCompare(t *testing.T) {
	for what, c := range map[string]struct{ live, tried, wanted, want string }{
		"nothing would change": {`{"a":"1","d":5}`, `{"a":"1","d":5}`, `{"a":"1000m"}`, `{"a":"1000m"}`},
		"what the API writes itself": {
			`{"metadata":{"name":"x","generation":1},"status":{"a":1}}`, `{"metadata":{"name":"x","generation":2}}`,
			`{"metadata":{"name":"x"}}`, `{"metadata":{"name":"x"}}`,
		},
		"another value":             {`{"a":1,"b":"1"}`, `{"a":2,"b":"1"}`, `{"a":2,"b":"1.0"}`, `{"a":1,"b":"1.0"}`},
		"a field that goes":         {`{"a":1,"b":{"c":2}}`, `{"a":1}`, `{"a":1}`, `{"a":1,"b":{"c":2}}`},
		"a field of its own":        {`{"a":1,"b":3}`, `{"a":1,"b":1}`, `{"a":1}`, `{"a":1,"b":3}`},
		"a field that comes":        {`{}`, `{"a":1}`, `{"a":1}`, `{}`},
		"what is empty is no field": {`{"b":1}`, `{"b":2}`, `{"a":{},"b":2}`, `{"a":{},"b":1}`},
		"a named thing that goes": {
			`{"l":[{"name":"a","v":1},{"name":"b"},{"name":"z"}]}`, `{"l":[{"name":"a","v":2},{"name":"z"}]}`,
			`{"l":[{"name":"a","v":2}]}`, `{"l":[{"name":"a","v":1},{"name":"b"}]}`,
		},
		"a list without names": {`{"l":[1,2]}`, `{"l":[1]}`, `{"l":[1]}`, `{"l":[1,2]}`},
	} {
		read := func(text string) map[string]any {
			var m map[string]any
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			return m
		}
		if d := cmp.Diff(read(c.want), Compare(read(c.live), read(c.tried), read(c.wanted))); d != "" {
			t.Errorf("%s:\n%s", what, d)
		}
	}
}
