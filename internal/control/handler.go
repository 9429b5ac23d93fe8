package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
)

const (
	maxRequest = 1 << 20 // bytes of a request's JSON
	trailer    = "Reeve-Error"
)

// Handle adds a call to the mux: In and Out travel as JSON. Errors keep their message, their hint and, through words,
// their identity. The context ends when the caller leaves.
func Handle[In, Out any](mux *http.ServeMux, path string, words Words, do func(context.Context, In) (Out, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if !readInput(w, r, &in) {
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			writeError(w, toError(err, words))
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, out) // the caller has left
	})
}

// Stream adds a call whose answer is bytes as they come: each Write goes out at once. An error after the first byte
// travels in a trailer, so that the caller's reader ends with it and not with io.EOF.
func Stream[In any](mux *http.ServeMux, path string, words Words, do func(context.Context, In, io.Writer) error) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if !readInput(w, r, &in) {
			return
		}
		w.Header().Set("Trailer", trailer)
		out := &flushing{w: w, c: http.NewResponseController(w)}
		err := do(r.Context(), in, out)
		switch {
		case err == nil && !out.begun:
			w.WriteHeader(http.StatusOK)
		case err != nil && !out.begun:
			w.Header().Del("Trailer")
			writeError(w, toError(err, words))
		case err != nil:
			b, _ := json.Marshal(toError(err, words)) // three strings
			w.Header().Set(trailer, string(b))
		}
	})
}

// flushing sends what is written at once.
type flushing struct {
	w     http.ResponseWriter
	c     *http.ResponseController
	begun bool
}

// Write implements io.Writer.
func (f *flushing) Write(p []byte) (int, error) {
	f.begun = true
	n, err := f.w.Write(p)
	if err == nil {
		err = f.c.Flush()
	}
	return n, err
}

func readInput(w http.ResponseWriter, r *http.Request, in any) bool {
	err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, maxRequest), in, json.RejectUnknownMembers(true))
	if err != nil {
		writeError(w, &Error{Code: "usage", Message: fmt.Sprintf("read the call %s: %v", r.URL.Path, err)})
		return false
	}
	return true
}

// Refuse answers a call with an error, for who decides before a handler does.
func Refuse(w http.ResponseWriter, words Words, err error) { writeError(w, toError(err, words)) }

func toError(err error, words Words) *Error {
	e := &Error{Code: words.code(err), Message: err.Error()}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		e.Advice = h.Hint()
	}
	return e
}

func writeError(w http.ResponseWriter, e *Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusConflict)
	_ = json.MarshalWrite(w, e) // the caller has left
}
