package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// pieceOf is one step of an answer: a piece of one choice's text, or the end of that choice.
type pieceOf struct {
	choice int
	text   string
	finish string // "" while the choice goes on
}

// speak generates the choices side by side, one token of each in turn, and hands every step to emit. It stops at the
// first error of emit or when the client has left.
func (s *server) speak(ctx context.Context, choices []*Generation, emit func(pieceOf) error) error {
	open := len(choices)
	over := make([]bool, len(choices))
	for open > 0 {
		for i, g := range choices {
			if over[i] {
				continue
			}
			if err := s.wait(ctx); err != nil {
				return err
			}
			step := pieceOf{choice: i}
			var more bool
			if step.text, more = g.Next(); !more {
				step.finish, over[i] = g.Finish(), true
				open--
			}
			if err := emit(step); err != nil {
				return err
			}
		}
	}
	return nil
}

// wait is the pace of a token.
func (s *server) wait(ctx context.Context) error {
	if s.pace <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(s.pace)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// eventStream writes one JSON value after the other and flushes each.
type eventStream struct {
	w      http.ResponseWriter
	c      *http.ResponseController
	prefix string // "data: " for server-sent events, "" for NDJSON
	suffix string
}

// newSSE starts a stream of server-sent events.
func newSSE(w http.ResponseWriter) *eventStream {
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	return &eventStream{w, http.NewResponseController(w), "data: ", "\n\n"}
}

// newNDJSON starts a stream of JSON lines.
func newNDJSON(w http.ResponseWriter) *eventStream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	return &eventStream{w, http.NewResponseController(w), "", "\n"}
}

func (e *eventStream) send(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	return e.sendRaw(string(data))
}

func (e *eventStream) sendRaw(text string) error {
	if _, err := fmt.Fprint(e.w, e.prefix, text, e.suffix); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := e.c.Flush(); err != nil {
		return fmt.Errorf("flush event: %w", err)
	}
	return nil
}
