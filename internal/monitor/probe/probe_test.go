package probe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/custody"
)

// notes keeps events.
type notes struct {
	mu   sync.Mutex
	list []custody.Event
	err  error
}

func (n *notes) Event(ev *custody.Event) (custody.Receipt, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.list = append(n.list, *ev)
	return custody.Receipt{}, n.err
}

// gateway answers by what the prompt says.
func gateway(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	w.Header().Set("Reeve-Exchange", "x1")
	say := func(status int, text string) { w.WriteHeader(status); io.WriteString(w, text) }
	switch text := string(b); {
	case r.Header.Get("Authorization") != "Bearer k":
		say(401, `{"error":{"code":"unauthorized","rule":"identity/key"}}`)
	case strings.Contains(text, "secret"):
		say(403, `{"error":{"code":"blocked_by_policy","rule":"secrets/key"}}`)
	case strings.Contains(text, "denied"):
		say(403, `{"error":{"code":"forbidden","rule":"access/role"}}`)
	case strings.Contains(text, "down"):
		say(502, `{"error":{"code":"upstream_unavailable","rule":"gateway/upstream"}}`)
	case strings.Contains(text, "odd"):
		say(200, `[]`)
	case strings.Contains(text, "abort"):
		panic(http.ErrAbortHandler)
	case strings.Contains(text, "long"):
		for range 3 {
			if _, err := w.Write(make([]byte, maxAnswer/2)); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
	case strings.Contains(text, "sleep"):
		<-r.Context().Done()
	default:
		say(200, `{"choices":[{"message":{"content":"Paris is the capital."}}]}`)
	}
}

func TestCanaries(t *testing.T) {
	re := regexp.MustCompile
	for _, tt := range []struct {
		name string
		c    Canary
		ok   bool
		got  string
		why  string
	}{
		{"passes", Canary{Prompt: "capital?", Expect: "ok", Match: re("Paris")}, true, "ok", ""},
		{"answers otherwise", Canary{Prompt: "capital?", Expect: "ok", Match: re("Rome")}, false, "ok", "the answer does not match"},
		{"says what it must not", Canary{Prompt: "capital?", Expect: "ok", Absent: re("(?i)paris")}, false, "ok", "the answer holds what it must not"},
		{"is blocked", Canary{Prompt: "secret", Expect: "blocked", Rule: "secrets/key"}, true, "blocked", ""},
		{"blocked is refused, too", Canary{Prompt: "secret", Expect: "refused"}, true, "blocked", ""},
		{"by another rule", Canary{Prompt: "secret", Expect: "blocked", Rule: "pii/email"}, false, "blocked", "another rule refused it"},
		{"refused is not blocked", Canary{Prompt: "denied", Expect: "blocked"}, false, "refused", "it ended otherwise"},
		{"a guard is off", Canary{Prompt: "capital?", Expect: "blocked"}, false, "ok", "it ended otherwise"},
		{"a runtime that is down refuses nothing", Canary{Prompt: "down", Expect: "refused"}, false, "failed", "it ended otherwise"},
		{"no answer of this shape", Canary{Prompt: "odd", Expect: "ok"}, false, "failed", "it ended otherwise"},
		{"given up", Canary{Prompt: "abort", Expect: "ok"}, false, "failed", "it ended otherwise"},
		{"endless", Canary{Prompt: "long", Expect: "ok"}, false, "failed", "it ended otherwise"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			log := &notes{}
			tt.c.Name, tt.c.Timeout, tt.c.Model = "c", time.Minute, "m"
			p := New(Options{Gateway: http.HandlerFunc(gateway), Key: "k", Canaries: []Canary{tt.c}, Log: log})
			list, err := p.All(t.Context())
			if err != nil || len(list) != 1 {
				t.Fatal(err)
			}
			r := list[0]
			if r.OK != tt.ok || r.Got != tt.got || r.Why != tt.why {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(p.Results(), list); diff != "" {
				t.Error(diff)
			}
			if len(log.list) != 1 || log.list[0].Act != "canary.run" || (log.list[0].Result == "ok") != tt.ok {
				t.Errorf("%+v", log.list)
			}
		})
	}
}

func TestNotOnRecordIsAnError(t *testing.T) {
	p := New(Options{Gateway: http.HandlerFunc(gateway), Key: "k", Canaries: []Canary{{Name: "c", Prompt: "x", Expect: "ok", Timeout: time.Minute}}, Log: &notes{err: errors.New("full")}})
	if _, err := p.All(t.Context()); err == nil {
		t.Error("no error")
	}
}

// TestSchedule: each canary at its own times; a slow one holds up no other. Time is virtual.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &notes{}
		p := New(Options{Gateway: http.HandlerFunc(gateway), Key: "k", Log: log, Canaries: []Canary{
			{Name: "often", Prompt: "x", Expect: "ok", Every: time.Minute, Timeout: time.Minute},
			{Name: "slow", Prompt: "sleep", Expect: "ok", Every: 10 * time.Minute, Timeout: 25 * time.Minute},
		}})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(time.Hour + time.Second)
		cancel()
		<-done
		count := map[string]int{}
		for _, ev := range log.list {
			count[ev.Object+" "+ev.Names["got"]]++
		}
		if diff := cmp.Diff(map[string]int{"often ok": 61, "slow timeout": 2}, count); diff != "" {
			t.Error("(-want +got):\n" + diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(200, []byte(`{"choices":[{"message":{"content":"x"}}]}`))
	f.Add(403, []byte(`{"error":{"code":"blocked_by_policy","rule":"r"}}`))
	f.Add(200, []byte(`{"choices":[{"message":{"content":["x"]}}]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var r Result
		r.parse(status, body)
		if r.Got == "" || r.Got == "ok" && status != 200 {
			t.Errorf("%+v", r)
		}
	})
}
