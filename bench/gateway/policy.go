package main

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// policyCheck collects, endpoint by endpoint, whether the forbidden phrase came out.
type policyCheck struct{ leaks, on, unseen []string }

// checkPolicy lets the mock say a phrase that the target's policy forbids, so that no figure is taken with the policy off.
func (t *target) checkPolicy(mock *url.URL) {
	if t.policy = "not checked"; t.blocked == "" {
		return
	}
	req, err := http.NewRequest("PUT", mock.String()+"/mock/say", strings.NewReader(t.blocked))
	if err != nil {
		t.policy = err.Error()
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		t.policy = err.Error()
		return
	}
	resp.Body.Close()
	var c policyCheck
	for _, kind := range []string{"chat", "completions", "ollama-chat", "ollama-generate"} {
		if code, _ := t.post(kind, false, 0); code != 200 {
			continue // a dialect it does not speak
		}
		c.try(t, mock, kind, false)
		c.try(t, mock, kind, true)
	}
	t.policy = c.String()
}

// try asks one endpoint for the phrase.
func (c *policyCheck) try(t *target, mock *url.URL, kind string, stream bool) {
	where := kind
	if stream {
		where += "+stream"
	}
	before := said(mock)
	code, b := t.post(kind, stream, saySeed)
	if code == 200 && said(mock) == before { // the seed was taken out on the way: nothing forbidden was said
		c.unseen = append(c.unseen, where)
		return
	}
	var out strings.Builder
	for l := range bytes.Lines(b) {
		out.WriteString(slowText(bytes.TrimSpace(bytes.TrimPrefix(l, []byte("data:")))))
	}
	n := leaked(out.String(), t.blocked)
	t.leak = max(t.leak, n)
	if n == len(t.blocked) {
		c.leaks = append(c.leaks, where)
	} else {
		c.on = append(c.on, where)
	}
}

func (c *policyCheck) String() string {
	if len(c.leaks) > 0 {
		s := "LEAKS in " + strings.Join(c.leaks, " ")
		if len(c.on) > 0 {
			s += ", on in " + strings.Join(c.on, " ")
		}
		return s
	}
	if len(c.unseen) > 0 {
		return "not checked in " + strings.Join(c.unseen, " ") + " (the seed does not reach the upstream)"
	}
	return "on"
}

// said is how often the mock has said the phrase.
func said(mock *url.URL) string {
	resp, err := client.Get(mock.String() + "/mock/say")
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// leaked is how many leading bytes of the phrase came out.
func leaked(out, phrase string) int {
	if strings.Contains(out, phrase) {
		return len(phrase)
	}
	_, rest, ok := strings.Cut(out, sayLead)
	if !ok {
		return 0
	}
	n := 0
	for n < min(len(rest), len(phrase)) && rest[n] == phrase[n] {
		n++
	}
	return n
}
