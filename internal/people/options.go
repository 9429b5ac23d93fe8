package people

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

// Why an exchange is in the queue.
const (
	SourceHeld   = "held"   // its answer waits for a decision
	SourceBlock  = "block"  // a rule ended it
	SourceReport = "report" // somebody reported it
	SourceFlag   = "flag"   // a rule asks for a person
	SourceMask   = "mask"   // a rule masked something
	SourceNear   = "near"   // the score of a rule was near the threshold
	SourceRandom = "random" // drawn from all
)

// Sources lists them, the most severe first.
func Sources() []string {
	return []string{SourceHeld, SourceBlock, SourceReport, SourceFlag, SourceMask, SourceNear, SourceRandom}
}

// severities weigh sources against each other.
var severities = map[string]int{SourceHeld: 5, SourceBlock: 4, SourceReport: 4, SourceFlag: 3, SourceMask: 2, SourceNear: 2, SourceRandom: 1}

// Whole is the share of everything, in millionths.
const Whole = 1_000_000

// Rules say what comes into the queue and how it is worked off.
type Rules struct {
	Shares     map[string]int64         // by source: which part of it is drawn, in millionths. held and report are always whole
	Limits     map[string]time.Duration // by source: until when somebody must have decided
	Near       int64                    // how far from Threshold a score may lie to be near it, in thousandths
	Lease      time.Duration            // how long a claim lasts
	Second     int64                    // share of items that a second person decides too, without seeing the first verdict; millionths
	FourEyes   reeve.Level              // from this level on two persons must agree
	EscalateTo reeve.Role               // who is asked for what is overdue or disputed
	MaxWait    time.Duration            // how long a caller may wait for a held answer with one request
}

// Threshold is the score below which a match is weak evidence, in thousandths (see package detect).
const Threshold = 500

// DefaultRules are the ones in force without configuration.
func DefaultRules() Rules {
	const day = 24 * time.Hour
	return Rules{
		Shares: map[string]int64{SourceBlock: Whole, SourceFlag: Whole, SourceMask: Whole / 100, SourceNear: Whole / 10, SourceRandom: Whole / 100},
		Limits: map[string]time.Duration{
			SourceHeld: 15 * time.Minute, SourceReport: 8 * time.Hour, SourceBlock: day, SourceFlag: 2 * day, SourceMask: 7 * day, SourceNear: 7 * day, SourceRandom: 14 * day,
		},
		Near: 150, Lease: 15 * time.Minute, Second: Whole / 10, FourEyes: reeve.Restricted, EscalateTo: reeve.RoleCompliance, MaxWait: time.Minute,
	}
}

// Validate names what is wrong with the rules.
func (r *Rules) Validate() error {
	for _, share := range r.Shares {
		if share < 0 || share > Whole {
			return errors.New("a share lies between 0 % and 100 %")
		}
	}
	for _, source := range Sources() {
		if r.Limits[source] <= 0 {
			return errors.New("every source needs a time limit")
		}
	}
	if r.Second < 0 || r.Second > Whole {
		return errors.New("a share lies between 0 % and 100 %")
	}
	if r.Lease <= 0 {
		return errors.New("a claim needs a time after which it ends")
	}
	return nil
}

// Store keeps the queue. *store.DB is one; all methods are safe for concurrent use, also by other processes, and what they
// change is durable when they return nil.
type Store interface {
	ReviewPosition(ctx context.Context, origin string) (next uint64, known bool, err error)
	FeedReviews(ctx context.Context, f store.ReviewFeed) (added int, err error)
	Review(ctx context.Context, id string) (store.ReviewItem, error)
	Reviews(ctx context.Context, f store.ReviewFilter) ([]store.ReviewItem, error)
	ReviewVerdicts(ctx context.Context, id string) ([]store.ReviewVerdict, error)
	ClaimReviews(ctx context.Context, who string, now, until time.Time, n int, accept func(*store.ReviewItem) bool) ([]store.ReviewItem, error)
	// EditReview holds the item's row while edit runs.
	EditReview(ctx context.Context, id string, version int64, now time.Time, edit func(*store.ReviewItem, []store.ReviewVerdict) (*store.ReviewVerdict, error)) (store.ReviewItem, error)
	OverdueReviews(ctx context.Context, now time.Time, limit int) ([]store.ReviewItem, error)
	EachReview(ctx context.Context, since time.Time, fn func(*store.ReviewItem, []store.ReviewVerdict) error) error
	ReviewCounts(ctx context.Context) (map[string]int, error)
	ReviewsDue(ctx context.Context, by time.Time) (int, error)
}

// Log takes records. It is safe for concurrent use.
type Log interface {
	// Event returns nil only when the record is durable.
	Event(*custody.Event) (custody.Receipt, error)
}

// Reader reads the log. It is safe for concurrent use; *custody.Reader is one.
type Reader interface {
	Size() (uint64, error)
	First() uint64
	// Leaves hands the records of [from, to) in order, without what is sealed; they are valid until fn returns.
	Leaves(from, to uint64, fn func(*custody.Stored) error) error
	Record(seq uint64) (*custody.Stored, error)
}

// Options of Open. All but the last few are needed.
type Options struct {
	Store  Store
	Log    Log
	Reader Reader
	Find   func(ctx context.Context, id custody.ID) ([]uint64, error) // sequence numbers of an exchange's records; from an index
	Keys   *keyring.Ring
	Access access.Decider
	Rules  Rules // the zero value means DefaultRules

	// Owner says who answers for a guard rule, as its policy writes it; "": nobody knows. nil: nobody is asked.
	Owner func(rule string) string
	// Mask takes personal data and secrets out of a text. nil: texts are shown to nobody but by Reveal.
	Mask func(text []byte) []byte
	// Principal finds who is meant by an id or a name. nil: nobody is known.
	Principal func(ctx context.Context, who string) (reeve.Principal, bool, error)

	Clock       reeve.Clock  // nil: time.Now
	Diagnostics *slog.Logger // gets no content; nil: silent
}

// Who acts, with the circumstances under which.
type Who struct {
	reeve.Principal
	Context access.Context
}
