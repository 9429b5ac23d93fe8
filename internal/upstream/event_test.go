package upstream

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEvent(t *testing.T) {
	type want struct {
		Texts    []string // choice/tool/channel/whole: text
		Finishes []string
		Logprobs int
		Context  bool
		Done     bool
		Failed   bool
		In, Out  int64
	}
	cases := []struct {
		name   string
		kind   Kind
		stream bool
		in     string
		want   want
	}{
		{
			"chat chunk", ChatCompletions, true,
			`{"id":"i","model":"m","choices":[{"index":1,"delta":{"role":"assistant","content":"a","reasoning_content":"b"},"logprobs":{"content":[{"token":"a"}]},"finish_reason":null}]}`,
			want{Texts: []string{"1/0/content/false: a", "1/0/reasoning/false: b"}, Logprobs: 1},
		},
		{
			"chat chunk with a tool call", ChatCompletions, true,
			`{"choices":[{"delta":{"tool_calls":[{"index":2,"id":"c","type":"function","function":{"name":"f","arguments":"{\"a"}}]},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":4}}`,
			want{Texts: []string{"0/2/tool_name/true: f", `0/2/tool_arguments/false: {"a`}, Finishes: []string{"0: tool_calls"}, In: 3, Out: 4},
		},
		{
			"chat answer", ChatCompletions, false,
			`{"choices":[{"index":0,"message":{"role":"assistant","content":"a","refusal":"r","x":{"y":"z"}},"finish_reason":"stop"},{"index":1,"message":{"content":"b"},"finish_reason":"length"}]}`,
			want{Texts: []string{"0/0/content/true: a", "0/0/refusal/true: r", "0/0/other/true: z", "1/0/content/true: b"}, Finishes: []string{"0: stop", "1: length"}},
		},
		{
			"completion chunk", Completions, true,
			`{"choices":[{"text":"a","index":0,"logprobs":null,"finish_reason":null}]}`,
			want{Texts: []string{"0/0/content/false: a"}},
		},
		{
			"unknown members are text", ChatCompletions, true,
			`{"choices":[{"delta":{"content":[{"text":"p"}],"audio":{"transcript":"q"}}}],"citations":["r"]}`,
			want{Texts: []string{"0/0/other/true: p", "0/0/other/true: q", "0/0/other/true: r"}},
		},
		{
			"ollama chat", Chat, true,
			`{"model":"m","created_at":"t","message":{"role":"assistant","content":"a","thinking":"b","tool_calls":[{"function":{"name":"f","arguments":{"n":1}}}]},"done":false}`,
			want{Texts: []string{"0/0/content/false: a", "0/0/reasoning/false: b", "0/0/tool_name/true: f", `0/0/tool_arguments/true: {"n":1}`}},
		},
		{
			"ollama end", Generate, true,
			`{"model":"m","response":"","done":true,"done_reason":"stop","context":[1,2],"prompt_eval_count":5,"eval_count":6}`,
			want{Texts: []string{"0/0/content/false: "}, Finishes: []string{"0: stop"}, Context: true, Done: true, In: 5, Out: 6},
		},
		{"error", Chat, true, `{"error":"no such model"}`, want{Texts: []string{"0/0/other/true: no such model"}, Failed: true}},
		{"embedding", Embeddings, false, `{"data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":1}}`, want{In: 1}},
		{"completion tokens only", Embed, false, `{"embeddings":[[1,2]],"prompt_eval_count":8}`, want{In: 8}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var e Event
			if err := e.Parse(c.kind, []byte(c.in), c.stream); err != nil {
				t.Fatal(err)
			}
			got := want{Logprobs: len(e.Logprobs), Context: e.Context >= 0, Done: e.Done, Failed: e.Failed, In: e.In, Out: e.Out}
			for _, x := range e.Texts {
				got.Texts = append(got.Texts, fmt.Sprintf("%d/%d/%s/%v: %s", x.Choice, x.Tool, x.Channel, x.Whole, e.Doc.AppendText(nil, x.Node)))
			}
			for _, f := range e.Finishes {
				got.Finishes = append(got.Finishes, fmt.Sprintf("%d: %s", f.Choice, e.Doc.Raw(f.Node)))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"choices":[{"index":0,"delta":{"content":"x"}}]}`), uint8(0), true)
	f.Add([]byte(`{"message":{"content":"x","tool_calls":[{"function":{"arguments":{}}}]},"done":true}`), uint8(4), true)
	f.Add([]byte(`{"choices":7,"message":"x","usage":[],"error":{}}`), uint8(0), false)
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, stream bool) {
		var e Event
		if err := e.Parse(Kind(kind%10), b, stream); err != nil {
			return
		}
		for _, x := range e.Texts {
			if x.Node <= 0 || x.Node >= e.Doc.Len() || x.Choice < 0 || x.Tool < 0 {
				t.Fatalf("bad text %+v", x)
			}
			e.Doc.AppendText(nil, x.Node)
		}
	})
}
