package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The load generator accepts what the mock sends in every scenario, straight from the mock.
func TestScenariosAgainstMock(t *testing.T) {
	srv := httptest.NewServer(mockHandler(nTokens, 0))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	for _, s := range scenarios {
		s.c = min(s.c, 4)
		if s.gapUS > 0 {
			s.gapUS = 500
		}
		r := runLoad(loadSpec{base: u, model: "mock", s: s, d: 300 * time.Millisecond, prompt: 200})
		if r.Requests == 0 || r.Errors > 0 {
			t.Errorf("%s: %d answers, %d errors, first %s", s.name, r.Requests, r.Errors, r.Error)
		}
		if s.gapUS > 0 && r.Token50 <= 0 {
			t.Errorf("%s: no token transit", s.name)
		}
	}
}

// Every answer of the mock is JSON, and whole and streamed answers say the same.
func TestMockAnswers(t *testing.T) {
	srv := httptest.NewServer(mockHandler(nTokens, 0))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	tg := &target{name: "direct", base: u, model: "mock", blocked: "forbidden phrase, “quoted”"}
	for kind, ep := range endpoints {
		for _, stream := range []bool{false, true} {
			if kind == "embeddings" && stream {
				continue
			}
			code, b := tg.post(kind, stream, 0)
			if code != 200 {
				t.Fatalf("%s: %d %s", kind, code, b)
			}
			text, last := "", ""
			for l := range strings.Lines(string(b)) {
				l = strings.TrimSpace(strings.TrimPrefix(l, "data:"))
				if l == "" || l == "[DONE]" {
					last = l
					continue
				}
				if !json.Valid([]byte(l)) {
					t.Fatalf("%s: not JSON: %s", kind, l)
				}
				text += slowText([]byte(l))
			}
			if kind != "embeddings" && text != answer(nTokens) {
				t.Errorf("%s stream=%v says %q", kind, stream, text)
			}
			if stream && ep.sse && last != "" && last != "[DONE]" {
				t.Errorf("%s ends with %q", kind, last)
			}
		}
	}
	if tg.checkPolicy(u); !strings.HasPrefix(tg.policy, "LEAKS in chat chat+stream") || tg.leak != len(tg.blocked) || strings.Contains(tg.policy, "on in") {
		t.Errorf("the mock itself must leak everywhere: %s, %d", tg.policy, tg.leak)
	}
}

// A stream may come cut anywhere, spelt differently, with trailers; and a changed, short or endless one is an error.
func TestReader(t *testing.T) {
	mk := func(body string, cut int) string {
		var b strings.Builder
		b.WriteString("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Record\r\n\r\n")
		for len(body) > 0 {
			n := min(cut, len(body))
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, body[:n])
			body = body[n:]
		}
		b.WriteString("0\r\nX-Record: 1\r\n\r\n")
		return b.String()
	}
	read := func(s string, stamped bool) (*reader, error) {
		r := &reader{br: bufio.NewReader(strings.NewReader(s)), key: `"content":"`, sse: true, stream: true, stamped: stamped, want: answer(3)}
		_, err := r.response(time.Now())
		return r, err
	}
	ev := func(s string) string { return `data: {"choices":[{"delta":{"content":"` + s + `"}}]}` + "\n\n" }
	good := ev(token(0)) + ": comment\n\n" + `data: {"choices": [ {"delta": {"content" : "` + token(1)[:2] + `"}}]}` + "\r\n\r\n" + ev(token(1)[2:]) + ev(`\u0020`+token(2)[1:]) + "data: [DONE]\n\n"
	for cut := 1; cut < 90; cut++ {
		if _, err := read(mk(good, cut), false); err != nil {
			t.Fatalf("cut %d: %v", cut, err)
		}
	}
	for _, bad := range []string{strings.Replace(good, token(0), "***", 1), strings.TrimSuffix(good, "data: [DONE]\n\n"), ev(token(0)) + "data: [DONE]\n\n"} {
		if _, err := read(mk(bad, 50), false); err == nil {
			t.Errorf("accepted %s", bad)
		}
	}
	st := string(appendStamp(nil, time.Now().UnixNano()-1e6))
	body := strings.Repeat(ev("The "+st[:5])+ev(st[5:]+" and "), nTokens) + "data: [DONE]\n\n"
	r, err := read(mk(body, 37), true)
	if err != nil || len(r.tok) != nTokens || r.tok[0] < 1e6 || r.tok[0] > 1e9 {
		t.Errorf("stamps over two events: %v, %d", err, len(r.tok))
	}
}

func TestLeaked(t *testing.T) {
	for _, x := range []struct {
		out  string
		want int
	}{{sayLead + "forbidden phrase and", 16}, {sayLead + "forbid", 6}, {sayLead + "[BLOCKED]", 0}, {"", 0}} {
		if n := leaked(x.out, "forbidden phrase"); n != x.want {
			t.Errorf("%q: %d", x.out, n)
		}
	}
}
