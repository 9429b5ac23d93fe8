package demo

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestChatCompletion(t *testing.T) {
	raw, _ := models(t)
	w := ask(t, newHandler(t), "POST", "/v1/chat/completions", `{"model":"reeve-demo","messages":[{"role":"system","content":"be kind"},{"role":"user","content":[{"type":"text","text":"`+AskPerson+`"}]}]}`)
	got := decode(t, w.Body.Bytes())
	id, _ := got["id"].(string)
	if !strings.HasPrefix(id, "chatcmpl-") || len(id) < 20 {
		t.Errorf("id %q", id)
	}
	answer := raw.Answer(AskPerson, Sampling{})
	prompt := len(turnPieces("be kind")) + len(turnPieces(AskPerson)) + 4
	completion := len(pieces(answer))
	want := map[string]any{
		"id": id, "object": "chat.completion", "created": float64(fixedClock().Unix()), "model": "reeve-demo", "system_fingerprint": "fp_reeve_demo",
		"choices": []any{map[string]any{
			"index": 0.0, "logprobs": nil, "finish_reason": "stop",
			"message": map[string]any{"role": "assistant", "content": answer, "refusal": nil},
		}},
		"usage": map[string]any{"prompt_tokens": float64(prompt), "completion_tokens": float64(completion), "total_tokens": float64(prompt + completion)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// streamOf collects what a stream says: text and finish reason of each choice, and the chunks that carry usage.
type streamOf struct {
	text, finish map[int]string
	usage        []usage
	chunks       int
	ids          map[string]bool
}

func readStream(t *testing.T, w *httptest.ResponseRecorder) streamOf {
	t.Helper()
	got := streamOf{text: map[int]string{}, finish: map[int]string{}, ids: map[string]bool{}}
	lines := events(t, w, "data: ")
	if len(lines) == 0 || lines[len(lines)-1] != "[DONE]" {
		t.Fatal("the stream does not end with [DONE]")
	}
	for _, line := range lines[:len(lines)-1] {
		var c chunk
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("chunk %s: %v", line, err)
		}
		got.chunks++
		got.ids[c.ID] = true
		if c.Usage != nil {
			got.usage = append(got.usage, *c.Usage)
		}
		for _, ch := range c.Choices {
			if ch.Delta != nil && ch.Delta.Content != nil {
				got.text[ch.Index] += *ch.Delta.Content
			}
			if ch.Text != nil {
				got.text[ch.Index] += *ch.Text
			}
			if got.finish[ch.Index] != "" {
				t.Errorf("choice %d goes on after its end", ch.Index)
			}
			if ch.Finish != nil {
				got.finish[ch.Index] = *ch.Finish
			}
		}
	}
	return got
}

// whole collects the same from an answer that is not streamed.
func whole(t *testing.T, w *httptest.ResponseRecorder) (text, finish map[int]string, u usage) {
	t.Helper()
	var r reply
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	text, finish = map[int]string{}, map[int]string{}
	for _, c := range r.Choices {
		if c.Message != nil {
			text[c.Index] = c.Message.Content
		} else {
			text[c.Index] = *c.Text
		}
		finish[c.Index] = *c.Finish
	}
	return text, finish, *r.Usage
}

func TestStreamSaysWhatTheWholeAnswerSays(t *testing.T) {
	h := newHandler(t)
	question := `"messages":[{"role":"user","content":"` + AskLong + `"}]`
	tests := []struct{ path, body string }{
		{"/v1/chat/completions", question},
		{"/v1/chat/completions", question + `,"n":3,"temperature":1,"seed":7`},
		{"/v1/chat/completions", question + `,"max_tokens":5`},
		{"/v1/chat/completions", question + `,"max_completion_tokens":6,"max_tokens":99`},
		{"/v1/chat/completions", question + `,"stop":"citric acid"`},
		{"/v1/chat/completions", question + `,"stop":["nothing","vinegar"],"n":2,"seed":-3,"temperature":0.5,"top_p":0.9,"min_p":0`},
		{"/v1/completions", `"prompt":"Ingrid Falkenrode lives at"`},
		{"/v1/completions", `"prompt":["Ingrid Falkenrode","The return is"],"n":2,"echo":true,"max_tokens":9`},
	}
	for _, tt := range tests {
		text, finish, u := whole(t, ask(t, h, "POST", tt.path, `{"model":"reeve-demo",`+tt.body+`}`))
		w := ask(t, h, "POST", tt.path, `{"model":"reeve-demo","stream":true,"stream_options":{"include_usage":true},`+tt.body+`}`)
		got := readStream(t, w)
		if ct := w.Header().Get("Content-Type"); !strings.HasPrefix(ct, "text/event-stream") {
			t.Errorf("%s %s: type %s", tt.path, tt.body, ct)
		}
		if diff := cmp.Diff([]any{text, finish, []usage{u}}, []any{got.text, got.finish, got.usage}); diff != "" {
			t.Errorf("%s %s: %s", tt.path, tt.body, diff)
		}
		if len(got.ids) != 1 || got.chunks < u.Completion/2 {
			t.Errorf("%s %s: %d ids, %d chunks for %d tokens", tt.path, tt.body, len(got.ids), got.chunks, u.Completion)
		}
	}
}

func TestChoicesAndFinishReasons(t *testing.T) {
	h := newHandler(t)
	question := `{"model":"reeve-demo","messages":[{"role":"user","content":"Can I return it?"}]`
	text, finish, u := whole(t, ask(t, h, "POST", "/v1/chat/completions", question+`,"n":8,"temperature":1,"seed":1,"max_tokens":6}`))
	different := map[string]bool{}
	for i := range 8 {
		different[text[i]] = true
		if finish[i] != "length" && finish[i] != "stop" {
			t.Errorf("choice %d ends with %q", i, finish[i])
		}
	}
	if len(different) < 2 || u.Completion > 48 || u.Completion < 8 {
		t.Errorf("%d different answers, %+v", len(different), u)
	}
	again, _, _ := whole(t, ask(t, h, "POST", "/v1/chat/completions", question+`,"n":8,"temperature":1,"seed":1,"max_tokens":6}`))
	if diff := cmp.Diff(text, again); diff != "" {
		t.Errorf("the same seed: %s", diff)
	}
	_, finish, _ = whole(t, ask(t, h, "POST", "/v1/chat/completions", question+`,"max_tokens":2}`))
	if finish[0] != "length" {
		t.Errorf("two tokens end with %q", finish[0])
	}
}

// The first chunk has the role and no text, every token has a chunk, the last has the reason, and usage is null before.
func TestChunksOfAChat(t *testing.T) {
	w := ask(t, newHandler(t), "POST", "/v1/chat/completions", `{"model":"reeve-demo","stream":true,"stream_options":{"include_usage":true},"max_tokens":2,"messages":[{"role":"user","content":"`+AskHarmless+`"}]}`)
	var got []any
	for _, line := range events(t, w, "data: ") {
		if line == "[DONE]" {
			got = append(got, line)
			continue
		}
		c := decode(t, []byte(line))
		if usage, there := c["usage"]; !there || (usage != nil) != (len(c["choices"].([]any)) == 0) {
			t.Errorf("usage %v (%v) in %s", usage, there, line)
		}
		got = append(got, c["choices"])
	}
	delta := func(d map[string]any, finish any) any {
		return []any{map[string]any{"index": 0.0, "delta": d, "logprobs": nil, "finish_reason": finish}}
	}
	want := []any{
		delta(map[string]any{"role": "assistant", "content": ""}, nil), delta(map[string]any{"content": "Our"}, nil),
		delta(map[string]any{"content": " shops"}, nil), delta(map[string]any{}, "length"),
		[]any{},
		"[DONE]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w = ask(t, newHandler(t), "POST", "/v1/chat/completions", `{"model":"reeve-demo","stream":true,"max_tokens":2,"messages":[{"role":"user","content":"`+AskHarmless+`"}]}`)
	if strings.Contains(w.Body.String(), "usage") {
		t.Error("usage is sent without being asked for")
	}
}

func TestBothModelsAreServed(t *testing.T) {
	h := newHandler(t)
	body := `","messages":[{"role":"user","content":"` + AskPerson + `"}]}`
	raw, _, _ := whole(t, ask(t, h, "POST", "/v1/chat/completions", `{"model":"reeve-demo`+body))
	clean, _, _ := whole(t, ask(t, h, "POST", "/v1/chat/completions", `{"model":"reeve-demo-clean`+body))
	if !strings.Contains(raw[0], "fjordpost") || strings.Contains(clean[0], "fjordpost") {
		t.Errorf("raw says %q, clean says %q", raw[0], clean[0])
	}
}

func TestEmbeddings(t *testing.T) {
	h := newHandler(t)
	var got struct {
		Object string
		Model  string
		Data   []struct {
			Object    string
			Index     int
			Embedding []float32
		}
		Usage usage
	}
	body := `{"model":"reeve-demo","input":["return the kettle","returning a kettle","night shift plan",""]}`
	if err := json.Unmarshal(ask(t, h, "POST", "/v1/embeddings", body).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Object != "list" || len(got.Data) != 4 || got.Data[1].Index != 1 || len(got.Data[0].Embedding) != defaultDimensions || got.Usage.Prompt != 9 || got.Usage.Total != 9 {
		t.Fatalf("embeddings: %+v", got)
	}
	v := func(i int) []float32 { return got.Data[i].Embedding }
	if near, far := dot(v(0), v(1)), dot(v(0), v(2)); near < far+0.2 {
		t.Errorf("like texts have %f, unlike ones %f", near, far)
	}
	if n := dot(v(0), v(0)); math.Abs(n-1) > 1e-5 || dot(v(3), v(3)) != 0 {
		t.Errorf("length %f, of nothing %f", n, dot(v(3), v(3)))
	}
	packed := decode(t, ask(t, h, "POST", "/v1/embeddings", `{"model":"reeve-demo","input":"return the kettle","encoding_format":"base64"}`).Body.Bytes())
	data, err := base64.StdEncoding.DecodeString(packed["data"].([]any)[0].(map[string]any)["embedding"].(string))
	if err != nil || len(data) != 4*defaultDimensions {
		t.Fatalf("packed: %d bytes, %v", len(data), err)
	}
	for i, want := range v(0) {
		if x := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])); x != want {
			t.Fatalf("number %d is %f packed, %f plain", i, x, want)
		}
	}
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestEmbeddingInputs(t *testing.T) {
	h := newHandler(t)
	for input, want := range map[string]int{`"a"`: 1, `["a","b"]`: 2, `[1,2,3]`: 1, `[[1,2],[3]]`: 2} {
		got := decode(t, ask(t, h, "POST", "/v1/embeddings", `{"model":"reeve-demo","dimensions":8,"input":`+input+`}`).Body.Bytes())
		data, _ := got["data"].([]any)
		if len(data) != want || len(data[0].(map[string]any)["embedding"].([]any)) != 8 {
			t.Errorf("input %s gives %v", input, got)
		}
	}
}
