package lifecycle

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/reeve-ai/reeve/internal/control"
)

// The calls by which commands reach a Custodian.
const (
	CallErase   = "/custody/erase"
	CallHold    = "/custody/hold/add"
	CallRelease = "/custody/hold/release"
	CallHolds   = "/custody/hold/list"
	CallRetain  = "/custody/retention/run"
	CallExplain = "/custody/retention/explain"
	CallSearch  = "/custody/search"
	CallShow    = "/custody/show"
	CallExport  = "/custody/export"
	CallEvents  = "/custody/events"
	CallTail    = "/custody/tail"
)

// Words are this room's errors that keep their identity on the way to a command.
func Words() control.Words {
	return control.Words{{Code: "held", Err: ErrHeld}, {Code: "no-hold", Err: ErrNoHold}, {Code: "nobody", Err: ErrNobody}}
}

// Handle adds the calls to a mux.
func (c *Custodian) Handle(mux *http.ServeMux, words control.Words) {
	control.Handle(mux, CallErase, words, func(ctx context.Context, q EraseRequest) (*Receipt, error) {
		r, err := c.Erase(ctx, q)
		if errors.Is(err, ErrHeld) {
			err = nil // the receipt says so; see Receipt.Refused
		}
		return r, err
	})
	control.Handle(mux, CallHold, words, c.AddHold)
	control.Handle(mux, CallRelease, words, c.ReleaseHold)
	control.Handle(mux, CallHolds, words, func(ctx context.Context, _ struct{}) (*InForce, error) { return c.InForce(ctx) })
	control.Handle(mux, CallRetain, words, c.Retain)
	control.Handle(mux, CallExplain, words, c.Explain)
	control.Handle(mux, CallSearch, words, c.Search)
	control.Handle(mux, CallShow, words, c.Show)
	control.Stream(mux, CallExport, words, func(ctx context.Context, q ExportRequest, w io.Writer) error { return c.Export(ctx, q, w) })
	control.Stream(mux, CallEvents, words, func(ctx context.Context, q EventsRequest, w io.Writer) error { return c.Events(ctx, q, w) })
	control.Stream(mux, CallTail, words, func(ctx context.Context, q TailRequest, w io.Writer) error { return c.Tail(ctx, q, w) })
}
