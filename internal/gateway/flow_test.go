package gateway

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/label"
)

const flowLabels = `
version: 1
other: internal
unread: internal{FILE}
rows:
  - {kinds: [EMAIL_ADDRESS], label: "confidential{PII}"}
  - {kinds: [PHONE_NUMBER], label: "confidential{PHONE}"}
marks:
  - {words: [for the board only], fold_case: true, label: "restricted{BOARD}"}
handling:
  - {level: restricted, encrypt: true}
  - {category: PHONE, retention: 0d}
  - {category: BOARD, forbidden_uses: [training without an exception record]}
`

// flowHouse has labels of its own, and a key for a clearance.
func flowHouse(t *testing.T, run script, clearance string, change func(*Options)) (*house, []string) {
	t.Helper()
	h := newHouse(t, run, func(o *Options) {
		var err error
		if o.Labels, err = label.Parse("labels.yaml", []byte(flowLabels)); err != nil {
			t.Fatal(err)
		}
		o.Models = []Model{
			{Name: "hr", Label: reeve.NewLabel(reeve.Internal, "HR")},
			{Name: "outside", Takes: new(reeve.Label)},
		}
		if change != nil {
			change(o)
		}
	})
	l, err := reeve.ParseLabel(clearance)
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := h.keys.Create(t.Context(), identity.NewKey{Name: "k", Clearance: l})
	if err != nil {
		t.Fatal(err)
	}
	return h, []string{"Authorization", "Bearer " + key}
}

func chat(model, content string) string {
	return fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%s}]}`, model, content)
}

// TestRequestLabel checks the label of the answer, and the labels on record, by what was in the request.
func TestRequestLabel(t *testing.T) {
	file := func(media, text string) string {
		return `[{"type":"file","file":{"file_data":"data:` + media + `;base64,` + base64.StdEncoding.EncodeToString([]byte(text)) + `"}}]`
	}
	for _, tt := range []struct {
		name, model, content string
		told                 string // what the head of the answer says
		in, sent             string // on record
	}{
		{"nothing", "m", `"hello"`, "public", "public", ""},
		{"the model's label", "hr", `"hello"`, "internal{HR}", "public", ""},
		{"a watched word", "m", `"the watchword"`, "internal", "internal", "internal"},
		{"a masked address", "m", `"mail: a.b@example.org"`, "public", "confidential{PII}", ""},
		{"a mark", "hr", `"this is FOR THE BOARD ONLY"`, "restricted{BOARD,HR}", "restricted{BOARD}", "restricted{BOARD}"},
		{"an image", "m", `[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]`, "internal{FILE}", "internal{FILE}", "internal{FILE}"},
		{"a text file", "m", file("text/plain", "hello"), "public", "public", ""},
		{"a text file with a mark", "m", file("text/csv", "for the board only"), "restricted{BOARD}", "restricted{BOARD}", "restricted{BOARD}"},
		{"a text file with an address", "m", file("text/plain", "mail: a.b@example.org"), "public", "confidential{PII}", ""},
		{"a PDF", "m", file("application/pdf", "%PDF-1.7"), "internal{FILE}", "internal{FILE}", "internal{FILE}"},
		{"a tool's result", "m", `"ok"},{"role":"tool","tool_call_id":"1","content":"for the board only"`, "restricted{BOARD}", "restricted{BOARD}", "restricted{BOARD}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, auth := flowHouse(t, fine, "restricted{BOARD,FILE,HR,PII}", nil)
			r := h.post(t, "/v1/chat/completions", chat(tt.model, tt.content), auth...)
			if r.status != 200 || r.header.Get(labelHeader) != tt.told {
				t.Fatalf("%d, label %q, want %q: %s", r.status, r.header.Get(labelHeader), tt.told, r.body)
			}
			if sent := string(<-h.got); strings.Contains(sent, "example.org") || strings.Contains(sent, base64.StdEncoding.EncodeToString([]byte("example.org"))[:8]) {
				t.Errorf("the runtime got %s", sent)
			}
			o := h.log.last(t)
			if diff := cmp.Diff([]string{tt.in, tt.sent, tt.told}, []string{o.Request.LabelIn, o.Request.LabelSent, o.LabelOut}); diff != "" {
				t.Errorf("on record (-want +got): %s", diff)
			}
		})
	}
}

// A file's masks are written into the file.
func TestMaskInFile(t *testing.T) {
	h, auth := flowHouse(t, fine, "internal", nil)
	file := base64.StdEncoding.EncodeToString([]byte("mail: a.b@example.org"))
	h.post(t, "/v1/chat/completions", chat("m", `[{"file_data":"data:text/plain;base64,`+file+`"}]`), auth...)
	want := `"data:text/plain;base64,` + base64.StdEncoding.EncodeToString([]byte("mail: [EMAIL_ADDRESS]")) + `"`
	if got := string(<-h.got); !strings.Contains(got, want) {
		t.Errorf("the runtime got %s, want %s in it", got, want)
	}
}

// TestLabelRefusals checks that what must not flow does not reach the model.
func TestLabelRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, clearance, path, model, content, rule string
		change                                      func(*Options)
	}{
		{"a prompt beyond the caller", "internal", "/v1/chat/completions", "m", `"for the board only"`, "label/clearance", nil},
		{"a model beyond the caller", "internal", "/v1/chat/completions", "hr", `"hello"`, "label/clearance", nil},
		{"more than the model may take", "restricted{BOARD}", "/v1/chat/completions", "outside", `"the watchword"`, "label/model", nil},
		{"stored in a lower model", "restricted{BOARD}", "/v1/chat/completions", "m", `"the watchword"`, "label/write-down", func(o *Options) {
			o.Purposes = map[string]string{"/v1/chat/completions": "export"}
		}},
		{"a forbidden use", "restricted{BOARD}", "/v1/chat/completions", "board", `"for the board only"`, "label/use", func(o *Options) {
			o.Purposes = map[string]string{"/v1/chat/completions": "training"}
			o.Models = append(o.Models, Model{Name: "board", Label: reeve.NewLabel(reeve.Restricted, "BOARD")})
		}},
		{"in the clear to the runtime", "restricted{BOARD}", "/v1/chat/completions", "m", `"for the board only"`, "label/encrypt", func(o *Options) {
			o.Upstreams[0].Private = false
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, auth := flowHouse(t, fine, tt.clearance, tt.change)
			r := h.post(t, tt.path, chat(tt.model, tt.content), auth...)
			got := refusalOf(t, "/v1/", r.body)
			if r.status != 403 || got.Rule != tt.rule || got.Message == "" || got.Remedy == "" || r.header.Get(labelHeader) != "public" {
				t.Errorf("%d %+v %s", r.status, got, r.header.Get(labelHeader))
			}
			if len(h.got) != 0 {
				t.Error("the runtime was asked")
			}
			if o := h.log.last(t); o.Rule != tt.rule || o.Request.Access != "deny" || o.Request.AccessRule != tt.rule {
				t.Errorf("on record: %s, %s by %s", o.Rule, o.Request.Access, o.Request.AccessRule)
			}
		})
	}
}

// TestRisingConversation shows a conversation whose label rises, what follows from it, and that another begins anew.
func TestRisingConversation(t *testing.T) {
	h, auth := flowHouse(t, fine, "restricted{BOARD,HR}", nil)
	talk := func(id string) []string { return append(auth[:len(auth):len(auth)], conversationHeader, id) }
	for _, step := range []struct {
		id, model, content string
		status             int
		told               string
	}{
		{"c1", "m", `"hello"`, 200, "public"},
		{"c1", "outside", `"hello"`, 200, "public"},
		{"c1", "hr", `"hello"`, 200, "internal{HR}"},
		{"c1", "m", `"hello"`, 200, "internal{HR}"},
		{"c1", "outside", `"hello"`, 403, "public"}, // the head of a refusal
		{"c1", "m", `"for the board only"`, 200, "restricted{BOARD,HR}"},
		{"c1", "m", `"hello"`, 200, "restricted{BOARD,HR}"},
		{"c2", "outside", `"hello"`, 200, "public"},
		{"c2", "m", `"hello"`, 200, "public"},
	} {
		r := h.post(t, "/v1/chat/completions", chat(step.model, step.content), talk(step.id)...)
		if r.status != step.status || r.header.Get(labelHeader) != step.told {
			t.Errorf("%+v: %d %s %s", step, r.status, r.header.Get(labelHeader), r.body)
		}
	}
	if o := h.log.last(t); o.Request.LabelSession != "" {
		t.Errorf("the new conversation began at %s", o.Request.LabelSession)
	}
	r := h.post(t, "/v1/chat/completions", `{"model":"m","messages":[],"metadata":{"conversation_id":"c1"}}`, auth...)
	if r.header.Get(labelHeader) != "restricted{BOARD,HR}" {
		t.Errorf("by metadata: %s", r.header.Get(labelHeader))
	}
	r = h.post(t, "/v1/chat/completions", `{"model":"m","messages":[],"metadata":{"conversation_id":"c1"}}`, talk("c2")...)
	if r.status != 400 || refusalOf(t, "/v1/", r.body).Rule != "gateway/conversation" {
		t.Errorf("two ids: %d %s", r.status, r.body)
	}
	for _, bad := range []string{strings.Repeat("x", 129), "a b"} {
		if r := h.post(t, "/v1/chat/completions", chat("m", `"x"`), talk(bad)...); r.status != 400 {
			t.Errorf("id %q: %d", bad, r.status)
		}
	}
	other, err := http.NewRequest("GET", h.url+"/v1/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	other.Header.Set("Authorization", auth[1])
	resp, err := http.DefaultClient.Do(other)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get(labelHeader) != "public" {
		t.Errorf("a list of models is %s", resp.Header.Get(labelHeader))
	}
}

// TestStreamLabel checks what the head of a stream says, and what its end says where it turned out to be more.
func TestStreamLabel(t *testing.T) {
	for i := range tongues {
		g := &tongues[i]
		t.Run(g.name, func(t *testing.T) {
			h, auth := flowHouse(t, g.say(split("As you know the watchword is new. All is well", 4)...), "restricted{BOARD}", nil)
			for _, stream := range []bool{true, false} {
				req, err := http.NewRequest("POST", h.url+g.path, strings.NewReader(g.ask(stream)))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Authorization", auth[1])
				req.Header.Set(conversationHeader, fmt.Sprint(stream))
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil {
					t.Fatal(err)
				}
				if !stream {
					if got := resp.Header.Get(labelHeader); got != "internal" {
						t.Errorf("whole: %s", got)
					}
					continue
				}
				head, trailer := resp.Header.Get(labelHeader), resp.Trailer.Get(labelHeader)
				if head != "public" || trailer != "internal" || !strings.Contains(string(body), `"reeve":{"label":"internal"}`) {
					t.Errorf("head %q, trailer %q: %s", head, trailer, body)
				}
				got := hear(t, body)
				if got.Text[g.channel] != "As you know the watchword is new. All is well" || !got.Done {
					t.Errorf("heard %+v", got)
				}
				if o := h.log.last(t); o.LabelOut != "internal" {
					t.Errorf("on record: %s", o.LabelOut)
				}
				k := h.talks.talkOf(h.log.last(t).Request.Subject, "", "true")
				if l, err := h.talks.of(t.Context(), k, fixedClock()); err != nil || l.String() != "internal" {
					t.Errorf("the conversation is at %s, %v", l, err)
				}
			}
		})
	}
}

// TestStreamBeyondClearance ends a stream before the first byte that its reader may not see, and a whole answer with 403.
func TestStreamBeyondClearance(t *testing.T) {
	for i := range tongues {
		g := &tongues[i]
		t.Run(g.name, func(t *testing.T) {
			h, auth := flowHouse(t, g.say(split("All is well. This is for the board only: we sell.", 1)...), "internal", nil)
			r := h.post(t, g.path, g.ask(true), auth...)
			got := hear(t, r.body)
			if r.status != 200 || got.Text[g.channel] != "All is well. This is " || got.Note != "label/clearance" || !got.Done {
				t.Errorf("%d %+v", r.status, got)
			}
			if o := h.log.last(t); o.Result != "blocked" || o.Rule != "label/clearance" || o.LabelOut != "public" {
				t.Errorf("on record: %s by %s at %s", o.Result, o.Rule, o.LabelOut)
			}
			r = h.post(t, g.path, g.ask(false), auth...)
			if r.status != 403 || refusalOf(t, g.path, r.body).Rule != "label/clearance" || strings.Contains(string(r.body), "well") {
				t.Errorf("whole: %d %s", r.status, r.body)
			}
		})
	}
}

// What may be kept no time at all is not kept: the record has commitments and no content.
func TestNothingKept(t *testing.T) {
	for _, stream := range []bool{true, false} {
		h, auth := flowHouse(t, tongues[0].say("I call ", "+49 30 ", "901820 now"), "restricted{PHONE}", func(o *Options) {
			policy, err := guard.Parse("p.yaml", []byte(testPolicy+`
  - {id: test/phone, direction: both, match: {detect: [pii/phone]}, action: review, message: m, remedy: r, legal_basis: [house], owner: o,
     examples: {match: ["call +49 30 901820"], no_match: [hello]}}
`))
			if err != nil {
				t.Fatal(err)
			}
			o.Policy = policy
		})
		r := h.post(t, tongues[0].path, tongues[0].ask(stream), auth...)
		if got := hear(t, r.body); r.status != 200 || got.Text["0 content"] != "I call +49 30 901820 now" {
			t.Fatalf("%d %s", r.status, r.body)
		}
		if o := h.log.last(t); o.Output != nil || o.Delivered == nil || o.LabelOut != "confidential{PHONE}" {
			t.Errorf("on record at %s: %d bytes", o.LabelOut, len(o.Output))
		}
		h.post(t, tongues[0].path, chat("m", `"call +49 30 901820"`), auth...)
		if in := h.log.intents[len(h.log.intents)-1]; in.Input != nil {
			t.Errorf("the prompt is on record: %d bytes", len(in.Input))
		}
	}
}
