package upstream

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseRefuses(t *testing.T) {
	cases := []struct{ name, in string }{
		{"empty", ``},
		{"two values", `{} {}`},
		{"duplicate", `{"a":1,"a":2}`},
		{"duplicate behind an escape", `{"a":1,"\u0061":2}`},
		{"duplicate far apart", `{"a":{"b":[1,2]},"c":3,"a":0}`},
		{"unpaired surrogate", `"\ud800"`},
		{"wrong order of surrogates", `"\udc00\ud800"`},
		{"control character", "\"a\nb\""},
		{"invalid UTF-8", "\"a\xff\""},
		{"unknown escape", `"\x"`},
		{"open string", `"abc`},
		{"open object", `{"a":1`},
		{"trailing comma", `[1,]`},
		{"bare word", `nul`},
		{"leading zero", `01`},
		{"plus", `+1`},
		{"dot", `1.`},
		{"exponent", `1e`},
		{"name without quotes", `{a:1}`},
		{"too deep", strings.Repeat("[", 129) + strings.Repeat("]", 129)},
		{"too many members", "{" + members(1025) + "}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var d Doc
			err := d.Parse([]byte(c.in))
			if err == nil {
				t.Fatal("accepted")
			}
			if _, ok := err.(*SyntaxError); !ok {
				t.Errorf("error %T, want *SyntaxError", err)
			}
		})
	}
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"k` + strings.Repeat("x", i/26) + string(rune('a'+i%26)) + `":1`)
	}
	return b.String()
}

func TestDocNavigation(t *testing.T) {
	var d Doc
	src := ` {"a" : [1, {"b":"x\ny"}, "z"], "m\u0065" : true, "n":-12.5e3, "o":42} `
	if err := d.Parse([]byte(src)); err != nil {
		t.Fatal(err)
	}
	a := d.Member(0, "a")
	var kids []string
	for c := d.First(a); c < d.End(a); c = d.Next(c) {
		kids = append(kids, string(d.Raw(c)))
	}
	if diff := cmp.Diff([]string{`{"b":"x\ny"}`, `z`}, kids); diff != "" {
		t.Error(diff)
	}
	if got := string(d.Text(d.Member(d.First(a), "b"))); got != "x\ny" {
		t.Errorf("text %q", got)
	}
	if i := d.Member(0, "me"); i < 0 || d.Node(i).Kind != True {
		t.Error("an escaped name is not found")
	}
	if v, ok := d.Int(d.Member(0, "o")); !ok || v != 42 {
		t.Errorf("int %d %v", v, ok)
	}
	if _, ok := d.Int(d.Member(0, "n")); ok {
		t.Error("-12.5e3 read as an integer")
	}
	if d.Member(0, "zz") != -1 || d.Member(-1, "a") != -1 || d.IsString(-1) {
		t.Error("a missing member is found")
	}
}

// TestStrings proves that quoting and unquoting are inverse for every text.
func TestStrings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.String().Draw(t, "text"))
		raw := AppendQuoted(nil, text)
		_, ok := StringContent(raw)
		if !ok {
			t.Fatalf("%q is not the content of a string", raw)
		}
		if got := AppendUnquoted(nil, raw); !bytes.Equal(got, text) {
			t.Fatalf("got %q, want %q", got, text)
		}
		var d Doc
		if err := d.Parse(append(append([]byte{'"'}, raw...), '"')); err != nil {
			t.Fatal(err)
		}
	})
}

// TestEdits proves that replacing a text changes that text and no other byte.
func TestEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "texts")
		src := []byte(`{"x": [`)
		for i, s := range texts {
			if i > 0 {
				src = append(src, " , "...)
			}
			src = append(AppendQuoted(append(src, '"'), []byte(s)), '"')
		}
		src = append(src, `],"y":1.50}`...)
		var d Doc
		if err := d.Parse(src); err != nil {
			t.Fatal(err)
		}
		arr := d.Member(0, "x")
		pick := rapid.IntRange(0, len(texts)-1).Draw(t, "pick")
		with := rapid.String().Draw(t, "with")
		node := d.First(arr)
		for range pick {
			node = d.Next(node)
		}
		var e Edits
		e.SetText(&d, node, []byte(with))
		out := e.Apply(nil, src)
		n := d.Node(node)
		if !bytes.HasPrefix(out, src[:n.Start]) || !bytes.HasSuffix(out, src[n.End:]) {
			t.Fatal("bytes outside the text changed")
		}
		var again Doc
		if err := again.Parse(out); err != nil {
			t.Fatal(err)
		}
		if got := string(again.Text(node)); got != with {
			t.Fatalf("got %q, want %q", got, with)
		}
	})
}

// FuzzDoc holds the parser against go-json-experiment's jsontext, which reads the same language.
func FuzzDoc(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `"a"`, `1`, `{"a":[1,2,{"b":null}],"c":"\ud83d\ude00"}`, `{"a":1,"a":2}`, `[1e5,-0,0.1]`, "\"\xff\"",
		`{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}`, `"\ud800"`, ` [ true , false ] `, `{"a":1,"\u0061":2}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Doc
		err := d.Parse(b)
		want := jsontext.Value(b).IsValid()
		if err == nil != want && !limited(err) {
			t.Fatalf("parse says %v, jsontext says valid=%v", err, want)
		}
		if err != nil {
			return
		}
		for i := range d.Len() {
			n := d.Node(i)
			if n.Start < 0 || n.End < n.Start || int(n.End) > len(b) || d.Next(i) <= i || d.Next(i) > d.Len() {
				t.Fatalf("node %d is out of order: %+v", i, *n)
			}
			if n.Kind == String {
				var s string
				if got := string(d.Text(i)); !quotedIs(b[n.Start-1:n.End+1], got, &s) {
					t.Fatalf("text %q, jsontext %q", got, s)
				}
			}
		}
	})
}

func limited(err error) bool {
	s, ok := err.(*SyntaxError)
	return ok && (strings.Contains(s.Reason, "deeper") || strings.Contains(s.Reason, "more than"))
}

func quotedIs(quoted []byte, want string, got *string) bool {
	b, err := jsontext.AppendUnquote(nil, quoted)
	*got = string(b)
	return err == nil && *got == want
}

func BenchmarkParseEvent(b *testing.B) {
	src := []byte(`{"id":"chatcmpl-417","object":"chat.completion.chunk","created":1700000000,"model":"mock","system_fingerprint":"fp_ollama","choices":[{"index":0,"delta":{"role":"assistant","content":" word"},"finish_reason":null}]}`)
	var e Event
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Parse(ChatCompletions, src, true); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseRequest(b *testing.B) {
	ep := Endpoints()[0]
	src := []byte(`{"max_tokens":100,"messages":[{"content":"You are a helpful assistant.","role":"system"},{"content":"` + strings.Repeat("please summarise this text ", 8) + `","role":"user"}],"model":"mock","stream":false}`)
	var r Request
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Parse(&ep, src); err != nil {
			b.Fatal(err)
		}
	}
}
