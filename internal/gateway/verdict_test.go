package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/custody"
)

// answers are what a runtime may say, and what of it may reach the caller.
var answers = []struct {
	name, said string
	want       string // "" with a rule: nothing but what stood before the match
	rule       string // the rule that ends the answer
	never      string // must not appear in any answer
}{
	{"plain", "The parcel left on Tuesday, \"as promised\".\nGrüße", "The parcel left on Tuesday, \"as promised\".\nGrüße", "", ""},
	{"masked", "Write to: jane.doe@example.org today", "Write to: [EMAIL_ADDRESS] today", "", "example.org"},
	{"masked at the end", "my card is 4111 1111 1111 1111", "my card is [CREDIT_CARD]", "", "4111"},
	{"two masks", "mail a@example.org or b@example.com.", "mail [EMAIL_ADDRESS] or [EMAIL_ADDRESS].", "", "@example"},
	{"blocked", "Here is the secret plan: dig a tunnel", "", "test/secret-plan", "secret plan"},
	{"almost blocked", "Here is the secret pla", "Here is the secret pla", "", ""},
	{"review", "this watchword passes", "this watchword passes", "", ""},
}

// TestSameVerdict is the matrix of route × channel × stream × rule: the same text gets the same verdict however it
// travels, and the same text comes out.
func TestSameVerdict(t *testing.T) {
	for _, g := range tongues {
		for _, a := range answers {
			t.Run(g.name+"/"+a.name, func(t *testing.T) {
				var records []custody.Outcome
				for _, stream := range []bool{false, true} {
					h := newHouse(t, g.say(split(a.said, 3)...), nil)
					r := h.post(t, g.path, g.ask(stream))
					if r.status != 200 {
						t.Fatalf("status %d: %s", r.status, r.body)
					}
					got := hear(t, r.body)
					if a.never != "" && strings.Contains(string(r.body), a.never) {
						t.Errorf("stream=%v leaks: %s", stream, r.body)
					}
					if a.rule != "" {
						if got.Note != a.rule || got.Finish[g.channel[:1]] != "content_filter" && !(got.Finish["0"] == "content_filter" && !stream) {
							t.Errorf("stream=%v: note %q finish %v, want %q and content_filter", stream, got.Note, got.Finish, a.rule)
						}
						if !strings.HasPrefix(a.said, got.Text[g.channel]) {
							t.Errorf("stream=%v: %q is not how the answer began", stream, got.Text[g.channel])
						}
					} else {
						if diff := cmp.Diff(a.want, got.Text[g.channel]); diff != "" {
							t.Errorf("stream=%v: %s", stream, diff)
						}
						if got.Finish[g.channel[:1]] != "stop" {
							t.Errorf("stream=%v: finish %v", stream, got.Finish)
						}
					}
					if stream && !got.Done {
						t.Error("the stream has no end")
					}
					records = append(records, h.log.last(t))
				}
				if diff := cmp.Diff(verdictOf(records[0]), verdictOf(records[1])); diff != "" {
					t.Errorf("whole and streamed differ on record: %s", diff)
				}
			})
		}
	}
}

func verdictOf(o custody.Outcome) string {
	return fmt.Sprint(o.Result, o.Rule, o.Refusal, o.GuardOut, o.LabelOut)
}

func split(s string, n int) (out []string) {
	for len(s) > n {
		cut := n
		for cut < len(s) && !utf8.RuneStart(s[cut]) {
			cut++
		}
		out, s = append(out, s[:cut]), s[cut:]
	}
	return append(out, s)
}

// TestNoLeakAtAnyCut streams texts with planted matches, cut anywhere, through every tongue: what comes out is what the
// whole text becomes, and no byte of a match is in it.
func TestNoLeakAtAnyCut(t *testing.T) {
	var g *tongue
	var pieces []string
	h := newHouse(t, func(w http.ResponseWriter, r *http.Request, b []byte) { g.say(pieces...)(w, r, b) }, nil)
	rapid.Check(t, func(rt *rapid.T) {
		g = &tongues[rapid.IntRange(0, len(tongues)-1).Draw(rt, "tongue")]
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			"hello ", "mail: jane.doe@example.org, ", " ", " 4111 1111 1111 1111 ", "41 x", "the secret pla", "the secret ", "ü", "\"", "\\", "\n",
			"@", "a.b@", "x", ", and ", " <b.c@example.com> ", "the quick brown fox ",
		}), 1, 8).Draw(rt, "parts")
		said := strings.Join(parts, "")
		whole := h.hearAnswer(t, g, &pieces, []string{said}, false)
		var cut []string
		for rest := said; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(rt, "n")
			for n < len(rest) && !utf8.RuneStart(rest[n]) {
				n++
			}
			cut, rest = append(cut, rest[:n]), rest[n:]
		}
		streamed := h.hearAnswer(t, g, &pieces, cut, true)
		if diff := cmp.Diff(whole, streamed); diff != "" {
			rt.Fatalf("%s: %q cut as %q: %s", g.name, said, cut, diff)
		}
		if strings.Contains(streamed, "@example") || strings.Contains(streamed, "4111 1111 1111 1111 ") {
			rt.Fatalf("leak: %q", streamed)
		}
	})
}

func (h *house) hearAnswer(t *testing.T, g *tongue, pieces *[]string, say []string, stream bool) string {
	*pieces = say
	r := h.post(t, g.path, g.ask(stream))
	if r.status != 200 {
		t.Fatalf("status %d: %s", r.status, r.body)
	}
	return hear(t, r.body).Text[g.channel]
}

// TestReleasesAtOnce proves that benign text does not wait for the text after it.
func TestReleasesAtOnce(t *testing.T) {
	for _, g := range tongues {
		t.Run(g.name, func(t *testing.T) {
			more := make(chan struct{})
			h := newHouse(t, func(w http.ResponseWriter, r *http.Request, b []byte) {
				first := tongue{piece: g.piece, sse: g.sse, end: g.end}
				w.Header().Set("Content-Type", map[bool]string{true: "text/event-stream", false: "application/x-ndjson"}[g.sse])
				before, after := "", "\n"
				if g.sse {
					before, after = "data: ", "\n\n"
				}
				fmt.Fprintf(w, before+first.piece+after, "The parcel")
				w.(http.Flusher).Flush()
				<-more
				fmt.Fprintf(w, before+first.piece+after, " left")
				fmt.Fprint(w, before+g.end+after)
				if g.sse {
					fmt.Fprint(w, "data: [DONE]\n\n")
				}
			}, nil)
			req, _ := http.NewRequestWithContext(t.Context(), "POST", h.url+g.path, strings.NewReader(g.ask(true)))
			req.Header.Set("X-Api-Key", h.key)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			buf := make([]byte, 4096)
			n, err := resp.Body.Read(buf)
			if err != nil || !strings.Contains(string(buf[:n]), "The parcel") {
				t.Fatalf("first read: %q %v", buf[:n], err)
			}
			close(more)
		})
	}
}

func TestToolCalls(t *testing.T) {
	whole := `{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"send","arguments":"{\"to\":\"jane.doe\\u0040example.org\",\"n\":3}"}}]},"finish_reason":"tool_calls"}]}`
	chunks := []string{
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"send","arguments":""}}]}}]}`,
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"to\":\"jane.d"}}]}}]}`,
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"oe\\u0040exam"}}]}}]}`,
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"ple.org\",\"n\":3}"}}]}}]}`,
		`{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}`,
	}
	run := func(w http.ResponseWriter, _ *http.Request, body []byte) {
		if !strings.Contains(string(body), `"stream":true`) {
			w.Write([]byte(whole))
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, c := range chunks {
			fmt.Fprintf(w, "data: %s\n\n", c)
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
	for _, stream := range []bool{false, true} {
		h := newHouse(t, run, nil)
		r := h.post(t, "/v1/chat/completions", fmt.Sprintf(`{%s,"stream":%v,"tools":[{"type":"function","function":{"name":"send"}}]}`, chatRequest, stream))
		got := hear(t, r.body)
		if want := `{"to":"[EMAIL_ADDRESS]","n":3}`; got.Text["0 tool"] != want || got.Finish["0"] != "tool_calls" {
			t.Errorf("stream=%v: %q finish %v\n%s", stream, got.Text["0 tool"], got.Finish, r.body)
		}
		if !strings.Contains(string(r.body), `"call_1"`) {
			t.Errorf("stream=%v: the call's id is gone: %s", stream, r.body)
		}
	}
}

func TestOllamaToolCall(t *testing.T) {
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "application/x-ndjson")
		fmt.Fprintln(w, `{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"pay","arguments":{"card":"4111 1111 1111 1111","sum":5}}}]},"done":false}`)
		fmt.Fprintln(w, `{"model":"m","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}`)
	}, nil)
	r := h.post(t, "/api/chat", `{"model":"m","messages":[]}`)
	got := hear(t, r.body)
	if want := `{"card":"[CREDIT_CARD]","sum":5}`; got.Text["0 tool"] != want && got.Text["0 tool"] != `{"sum":5,"card":"[CREDIT_CARD]"}` {
		t.Errorf("%q\n%s", got.Text["0 tool"], r.body)
	}
}

// TestMirrorsAreRemoved: probabilities and token numbers repeat a text in another form.
func TestMirrorsAreRemoved(t *testing.T) {
	const lp = `,"logprobs":{"content":[{"token":"4111 1111 1111 1111"}]}`
	whole := `{"id":"c","model":"m","choices":[{"index":0,"message":{"content":"card 4111 1111 1111 1111."}` + lp + `,"finish_reason":"stop"},{"index":1,"message":{"content":"fine"},"logprobs":{"content":[{"token":"fine"}]},"finish_reason":"stop"}]}`
	h := newHouse(t, func(w http.ResponseWriter, _ *http.Request, body []byte) {
		if strings.Contains(string(body), `"stream":true`) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprintf(w, "data: %s\n\n", `{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"card 4111 1111 1111 1111."}`+lp+`}]}`)
			fmt.Fprintf(w, "data: %s\n\n", `{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":" fine"},"logprobs":{"content":[{"token":" fine"}]},"finish_reason":"stop"}]}`)
			fmt.Fprint(w, "data: [DONE]\n\n")
			return
		}
		fmt.Fprint(w, whole)
	}, nil)
	for _, stream := range []bool{false, true} {
		r := h.post(t, "/v1/chat/completions", fmt.Sprintf(`{%s,"stream":%v,"logprobs":true}`, chatRequest, stream))
		if s := string(r.body); strings.Contains(s, "4111") || !strings.Contains(s, `"logprobs":null`) || !strings.Contains(s, `fine"}]}`) {
			t.Errorf("stream=%v: %s", stream, s)
		}
	}
	h = newHouse(t, func(w http.ResponseWriter, _ *http.Request, body []byte) {
		fmt.Fprint(w, `{"model":"m","response":"4111 1111 1111 1111","done":true,"context":[1,2,3]}`)
	}, nil)
	if r := h.post(t, "/api/generate", `{"model":"m","prompt":"x","stream":false}`); !strings.Contains(string(r.body), `"context":[]`) {
		t.Errorf("%s", r.body)
	}
}
