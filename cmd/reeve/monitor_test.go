package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/config"
)

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patience := time.NewTimer(60 * time.Second)
	defer patience.Stop()
	for !holds() {
		select {
		case <-patience.C:
			t.Fatal("in vain: " + what)
		case <-tick.C:
		}
	}
}

// TestEventsReachTheirSystems: what the server records arrives in a file and at a webhook, signed, without content.
func TestEventsReachTheirSystems(t *testing.T) {
	var hook lockedBuffer
	siem := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("webhook-signature") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = hook.Write(body)
	}))
	defer siem.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("shared"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := startServer(t, func(set *settings) {
		set.Monitoring.Events = []config.EventSink{
			{Name: "lake", Kind: "file", Path: "events.jsonl", From: "start", Batch: 10, Timeout: config.Duration(time.Minute), MaxSize: 1 << 20, Keep: 2},
			{Name: "siem", Kind: "webhook", URL: siem.URL, From: "start", Batch: 10, Timeout: config.Duration(time.Minute), Body: "lines", Secret: config.Secret("file:" + secret)},
		}
	})
	resp, err := http.Post("http://"+s.callers.Addr().String()+"/api/chat", "application/json", strings.NewReader(`{"model":"m","messages":[{"role":"user","content":"marzipan"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	id := resp.Header.Get("Reeve-Exchange")
	file := func() string { b, _ := os.ReadFile(filepath.Join(s.settings.data, "events.jsonl")); return string(b) }
	eventually(t, "the exchange is in the file", func() bool { return strings.Contains(file(), id) })
	eventually(t, "the exchange is at the webhook", func() bool { return strings.Contains(hook.String(), id) })
	if text := file() + hook.String(); strings.Contains(text, "marzipan") || !strings.Contains(text, `"class_uid":6003`) {
		t.Error("the events hold content, or are no OCSF events")
	}
}
