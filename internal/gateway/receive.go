package gateway

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/upstream"
)

// receive reads and parses the whole request before anything goes anywhere: a proxy that streams the request through
// judges one text and forwards another, and loses answers besides.
func (g *Gateway) receive(x *exchange) *reeve.Refusal {
	if x.ep.Method == http.MethodGet {
		return nil
	}
	if enc := x.r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return &reeve.Refusal{
			Status: http.StatusUnsupportedMediaType, Code: "unsupported_encoding", Rule: "gateway/request",
			Message: "Compressed requests are not accepted.", Remedy: "Send the request without Content-Encoding.",
		}
	}
	if x.r.ContentLength > g.opts.MaxBody {
		return g.tooLarge(x)
	}
	if err := g.readBody(x); err != nil {
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			return g.tooLarge(x)
		case errors.Is(err, os.ErrDeadlineExceeded):
			x.w.Header().Set("Connection", "close")
			return &reeve.Refusal{
				Status: http.StatusRequestTimeout, Code: "request_timeout", Rule: "gateway/request",
				Message: "The request did not arrive within " + g.opts.ReadBody.String() + ".", Remedy: "Send it faster, or in smaller pieces.",
			}
		}
		x.w.Header().Set("Connection", "close")
		return &reeve.Refusal{
			Status: http.StatusBadRequest, Code: "incomplete_request", Rule: "gateway/request",
			Message: "The request ended before its announced length.", Remedy: "Send the whole body.",
		}
	}
	if err := x.req.Parse(x.ep, x.body); err != nil {
		return invalidRequest(err)
	}
	return nil
}

func (g *Gateway) readBody(x *exchange) error {
	deadline, _ := x.w.(interface{ SetReadDeadline(time.Time) error })
	if deadline != nil {
		_ = deadline.SetReadDeadline(time.Now().Add(g.opts.ReadBody)) // connection deadlines are real time, whatever clock is handed in
	}
	body := x.r.Body
	if x.r.ContentLength < 0 {
		body = http.MaxBytesReader(x.w, body, g.opts.MaxBody)
	}
	var err error
	x.body, err = readInto(x.body[:0], body, x.r.ContentLength)
	if err == nil && deadline != nil {
		_ = deadline.SetReadDeadline(time.Time{}) // the server watches for a caller who leaves; that must not time out
	}
	return err
}

// readInto appends all of r to dst. size is what was announced, or negative.
func readInto(dst []byte, r io.Reader, size int64) ([]byte, error) {
	if size > 0 && size < 1<<20 && int64(cap(dst)) < size+1 {
		dst = make([]byte, 0, size+1) // one more, so that the end is seen without growing
	}
	for {
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

func (g *Gateway) tooLarge(x *exchange) *reeve.Refusal {
	x.w.Header().Set("Connection", "close")
	return &reeve.Refusal{
		Status: http.StatusRequestEntityTooLarge, Code: "request_too_large", Rule: "gateway/request",
		Message: "The request is larger than " + strconv.FormatInt(g.opts.MaxBody, 10) + " bytes.",
		Remedy:  "Send less, or raise gateway.max_body.",
	}
}

func invalidRequest(err error) *reeve.Refusal {
	r := &reeve.Refusal{Status: http.StatusBadRequest, Code: "invalid_request", Rule: "gateway/request"}
	var syntax *upstream.SyntaxError
	var field *upstream.RequestError
	switch {
	case errors.As(err, &syntax):
		r.Code, r.Message = "invalid_json", "The request is not valid JSON: "+syntax.Error()+"."
		r.Remedy = "Send one JSON object in UTF-8, every member name once."
	case errors.As(err, &field):
		r.Message = "The request has a field of the wrong form: " + field.Error() + "."
		r.Remedy = "Correct the field."
	default:
		r.Message, r.Remedy = "The request cannot be read.", "Send one JSON object in UTF-8."
	}
	return r
}
