package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
)

// AdminOptions configure the admin listener.
type AdminOptions struct {
	Metrics http.Handler // Prometheus exposition
	Open    bool         // metrics need no key: the listener is on loopback
	Ready   func() error // why the log cannot take records, or nil
}

// Admin is the handler of the admin listener: /healthz (the process lives), /readyz (it can serve: the log takes records
// and the runtimes answer) and /metrics. Nothing of it is on the listener for callers. Beyond loopback, metrics need the
// key of a principal with admin:metrics.
func (g *Gateway) Admin(o AdminOptions) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := g.ready(r.Context(), o.Ready); err != nil {
			plainText(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
			return
		}
		plainText(w, http.StatusOK, "ready\n")
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !o.Open {
			if refusal := g.mayReadMetrics(r); refusal != nil {
				plainText(w, refusal.Status, refusal.Rule+": "+refusal.Message+"; "+refusal.Remedy+"\n")
				return
			}
		}
		o.Metrics.ServeHTTP(w, r)
	})
	return mux
}

func (g *Gateway) ready(ctx context.Context, log func() error) error {
	if err := log(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return g.Reach(ctx)
}

func (g *Gateway) mayReadMetrics(r *http.Request) *reeve.Refusal {
	session, refusal := g.opts.Callers.AuthenticateRequest(r)
	if refusal != nil {
		return refusal
	}
	return access.Decide(g.opts.Access, access.Request{
		Principal: session.Principal, Action: access.AdminMetrics, Resource: access.Admin(), Context: access.Context{Now: time.Now()},
	}).Refusal()
}

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
