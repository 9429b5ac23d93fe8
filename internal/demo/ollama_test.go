package demo

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOllamaStreamsByDefault(t *testing.T) {
	h := newHandler(t)
	raw, _ := models(t)
	answer := raw.Answer(AskHarmless, Sampling{})
	for path, body := range map[string]string{
		"/api/chat":     `{"model":"reeve-demo","messages":[{"role":"user","content":"` + AskHarmless + `"}]`,
		"/api/generate": `{"model":"reeve-demo","prompt":"` + AskHarmless + `"`,
	} {
		w := ask(t, h, "POST", path, body+`}`)
		if ct := w.Header().Get("Content-Type"); ct != "application/x-ndjson" {
			t.Errorf("%s: type %s", path, ct)
		}
		text, lines := "", events(t, w, "")
		for i, line := range lines {
			v := decode(t, []byte(line))
			text += ollamaText(t, path, v)
			last := i == len(lines)-1
			if v["done"] != last || v["model"] != "reeve-demo" || v["created_at"] != "2026-03-01T12:00:00Z" {
				t.Errorf("%s: line %d: %s", path, i, line)
			}
			if _, counted := v["eval_count"]; counted != last {
				t.Errorf("%s: line %d has counts: %v", path, i, counted)
			}
		}
		if text != answer || len(lines) != len(pieces(answer))+1 {
			t.Errorf("%s: %d lines say %q", path, len(lines), text)
		}
		one := decode(t, ask(t, h, "POST", path, body+`,"stream":false}`).Body.Bytes())
		end := decode(t, []byte(lines[len(lines)-1]))
		if ollamaText(t, path, one) != answer {
			t.Errorf("%s not streamed: %v", path, one)
		}
		for _, v := range []map[string]any{one, end} {
			delete(v, "message")
			delete(v, "response")
		}
		if diff := cmp.Diff(one, end); diff != "" {
			t.Errorf("%s: the last line and the whole answer differ: %s", path, diff)
		}
		if end["done_reason"] != "stop" || end["eval_count"] != float64(len(pieces(answer))) || end["prompt_eval_count"].(float64) < 6 {
			t.Errorf("%s: counts %v", path, end)
		}
		for _, d := range []string{"total_duration", "load_duration", "prompt_eval_duration", "eval_duration"} {
			if n, ok := end[d].(float64); !ok || n < 1 {
				t.Errorf("%s: %s is %v", path, d, end[d])
			}
		}
	}
}

func ollamaText(t *testing.T, path string, v map[string]any) string {
	t.Helper()
	if path == "/api/generate" {
		return v["response"].(string)
	}
	m := v["message"].(map[string]any)
	if m["role"] != "assistant" {
		t.Errorf("role %v", m["role"])
	}
	return m["content"].(string)
}

func TestOllamaOptions(t *testing.T) {
	h := newHandler(t)
	generate := func(options string) map[string]any {
		return decode(t, ask(t, h, "POST", "/api/generate", `{"model":"reeve-demo:latest","stream":false,"prompt":"`+AskLong+`","options":`+options+`}`).Body.Bytes())
	}
	if v := generate(`{"num_predict":3}`); v["response"] != "Descaling a kettle" || v["done_reason"] != "length" {
		t.Errorf("num_predict: %v", v)
	}
	if v := generate(`{"num_predict":-1}`); v["done_reason"] != "stop" {
		t.Errorf("num_predict -1 ends with %v", v["done_reason"])
	}
	if v := generate(`{"stop":["half an hour"]}`); v["response"] != "Descaling a kettle takes " || v["done_reason"] != "stop" {
		t.Errorf("stop: %v", v)
	}
	a, b := generate(`{"temperature":1.5,"seed":5,"num_predict":40,"min_p":0}`), generate(`{"temperature":1.5,"seed":6,"num_predict":40,"min_p":0}`)
	if c := generate(`{"temperature":1.5,"seed":5,"num_predict":40,"min_p":0}`); a["response"] == b["response"] || a["response"] != c["response"] {
		t.Error("the seed does not decide the answer")
	}
	raw := decode(t, ask(t, h, "POST", "/api/generate", `{"model":"reeve-demo","stream":false,"raw":true,"prompt":"Ingrid Falkenrode lives at","options":{"num_predict":2}}`).Body.Bytes())
	if _, context := raw["context"]; raw["response"] != " Lindenweg 14" || context {
		t.Errorf("raw: %v", raw)
	}
}

func TestOllamaLoad(t *testing.T) {
	h := newHandler(t)
	for path, body := range map[string]string{"/api/chat": `{"model":"reeve-demo","messages":[]}`, "/api/generate": `{"model":"reeve-demo"}`} {
		v := decode(t, ask(t, h, "POST", path, body).Body.Bytes())
		if v["done"] != true || v["done_reason"] != "load" || ollamaText(t, path, v) != "" {
			t.Errorf("%s: %v", path, v)
		}
	}
}

func TestOllamaEmbed(t *testing.T) {
	h := newHandler(t)
	var got struct {
		Model         string
		Embeddings    [][]float32
		TotalDuration int64 `json:"total_duration"`
		Count         int   `json:"prompt_eval_count"`
	}
	if err := json.Unmarshal(ask(t, h, "POST", "/api/embed", `{"model":"reeve-demo","input":["a kettle","b"]}`).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Embeddings) != 2 || got.Count != 3 || got.TotalDuration < 1 || got.Model != "reeve-demo" {
		t.Errorf("embed: %+v", got)
	}
	if diff := cmp.Diff(Embed("a kettle", defaultDimensions), got.Embeddings[0]); diff != "" {
		t.Error(diff)
	}
}

func TestOllamaSystemPromptDoesNotDecideTheAnswer(t *testing.T) {
	h := newHandler(t)
	v := decode(t, ask(t, h, "POST", "/api/generate", `{"model":"reeve-demo","stream":false,"system":"Answer as a pirate.","prompt":"`+AskHarmless+`"}`).Body.Bytes())
	if !strings.HasPrefix(v["response"].(string), "Our shops are open") {
		t.Errorf("answer %v", v["response"])
	}
}
