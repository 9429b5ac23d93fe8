package guard

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
)

func TestJSONStaysValid(t *testing.T) {
	p := mustParse(t, policy(
		rule("mail", "both", "mask", `{detect: [pii/email, pii/payment-card]}`, "    reversible: true\n"),
		rule("name", "both", "mask", `{literals: [heron, '"b":', 'z\', '\c', 'true', "line\nbreak", 'q"', 'wren","x":"robin']}`),
		rule("stop", "both", "block", `{literals: [gull]}`),
	))
	tests := []struct{ name, in, want string }{
		{"nothing", `{"a": [1, 2.5e3, "x\ny", null]}`, `{"a": [1, 2.5e3, "x\ny", null]}`},
		{"a string", `{"to":"jo@example.org"}`, `{"to":"[EMAIL_ADDRESS]"}`},
		{"a name", `{"heron":1}`, `{"[MASKED]":1}`},
		{"a number", `{"n":4111111111111111,"m":2}`, `{"n":"[CREDIT_CARD]","m":2}`},
		{"a number with a sign before", `{"n":-4111111111111111}`, `{"n":-0}`},
		{"a number in a list", `["x",4111111111111111 ]`, `["x","[CREDIT_CARD]" ]`},
		{"escaped sign", `{"to":"mail: jo\u0040example.org"}`, `{"to":"mail: [EMAIL_ADDRESS]"}`},
		{"escaped letters", `{"to":"\u0068\u0065\u0072\u006F\u006e"}`, `{"to":"[MASKED]"}`},
		{"escape before a match", `{"to":"mail:\njo@example.org"}`, `{"to":"mail:\n[EMAIL_ADDRESS]"}`},
		{"escape after a match", `{"to":"mail: jo@example.org\n"}`, `{"to":"mail: [EMAIL_ADDRESS]\n"}`},
		{"escape in a match", `{"to":"line\nbreak"}`, `{"to":"[MASKED]"}`},
		{"matches that are halves of an escape", `{"to":"az\\c"}`, `{"to":"a[MASKED][MASKED]"}`},
		{"a match that ends in half an escape", `{"to":"az\\d"}`, `{"to":"a[MASKED]\\d"}`},
		{"a match that ends before a quote", `{"to":"az\"d"}`, `{"to":"a[MASKED]\"d"}`},
		{"a match that begins in half an escape", `{"to":"ay\\c"}`, `{"to":"ay\\[MASKED]"}`},
		{"an escaped quote is two bytes", `{"to":"q\"x"}`, `{"to":"q\"x"}`},
		{"a match over structure", `{"b":1}`, `{"[MASKED]":1}`},
		{"a match over strings", `["wren","x":"robin"]`, `["[MASKED]","":""]`},
		{"a word outside of strings", `[true]`, `["[MASKED]"]`},
		{"slashes and letters", `{"u":"a\/b\u00e9"}`, `{"u":"a/bé"}`},
		{"surrogate pair", `{"u":"\ud83d\ude00"}`, `{"u":"😀"}`},
		{"half a pair", `{"u":"\ud83dx\ude00"}`, "{\"u\":\"\ufffdx\ufffd\"}"},
		{"two first halves", `{"u":"\ud83d\ud83d\ude00"}`, "{\"u\":\"\ufffd😀\"}"},
		{"half a pair before an escape", `{"u":"\ud83d\n\ud83d\u0041"}`, "{\"u\":\"\ufffd\\n\ufffdA\"}"},
		{"quote and backslash by number", `{"u":"\u0022\u005c\u0000\u001F"}`, `{"u":"\"\\\u0000\u001f"}`},
		{"block", `{"a":"b","c":"the gull"}`, `{"a":"b","c":"the `},
		{"block by escapes", `{"c":"a\u0067ull"}`, `{"c":"`},
		{"no JSON at all", `mail: jo@example.org`, `mail: "[EMAIL_ADDRESS]"`},
		{"breaks off", `{"c":"\u00`, `{"c":"\u00`},
		{"breaks off after half a pair", `{"c":"\ud83d`, "{\"c\":\"\ufffd"},
		{"broken escapes", `{"c":"\q \u12x \ud83d\u12x"}`, "{\"c\":\"\\q \\u12x \ufffd\\u12x\"}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, dir := range []reeve.Direction{reeve.In, reeve.Out} {
				set := p.For(dir, Scope{})
				whole := set.CheckJSON([]byte(tt.in), nil)
				if string(whole.Text) != tt.want {
					t.Errorf("got  %s\nwant %s", whole.Text, tt.want)
				}
				if whole.Changed != (tt.in != tt.want) {
					t.Errorf("Changed is %v", whole.Changed)
				}
				if json.Valid([]byte(tt.in)) && whole.Block == nil && !json.Valid(whole.Text) {
					t.Errorf("not valid any more: %s", whole.Text)
				}
				for n := 1; n <= len(tt.in); n++ {
					st := set.NewJSONStream(nil)
					got, r := streamed(t, st, []byte(tt.in), slices.Collect(steps(n, len(tt.in))))
					st.Free()
					if !bytes.Equal(got, whole.Text) || r.Changed != whole.Changed {
						t.Errorf("in pieces of %d: %s, changed %v", n, got, r.Changed)
					}
					if diff := cmp.Diff(whole.Verdict, r.Verdict); diff != "" {
						t.Error(diff)
					}
				}
			}
		})
	}
}

// TestJSONRestore puts values back into documents.
func TestJSONRestore(t *testing.T) {
	p := reversible(t)
	v := NewVault()
	in, out := p.For(reeve.In, Scope{}), p.For(reeve.Out, Scope{})
	if got := string(in.CheckJSON([]byte(`{"q":"say \"hi\" to heron"}`), v).Text); got != `{"q":"say \"hi\" to [[LITERAL_1]]"}` {
		t.Errorf("masked %s", got)
	}
	if got := string(in.Check([]byte(`say "hi" to heron`), v).Text); got != `[[LITERAL_2]] to [[LITERAL_1]]` {
		t.Errorf("masked %s", got)
	}
	if got := string(out.CheckJSON([]byte(`{"q":"[[LITERAL_2]], [[LITERAL_1]]", "n": [[LITERAL_1]]}`), v).Text); got != `{"q":"say \"hi\", heron", "n": [[LITERAL_1]]}` {
		t.Errorf("restored %s", got)
	}
}

// TestJSONKeepsMeaning: a document in which nothing matches means the same afterwards, cut in any way.
func TestJSONKeepsMeaning(t *testing.T) {
	set := mustParse(t, policy(rule("mail", "both", "mask", `{detect: ["pii/*"]}`))).For(reeve.Out, Scope{})
	pieces := []string{`a`, `\n`, `\"`, `\\`, `\/`, `\u0041`, `\u00e9`, `\ud83d\ude00`, `\u0001`, `é`, ` `, `{`, `,`, `\t`}
	rapid.Check(t, func(t *rapid.T) {
		text := func() string {
			return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 6).Draw(t, "string"), "")
		}
		doc := []byte(`{"k` + text() + `": ["` + text() + `", 12, {"x": "` + text() + `"}], "z":true}`)
		var want, got any
		if err := json.Unmarshal(doc, &want); err != nil {
			t.Fatal(err)
		}
		n := rapid.IntRange(1, 7).Draw(t, "piece")
		st := set.NewJSONStream(nil)
		defer st.Free()
		var out []byte
		for chunk := range slices.Chunk(doc, n) {
			out = st.Write(out, chunk)
		}
		out = st.Close(out)
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%v in %s", err, out)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s became %s:\n%s", doc, out, diff)
		}
	})
}
