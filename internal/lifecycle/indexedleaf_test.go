package lifecycle

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the quick reading takes from a leaf is what the parser takes.
func TestIndexedLeaf(t *testing.T) {
	for name, text := range map[string]string{
		"intent":  `{"access":"allow","actor_c":"AAA","alg":"A256GCM","guard":[{"action":"mask","n":1,"rule":"a]b","stage":"in"}],"kek":"KKK","kind":"intent","label_in":"internal{PII,HR}","model":"m","n_prompt":12,"route":"/v1/chat/completions","sealed":"SSS","seq":7,"t_start":"2026-03-01T10:00:00.000000001Z","ulid":"01J","v":"reeve.inference/1"}`,
		"outcome": `{"http":200,"intended":true,"kek":"KKK","kind":"outcome","label_out":"public","n_response":5,"result":"ok","sealed":"SSS","seq":7,"t_end":"2026-03-01T10:00:01.5Z","t_start":"2026-03-01T10:00:00Z","ulid":"01J","v":"reeve.inference/1"}`,
		"event":   `{"kind":"hold","names":{"a":"b"},"refs":["01J"],"seq":7,"t_start":"2026-03-01T10:00:00Z","ulid":"01J","v":"reeve.hold/1"}`,
		"escape":  `{"kind":"intent","model":"a\u0022b","seq":7,"t_start":"2026-03-01T10:00:00Z","ulid":"01J","v":"reeve.inference/1"}`,
	} {
		want, err := parseLeaf(7, []byte(text))
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := indexedLeaf(7, []byte(text))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, l := range []*leaf{want, got} { // what the index does not hold
			l.Access, l.Guard, l.HTTP = "", nil, 0
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, text := range []string{``, `{`, `{"seq":8,"v":"reeve.inference/1"}`, `{"kind":"intent"`, `{"seq":x,"v":"reeve.inference/1"}`} {
		if _, err := indexedLeaf(7, []byte(text)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func FuzzIndexedLeaf(f *testing.F) {
	f.Add([]byte(`{"kind":"intent","seq":7,"ulid":"01J","v":"reeve.inference/1"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := parseLeaf(7, b)
		if err != nil {
			return // not one of ours
		}
		got, err := indexedLeaf(7, b)
		if err == nil && want.Version == "reeve.inference/1" && (got.ID != want.ID || got.Seq != want.Seq) && !duplicateOrSpaced(b) {
			t.Errorf("%q: %+v, want %+v", b, got, want)
		}
	})
}

// duplicateOrSpaced reports whether a leaf is not canonical, which ours are.
func duplicateOrSpaced(b []byte) bool {
	for _, c := range b {
		if c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\\' || c >= 0x80 {
			return true
		}
	}
	return false
}
