package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/access"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// What a person decides.
const (
	OutcomeConfirm  = "confirm"  // what the machine did was right
	OutcomeRelease  = "release"  // there is nothing to object to: a held answer goes out, a rule that acted was wrong
	OutcomeCorrect  = "correct"  // the answer should read otherwise
	OutcomeIncident = "incident" // it is worse than a review can settle: an incident is opened
	OutcomeExpired  = "expired"  // nobody decided in time about a held answer, which stays back
)

// Outcomes are those that a person may choose.
func Outcomes() []string {
	return []string{OutcomeConfirm, OutcomeRelease, OutcomeCorrect, OutcomeIncident}
}

// Categories are the usual ones; others may be used.
func Categories() []string {
	return []string{"none", "personal-data", "secret", "prompt-injection", "harmful", "harassment", "copyright", "misinformation", "export-control", "advice", "other"}
}

// Bounds of what a person writes, in bytes.
const (
	maxReason    = 4 << 10
	maxCorrected = 256 << 10
	maxNamed     = 32 // rules that a decision names
)

// Decision is what a person says about an item.
type Decision struct {
	Item      string   `json:"item"`
	Version   int64    `json:"version"` // of the item that was seen; 0: whatever it is
	Outcome   string   `json:"outcome"`
	Category  string   `json:"category"`           // what it is about, such as personal-data; "": none
	Reason    string   `json:"reason"`             // in words; sealed with the record
	Corrected string   `json:"corrected,omitzero"` // with OutcomeCorrect: how the answer should read; sealed
	Missed    []string `json:"missed,omitzero"`    // rules that should have acted
	Wrong     []string `json:"wrong,omitzero"`     // rules that acted and should not have
}

func (d *Decision) check() error {
	invalid := func(what string) error { return fmt.Errorf("%w: %s", ErrInvalid, what) }
	switch {
	case !slices.Contains(Outcomes(), d.Outcome):
		return invalid("the outcome is confirm, release, correct or incident")
	case d.Reason == "" || len(d.Reason) > maxReason || !utf8.ValidString(d.Reason):
		return invalid("it needs a reason of at most 4 KiB")
	case d.Category != "" && !isWord(d.Category):
		return invalid("a category is a word of a-z, 0-9 and -, such as personal-data")
	case (d.Outcome == OutcomeCorrect) != (d.Corrected != ""):
		return invalid("a corrected text belongs to the outcome correct, and to no other")
	case len(d.Corrected) > maxCorrected || !utf8.ValidString(d.Corrected):
		return invalid("the corrected text is longer than 256 KiB, or no text")
	case len(d.Missed) > maxNamed || len(d.Wrong) > maxNamed:
		return invalid("too many rules are named")
	case d.Outcome == OutcomeRelease && len(d.Missed) > 0:
		return invalid("a rule that was missed means that there is something to object to")
	}
	for _, rule := range slices.Concat(d.Missed, d.Wrong) {
		if rule == "" || len(rule) > 128 {
			return invalid("a rule has a name of at most 128 bytes")
		}
	}
	return nil
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// truth is whether the exchange is what rules are there to catch, and which rules are right about it.
func (d *Decision) truth(it *store.ReviewItem) (violation bool, rules []string) {
	acted := fired(it.Rules)
	switch d.Outcome {
	case OutcomeRelease:
		return false, nil
	case OutcomeConfirm:
		violation = len(acted) > 0 || len(d.Missed) > 0 // where no rule acted, the machine was right to let it pass
	default:
		violation = true
	}
	if !violation {
		return false, nil
	}
	right := slices.DeleteFunc(slices.Concat(acted, d.Missed), func(rule string) bool { return slices.Contains(d.Wrong, rule) })
	slices.Sort(right)
	return true, slices.Compact(right)
}

// sealedVerdict is what only the key of the record opens.
type sealedVerdict struct {
	Reviewer  string   `json:"reviewer"`
	Reason    string   `json:"reason"`
	Corrected string   `json:"corrected,omitzero"`
	Truth     []string `json:"truth,omitzero"`
}

// textDigest commits to a corrected text; "" where there is none.
func (v *sealedVerdict) textDigest() string {
	if v.Corrected == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(v.Corrected))
	return hex.EncodeToString(sum[:])
}

// Claim gives up to n items to somebody, the most urgent first, that they may decide about. It may be fewer.
func (s *Service) Claim(ctx context.Context, who *Who, n int) ([]store.ReviewItem, error) {
	if n < 1 || n > 100 {
		return nil, fmt.Errorf("%w: between 1 and 100 items are claimed at once", ErrInvalid)
	}
	m, err := s.prepare(who)
	if err != nil {
		return nil, err
	}
	now := s.o.Clock()
	return s.o.Store.ClaimReviews(ctx, who.ID, now, now.Add(s.o.Rules.Lease), n, func(it *store.ReviewItem) bool { return s.mayDecide(who, it, m) == nil })
}

// prepare is what every act of a reviewer begins with.
func (s *Service) prepare(who *Who) (mine, error) {
	if !s.ready() {
		return nil, ErrNotReady
	}
	if who.ID == "" {
		return nil, fmt.Errorf("%w: nobody was recognised", ErrNotYours)
	}
	return s.mineOf(who.ID)
}

// ClaimOne gives a certain item to somebody. version is the one that they have seen; 0 takes any.
func (s *Service) ClaimOne(ctx context.Context, who *Who, id string, version int64) (store.ReviewItem, error) {
	m, err := s.prepare(who)
	if err != nil {
		return store.ReviewItem{}, err
	}
	now := s.o.Clock()
	return s.edit(ctx, id, version, now, func(it *store.ReviewItem, _ []store.ReviewVerdict) (*store.ReviewVerdict, error) {
		if err := s.takes(who, it, m); err != nil {
			return nil, err
		}
		it.State, it.Assignee, it.Lease = store.ReviewClaimed, who.ID, now.Add(s.o.Rules.Lease)
		return nil, nil //nolint:nilnil // a claim is no verdict
	})
}

// takes says why somebody cannot have an item now.
func (s *Service) takes(who *Who, it *store.ReviewItem, m mine) error {
	switch {
	case it.State == store.ReviewDecided || it.State == store.ReviewExpired:
		return ErrDone
	case it.State == store.ReviewClaimed && it.Assignee != who.ID:
		return ErrTaken
	}
	return s.mayDecide(who, it, m)
}

// edit is EditReview with this room's errors.
func (s *Service) edit(ctx context.Context, id string, version int64, now time.Time, fn func(*store.ReviewItem, []store.ReviewVerdict) (*store.ReviewVerdict, error)) (store.ReviewItem, error) {
	it, err := s.o.Store.EditReview(ctx, id, version, now, fn)
	if errors.Is(err, store.ErrChanged) {
		err = fmt.Errorf("%w: %w", ErrTaken, err)
	}
	if err == nil {
		s.changed()
	}
	return it, err
}

// GiveBack ends somebody's own claim.
func (s *Service) GiveBack(ctx context.Context, who *Who, id string) (store.ReviewItem, error) {
	return s.edit(ctx, id, 0, s.o.Clock(), func(it *store.ReviewItem, _ []store.ReviewVerdict) (*store.ReviewVerdict, error) {
		if it.State != store.ReviewClaimed || it.Assignee != who.ID {
			return nil, fmt.Errorf("%w: you have not claimed it", ErrTaken)
		}
		it.State, it.Assignee, it.Lease = store.ReviewOpen, "", time.Time{}
		return nil, nil //nolint:nilnil // no verdict
	})
}

// Assign gives an item to somebody else, who must be one who may decide about it. It is on record.
func (s *Service) Assign(ctx context.Context, who *Who, id, to string) (store.ReviewItem, error) {
	if s.o.Principal == nil {
		return store.ReviewItem{}, fmt.Errorf("%w: nobody is known here", ErrInvalid)
	}
	p, known, err := s.o.Principal(ctx, to)
	if err != nil || !known {
		return store.ReviewItem{}, errors.Join(fmt.Errorf("%w: there is nobody with this id or name", ErrInvalid), err)
	}
	m, err := s.prepare(&Who{Principal: p})
	if err != nil {
		return store.ReviewItem{}, err
	}
	own, err := s.mineOf(who.ID)
	if err != nil {
		return store.ReviewItem{}, err
	}
	now := s.o.Clock()
	return s.edit(ctx, id, 0, now, func(it *store.ReviewItem, _ []store.ReviewVerdict) (*store.ReviewVerdict, error) {
		if refusal := s.may(who, "review:assign", it, own); refusal != nil {
			return nil, &refusedError{refusal}
		}
		if it.State == store.ReviewDecided || it.State == store.ReviewExpired {
			return nil, ErrDone
		}
		if err := s.mayDecide(&Who{Principal: p, Context: access.Context{Now: now, MFA: true}}, it, m); err != nil {
			return nil, err
		}
		it.State, it.Assignee, it.Lease = store.ReviewClaimed, p.ID, now.Add(s.o.Rules.Lease)
		return nil, s.act(ActAssign, who, it, now)
	})
}

// act puts on record what somebody did to an item.
func (s *Service) act(act string, who *Who, it *store.ReviewItem, now time.Time) error {
	ev := &custody.Event{Kind: custody.EventReview, Time: now, Actor: who.ID, Act: act, Object: it.ID, Result: "ok"}
	if id, err := custody.ParseID(it.ID); err == nil {
		ev.Refs = []custody.ID{id}
	}
	_, err := s.o.Log.Event(ev)
	return err
}

// Decide takes somebody's verdict about an item that they have claimed, or that nobody has. The record is durable before the
// verdict counts; of two people who decide the same version one gets ErrTaken.
func (s *Service) Decide(ctx context.Context, who *Who, d Decision) (store.ReviewItem, error) {
	if err := d.check(); err != nil {
		return store.ReviewItem{}, err
	}
	m, err := s.prepare(who)
	if err != nil {
		return store.ReviewItem{}, err
	}
	now := s.o.Clock()
	var record custody.Receipt
	it, err := s.edit(ctx, d.Item, d.Version, now, func(it *store.ReviewItem, earlier []store.ReviewVerdict) (*store.ReviewVerdict, error) {
		if err := s.takes(who, it, m); err != nil {
			return nil, err
		}
		if it.Held && it.Outcome == "" && !now.Before(it.Due) {
			return nil, fmt.Errorf("%w: the time for this answer is up", ErrDone)
		}
		v := &store.ReviewVerdict{Record: custody.NewID(now).String(), Item: it.ID, Round: it.Round, Reviewer: who.ID, Outcome: d.Outcome, Category: d.Category, At: now}
		v.Violation, v.Truth = d.truth(it)
		sealed := sealedVerdict{Reviewer: who.ID, Reason: d.Reason, Corrected: d.Corrected, Truth: v.Truth}
		v.Text = sealed.textDigest()
		if err := s.finish(it, earlier, v); err != nil {
			return nil, err
		}
		var err error
		record, err = s.recordVerdict(ctx, it, v, &sealed)
		return v, err
	})
	if err != nil && !record.ID.IsZero() { // the verdict is on record and not in the queue: the feed puts it there before the next one
		s.must.Store(record.Seq + 1)
	}
	return it, err
}

// finish puts a verdict into its item: what comes into force, and who is asked next.
func (s *Service) finish(it *store.ReviewItem, earlier []store.ReviewVerdict, v *store.ReviewVerdict) error {
	it.Reviewers = append(it.Reviewers, v.Reviewer)
	it.Assignee, it.Lease, it.State = "", time.Time{}, store.ReviewDecided
	inForce := func() {
		if it.Outcome == "" {
			it.Outcome, it.Category, it.Decided = v.Outcome, v.Category, v.At
			if v.Outcome == OutcomeIncident {
				it.Incident = v.Record
			}
		}
	}
	again := func(round int) {
		it.State, it.Round = store.ReviewOpen, round
	}
	switch {
	case it.Round == 1 && it.Need > 1:
		again(2)
	case it.Round == 1:
		if inForce(); it.Blind {
			again(2)
			it.Due = v.At.Add(s.o.Rules.Limits[SourceRandom])
			it.Rank = it.Due.UnixMilli()
		}
	case it.Round == 2 && it.Need > 1 && len(earlier) > 0 && !agree(&earlier[0], v):
		again(3)
		if it.Escalated.IsZero() {
			it.Escalated = v.At
		}
	default:
		inForce()
	}
	return nil
}

// agree reports whether two verdicts would do the same.
func agree(a, b *store.ReviewVerdict) bool { return a.Outcome == b.Outcome && a.Text == b.Text }

// recordVerdict makes the verdict a record of the log, and the incident that it opens another one before it.
func (s *Service) recordVerdict(ctx context.Context, it *store.ReviewItem, v *store.ReviewVerdict, sealed *sealedVerdict) (custody.Receipt, error) {
	payload, err := json.Marshal(sealed, json.Deterministic(true))
	if err != nil {
		return custody.Receipt{}, err
	}
	id, err := custody.ParseID(v.Record)
	if err != nil {
		return custody.Receipt{}, err
	}
	exchange, err := custody.ParseID(it.ID)
	if err != nil {
		return custody.Receipt{}, err
	}
	ev := &custody.Event{
		Kind: custody.EventReview, ID: id, Time: v.At, Actor: v.Reviewer, Act: ActDecide, Object: it.ID, Result: v.Outcome, Refs: []custody.ID{exchange},
		Names:   map[string]string{"outcome": v.Outcome, "round_state": it.State},
		Numbers: map[string]uint64{"round": uint64(v.Round), "version": uint64(it.Version)}, //nolint:gosec // small and positive
		Subject: s.subjectOf(ctx, it), Payload: payload,
	}
	if v.Violation {
		ev.Numbers["violation"] = 1
	}
	if v.Category != "" {
		ev.Names["category"] = v.Category
	}
	record, err := s.o.Log.Event(ev)
	if err != nil {
		return custody.Receipt{}, err
	}
	if it.Incident == v.Record {
		_, err = s.o.Log.Event(&custody.Event{Kind: custody.EventReview, Time: v.At, Actor: v.Reviewer, Act: ActIncident, Object: it.ID, Result: "open", Refs: []custody.ID{exchange, id}})
	}
	return record, err
}

// subjectOf is whose exchange it is, so that what is written about it is erased with them; "" where that is not known any more.
func (s *Service) subjectOf(ctx context.Context, it *store.ReviewItem) string {
	if s.o.Principal == nil || it.KeyID == "" {
		return ""
	}
	p, known, err := s.o.Principal(ctx, it.KeyID)
	if err != nil || !known {
		return ""
	}
	if m, err := s.mineOf(p.ID); err != nil || !m[it.Author] {
		return ""
	}
	return p.ID
}
