package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/lifecycle"
	"github.com/reeve-ai/reeve/internal/lineage"
	"github.com/reeve-ai/reeve/internal/monitor/alert"
	"github.com/reeve-ai/reeve/internal/monitor/drift"
	review "github.com/reeve-ai/reeve/internal/people"
	"github.com/reeve-ai/reeve/internal/posture"
)

// Home is below which everything of the console lies.
const Home = "/console/"

// Door says who asks and what they may do. *admin.Admin is one. It is safe for concurrent use.
type Door interface {
	// Session says whose session a request carries. Exactly one of its results is nil.
	Session(r *http.Request) (*identity.Session, *reeve.Refusal)
	// Decide asks the access policies.
	Decide(r *http.Request, s *identity.Session, action access.Action, resource access.Resource) access.Decision
	// Secret belongs to the session and never leaves the server.
	Secret(r *http.Request) string
}

// Records is what the custody log holds. *lifecycle.Custodian is one. It is safe for concurrent use.
type Records interface {
	List(ctx context.Context, q lifecycle.Listing) (*lifecycle.Page, error)
	Search(ctx context.Context, q lifecycle.SearchRequest) (*lifecycle.Page, error)
	Outline(ctx context.Context, id, principal string) (*lifecycle.Outline, error)
	Show(ctx context.Context, q lifecycle.ShowRequest) (*lifecycle.Shown, error)
	Exchanges(ctx context.Context, since, until time.Time) ([]lifecycle.Tally, error)
	RuleTotals(ctx context.Context, since, until time.Time) ([]lifecycle.Total, error)
	ExchangeTotals(ctx context.Context, since, until time.Time) ([]lifecycle.Total, error)
	Behind() uint64
	Known() *lifecycle.InForce
	AddHold(ctx context.Context, q lifecycle.HoldRequest) ([]lifecycle.Hold, error)
	ReleaseHold(ctx context.Context, q lifecycle.ReleaseRequest) (*lifecycle.Released, error)
	Erase(ctx context.Context, q lifecycle.EraseRequest) (*lifecycle.Receipt, error)
	Export(ctx context.Context, q lifecycle.ExportRequest, w io.Writer) error
}

// Log is the custody log itself. *custody.Log is one.
type Log interface {
	Stats() custody.Stats
	Ready() error
	Event(*custody.Event) (custody.Receipt, error)
}

// Rule is what a rule says to people.
type Rule struct{ ID, Source, Message, Remedy, LegalBasis, Owner string }

// Model is a model that callers can name, and how it stands.
type Model struct {
	Name, Upstream, As, Owner, Department string
	Label, Takes                          string
	Admission                             string // "off", "warn", "enforce"; "": not configured
	Verdict, Reason                       string // "admitted" or "refused", and why; "": nobody has asked
	Remedy                                string
	Until                                 time.Time // when the verdict ends
	Files                                 []string  // SHA-256 of what the runtime loads
}

// Alerts says what goes wrong now. *alert.Engine is one. It is safe for concurrent use.
type Alerts interface {
	// Active lists the alerts that go on and those that ended a short time ago, critical ones first.
	Active() []alert.Alert
}

// Drift says which rates have left their own past. *drift.Watch is one. It is safe for concurrent use.
type Drift interface{ Status() []drift.Status }

// Statements reads the signed statements that lie in the folders of the configuration.
type Statements func() ([]lineage.Statement, error)

// Options of New. Door, Records, Log, Prover, Directory and Decider are needed.
type Options struct {
	Door      Door
	Records   Records
	Log       Log
	Directory *identity.Directory
	Decider   access.Decider

	Prover func() (lifecycle.Prover, error) // proofs under the newest checkpoint

	Verify      func(ctx context.Context) (custody.Report, error) // the whole log
	Posture     func() []posture.Check
	Policies    func() *access.Set       // in force
	Guards      func() []Rule            // of the guard policy in force
	Models      func() []Model           // configured
	Settings    func() ([]byte, error)   // the effective configuration without secrets, YAML
	Digests     func() map[string]string // of the policies in force, by name
	Review      *review.Service          // nil: nothing is reviewed
	Alerts      Alerts                   // nil: nobody watches
	Drift       Drift                    // nil: off
	Statements  Statements               // nil: the configuration names no folder of them
	Version     string
	Clock       reeve.Clock  // nil: time.Now
	Diagnostics *slog.Logger // diagnostics; gets no content. nil: silent
}

// Console is an http.Handler for everything below Home. It is safe for concurrent use.
type Console struct {
	o     Options
	mux   *http.ServeMux
	views views
	pages []*page
	check checking
	words memory[filterWords]
}

// New parses the templates and checks the options.
func New(o Options) (*Console, error) {
	if o.Door == nil || o.Records == nil || o.Log == nil || o.Prover == nil || o.Directory == nil || o.Decider == nil {
		return nil, errors.New("console: door, records, log, prover, directory and decider are required")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Diagnostics == nil {
		o.Diagnostics = slog.New(slog.DiscardHandler)
	}
	c := &Console{o: o, mux: http.NewServeMux()}
	var err error
	if c.views, err = parseViews(); err != nil {
		return nil, err
	}
	c.routes()
	return c, nil
}

// ServeHTTP implements http.Handler.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }
