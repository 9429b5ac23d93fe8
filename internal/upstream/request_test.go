package upstream

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func endpoint(t testing.TB, path string) *Endpoint {
	t.Helper()
	for _, e := range Endpoints() {
		if e.Path == path {
			return &e
		}
	}
	t.Fatalf("no endpoint %s", path)
	return nil
}

func TestRequest(t *testing.T) {
	type want struct {
		Model        string
		Stream       bool
		IncludeUsage bool
		Texts        []string
	}
	cases := []struct {
		name, path, in string
		want           want
	}{
		{
			"chat", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}],"stream":true,"stream_options":{"include_usage":true}}`,
			want{"m", true, true, []string{"user", "a", "user", "text", "b", "image_url"}},
		},
		{
			"unknown members are text", "/v1/chat/completions",
			`{"messages":[],"x":{"y":["z"]},"model":"m","user":"u@example.org"}`,
			want{"m", false, false, []string{"z", "u@example.org"}},
		},
		{
			"tool call as a string", "/v1/chat/completions",
			`{"model":"m","messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{\"a\":1}"}}]}]}`,
			want{"m", false, false, []string{"assistant", "c", "f", `{"a":1}`}},
		},
		{
			"tool call as an object", "/api/chat",
			`{"model":"m","messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1,"b":"c"}}}]}]}`,
			want{"m", true, false, []string{"assistant", "f", `{"a":1,"b":"c"}`}},
		},
		{"images are no text", "/api/generate", `{"model":"m","prompt":"p","images":["AAAA"],"stream":false}`, want{"m", false, false, []string{"p"}}},
		{"a link to an image is text", "/v1/chat/completions", `{"model":"m","messages":[{"content":[{"image_url":{"url":"https://u:p@host/x.png"}}]}]}`, want{"m", false, false, []string{"https://u:p@host/x.png"}}},
		{"embeddings", "/v1/embeddings", `{"model":"m","input":["a","b"]}`, want{"m", false, false, []string{"a", "b"}}},
		{"stream null is the default", "/api/generate", `{"model":"m","stream":null}`, want{"m", true, false, nil}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Request
			if err := r.Parse(endpoint(t, c.path), []byte(c.in)); err != nil {
				t.Fatal(err)
			}
			got := want{r.Model, r.Stream, r.IncludeUsage, nil}
			for _, x := range r.Texts {
				got.Texts = append(got.Texts, string(r.Doc.AppendText(nil, x.Node)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequestRefuses(t *testing.T) {
	cases := []struct{ name, path, in, field string }{
		{"not an object", "/api/chat", `[]`, ""},
		{"no model", "/api/chat", `{"messages":[]}`, "model"},
		{"model is a number", "/api/chat", `{"model":1,"messages":[]}`, "model"},
		{"empty model", "/api/chat", `{"model":"","messages":[]}`, "model"},
		{"no messages", "/api/chat", `{"model":"m"}`, "messages"},
		{"messages is a string", "/v1/chat/completions", `{"model":"m","messages":"x"}`, "messages"},
		{"message is a string", "/v1/chat/completions", `{"model":"m","messages":["x"]}`, "messages"},
		{"content is a number", "/v1/chat/completions", `{"model":"m","messages":[{"content":1}]}`, "messages.content"},
		{"stream is a string", "/v1/completions", `{"model":"m","stream":"true"}`, "stream"},
		{"prompt is an object", "/v1/completions", `{"model":"m","prompt":{}}`, "prompt"},
		{"no input", "/api/embed", `{"model":"m"}`, "input"},
		{"variant of model", "/v1/chat/completions", `{"model":"m","Model":"x","messages":[]}`, "model"},
		{"variant of content", "/v1/chat/completions", `{"model":"m","messages":[{"content":"a","CONTENT":"b"}]}`, "content"},
		{"variant with a long s", "/v1/chat/completions", `{"model":"m","messages":[],"me\u017f\u017fages":[]}`, "messages"},
		{"variant with a Kelvin sign", "/api/chat", `{"model":"m","messages":[],"thin\u212A":true}`, "think"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r Request
			err := r.Parse(endpoint(t, c.path), []byte(c.in))
			e, ok := err.(*RequestError)
			if !ok || e.Field != c.field {
				t.Errorf("got %v, want a *RequestError on %q", err, c.field)
			}
		})
	}
}

func TestSchemaNamesAreFree(t *testing.T) {
	var r Request
	in := `{"model":"m","messages":[],"tools":[{"type":"function","function":{"name":"f","parameters":{"properties":{"Name":{},"URL":{"type":"string"}}}}}]}`
	if err := r.Parse(endpoint(t, "/v1/chat/completions"), []byte(in)); err != nil {
		t.Error(err)
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(`{"model":"m","messages":[{"role":"user","content":"hi"}]}`), 0)
	f.Add([]byte(`{"model":"m","prompt":["a",[1,2]],"n":2}`), 1)
	f.Add([]byte(`{"model":"m","input":"x"}`), 2)
	f.Add([]byte(`{"model":"m","messages":[{"tool_calls":[{"function":{"arguments":{"a":["b"]}}}]}],"images":["x"]}`), 4)
	eps := Endpoints()
	f.Fuzz(func(t *testing.T, b []byte, i int) {
		var r Request
		ep := &eps[uint(i)%uint(len(eps))]
		if err := r.Parse(ep, b); err != nil {
			return
		}
		if r.Model == "" || len(r.Model) > 256 {
			t.Fatalf("model of %d bytes", len(r.Model))
		}
		last := -1
		for _, x := range r.Texts {
			if x.Node <= last || x.Node >= r.Doc.Len() {
				t.Fatal("texts are not in document order")
			}
			last = x.Node
		}
	})
}
