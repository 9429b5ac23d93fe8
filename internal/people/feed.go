package people

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

const (
	feedBatch = 4096 // records that are looked at together
	saveAfter = 4096 // records without anything of interest after which the position is stored all the same
	feedEvery = 250 * time.Millisecond
	sweepEach = 5 * time.Second
)

// opened is an intent whose outcome has not come.
type opened struct {
	seq     uint64
	concern bool
	leaf    []byte // while the batch lasts that it is in: to read it again costs a search in the log
}

// CatchUp takes everything that is durable in the log now. Callers wait for each other. What is taken and how far the log was
// read is one transaction; an exchange that has no outcome yet holds the stored position back. So a crash loses nothing, and
// what is read again is there already.
func (s *Service) CatchUp(ctx context.Context) error {
	s.feedMu.Lock()
	defer s.feedMu.Unlock()
	end, err := s.o.Reader.Size()
	if err != nil {
		return fmt.Errorf("review queue: %w", err)
	}
	if s.next > end { // the log is another one than before: begin with it anew
		s.stored = 0
		s.forgetFeed()
	}
	for s.next < end {
		if err := s.step(ctx, end); err != nil {
			return err
		}
	}
	s.caughtUp()
	return nil
}

// caughtUp notes that the log has been read to its end.
func (s *Service) caughtUp() {
	s.read.Store(s.next)
	s.begun.Store(true)
}

// step reads one batch. The feed is held.
func (s *Service) step(ctx context.Context, end uint64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.batch(ctx, min(end, s.next+feedBatch)); err != nil {
		return fmt.Errorf("review queue, records from %d on: %w", s.next, err)
	}
	return nil
}

// follow reads one batch and reports whether there is more.
func (s *Service) follow(ctx context.Context) (more bool, err error) {
	s.feedMu.Lock()
	defer s.feedMu.Unlock()
	end, err := s.o.Reader.Size()
	if err != nil || s.next >= end {
		if err == nil && s.next == end {
			s.caughtUp()
		}
		return false, err
	}
	if err := s.step(ctx, end); err != nil {
		return false, err
	}
	if s.next < end {
		return true, nil
	}
	s.caughtUp()
	return false, nil
}

// batch reads the records up to end.
func (s *Service) batch(ctx context.Context, end uint64) error {
	f := store.ReviewFeed{Origin: s.origin, Finish: s.finish}
	added, removed := map[custody.ID]opened{}, map[custody.ID]bool{}
	err := s.o.Reader.Leaves(s.next, end, func(r *custody.Stored) error {
		switch r.Kind {
		case "intent":
			added[r.ID] = opened{r.Seq, mayConcern(r.Leaf), bytes.Clone(r.Leaf)}
			delete(removed, r.ID)
		case "aborted":
			delete(added, r.ID)
			delete(s.early, r.ID)
			removed[r.ID] = true
		case "outcome":
			in, known := added[r.ID]
			if !known {
				in, known = s.open[r.ID]
			}
			delete(added, r.ID)
			removed[r.ID] = true
			if err := s.concluded(r, in, known, &f); err != nil {
				return err
			}
			return s.reportedEarly(r, in, known, &f)
		case custody.EventReview:
			return s.event(ctx, r, &f)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range removed {
		delete(s.open, id)
	}
	for id, in := range added {
		in.leaf = nil
		s.open[id] = in
	}
	f.Next = end
	for _, in := range s.open {
		f.Next = min(f.Next, in.seq)
	}
	for _, w := range s.early {
		f.Next = min(f.Next, w.seq)
	}
	if len(f.Items)+len(f.Verdicts) > 0 || f.Next >= s.stored+saveAfter {
		n, err := s.o.Store.FeedReviews(ctx, f)
		if err != nil {
			s.forgetFeed()
			return err
		}
		s.stored = f.Next
		if n > 0 {
			s.changed()
		}
	}
	s.next = end
	return nil
}

// forgetFeed has the feed begin again from the stored position, as a start would.
func (s *Service) forgetFeed() {
	s.next = s.stored
	clear(s.open)
	clear(s.early)
}

// concluded takes an exchange whose outcome is on record.
func (s *Service) concluded(r *custody.Stored, in opened, intended bool, f *store.ReviewFeed) error {
	draw := s.sample.draw(r.ID)
	if draw >= s.o.Rules.Shares[SourceRandom] && !mayConcern(r.Leaf) && !in.concern {
		return nil
	}
	it, err := s.item(r, in, intended, draw)
	if it != nil {
		f.Items = append(f.Items, *it)
	}
	return err
}

// item makes the item of an exchange, nil where it is not drawn.
func (s *Service) item(r *custody.Stored, in opened, intended bool, draw int64) (*store.ReviewItem, error) {
	l, err := s.exchange(r, in, intended)
	if err != nil || !l.judged() {
		return nil, err
	}
	share, sources := s.o.Rules.drawn(l, draw)
	if len(sources) == 0 {
		return nil, nil //nolint:nilnil // not drawn
	}
	return s.newItem(r, l, share, sources), nil
}

// drawn are the sources that an exchange comes into the queue by, and the probability with which it comes by any. One draw
// decides about all of them, so that the probability is that of the largest share.
func (r *Rules) drawn(l *leaf, draw int64) (share int64, sources []string) {
	for _, source := range append(l.reasons(r.Near), SourceRandom) {
		p := r.Shares[source]
		if source == SourceHeld {
			p = Whole
		}
		share = max(share, p)
		if draw < p {
			sources = append(sources, source)
		}
	}
	return share, sources
}

// exchange reads the whole of what the log says about a concluded exchange.
func (s *Service) exchange(r *custody.Stored, in opened, intended bool) (*leaf, error) {
	l, err := parseLeaf(r)
	if err != nil || !intended {
		return l, err
	}
	join := func(r *custody.Stored) error {
		asked, err := parseLeaf(r)
		if err == nil {
			l.join(asked)
		}
		return err
	}
	if in.leaf != nil {
		return l, join(&custody.Stored{Seq: in.seq, Leaf: in.leaf})
	}
	return l, s.o.Reader.Leaves(in.seq, in.seq+1, join)
}

func (s *Service) newItem(r *custody.Stored, l *leaf, share int64, sources []string) *store.ReviewItem {
	it := &store.ReviewItem{
		ID: r.ID.String(), Origin: s.origin, Seq: r.Seq, Sources: slices.Sorted(slices.Values(sources)), Share: share, Author: l.Kek, KeyID: l.KeyID,
		Model: l.Model, Route: l.Route, Policy: l.Policy, Label: l.label(), Result: l.Result, Rule: l.Rule, Rules: l.rules(), Stream: l.Stream,
		Held: l.Result == "held", Happened: l.Start, Created: l.End, Need: 1, Round: 1, State: store.ReviewOpen,
	}
	if it.Created.IsZero() {
		it.Created = l.Start
	}
	if it.Label.Level >= s.o.Rules.FourEyes {
		it.Need = 2
	}
	it.Blind = it.Need > 1 || s.second.draw(r.ID) < s.o.Rules.Second
	s.urgency(it, it.Created)
	return it
}

// urgency sets until when an item must be decided and where it stands in the queue: at the moment at which severity × level ×
// age reaches the time limit. So the severe and the sensitive come first, and whatever waits long enough comes before them.
func (s *Service) urgency(it *store.ReviewItem, from time.Time) {
	limit := time.Duration(0)
	it.Severity = 0
	for _, source := range it.Sources {
		if l := s.o.Rules.Limits[source]; limit == 0 || l < limit {
			limit = l
		}
		it.Severity = max(it.Severity, severities[source])
	}
	it.Due = from.Add(limit)
	it.Rank = from.Add(limit / time.Duration(max(1, it.Severity)*(1+int(it.Label.Level)))).UnixMilli()
}

// event takes a report, or a verdict that a crash kept from its item.
func (s *Service) event(ctx context.Context, r *custody.Stored, f *store.ReviewFeed) error {
	l, err := parseLeaf(r)
	if err != nil {
		return err
	}
	switch l.Act {
	case ActReport:
		return s.reported(ctx, r, l, f)
	case ActDecide:
		return s.recovered(ctx, r, l, f)
	}
	return nil
}

// reported takes the exchange that a report is about. One that the log does not have is nobody's.
func (s *Service) reported(ctx context.Context, r *custody.Stored, l *leaf, f *store.ReviewFeed) error {
	id, err := custody.ParseID(l.Object)
	if err != nil {
		return nil // a report can only name what it was given
	}
	var outcome *custody.Stored
	var intent uint64
	intended := false
	seqs, err := s.o.Find(ctx, id)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		rec, err := s.o.Reader.Record(seq)
		if err != nil {
			return err
		}
		switch rec.Kind {
		case "intent":
			intent, intended = seq, true
		case "outcome":
			outcome = rec
		}
	}
	w := early{seq: r.Seq, record: r.ID.String(), at: l.Start}
	if outcome == nil || outcome.Seq > r.Seq {
		if intended && outcome == nil || outcome != nil { // it has not ended, or its end comes with a later record
			s.early[id] = w
		}
		return nil
	}
	return s.addReport(outcome, opened{seq: intent}, intended, w, f)
}

// early is a report about an exchange that had not ended.
type early struct {
	seq    uint64
	record string
	at     time.Time
}

// addReport takes a reported exchange. The reasons of the exchange itself are another matter: they came, or did not, with its
// own record.
func (s *Service) addReport(outcome *custody.Stored, in opened, intended bool, w early, f *store.ReviewFeed) error {
	x, err := s.exchange(outcome, in, intended)
	if err != nil {
		return err
	}
	it := s.newItem(outcome, x, 0, []string{SourceReport})
	it.Notes, it.Created = []string{w.record}, w.at
	s.urgency(it, w.at)
	f.Items = append(f.Items, *it)
	return nil
}

// reportedEarly takes an exchange that was reported before it ended.
func (s *Service) reportedEarly(r *custody.Stored, in opened, intended bool, f *store.ReviewFeed) error {
	w, waits := s.early[r.ID]
	if !waits {
		return nil
	}
	delete(s.early, r.ID)
	return s.addReport(r, in, intended, w, f)
}

// recovered takes a verdict whose record is durable and whose item does not have it.
func (s *Service) recovered(ctx context.Context, r *custody.Stored, l *leaf, f *store.ReviewFeed) error {
	have, err := s.o.Store.ReviewVerdicts(ctx, l.Object)
	if err != nil {
		return err
	}
	id := r.ID.String()
	if slices.ContainsFunc(have, func(v store.ReviewVerdict) bool { return v.Record == id }) {
		return nil
	}
	rec, err := s.o.Reader.Record(r.Seq)
	if err != nil {
		return err
	}
	p, err := rec.Open(s.o.Keys)
	if err != nil || p == nil {
		return nil // who decided is erased, and the item waits for somebody else
	}
	var sealed sealedVerdict
	if err := json.Unmarshal(p.Data, &sealed); err != nil {
		return fmt.Errorf("record %d: %w", r.Seq, err)
	}
	f.Verdicts = append(f.Verdicts, store.ReviewVerdict{
		Record: id, Item: l.Object, Round: int(l.Numbers["round"]), Reviewer: sealed.Reviewer, Outcome: l.Names["outcome"], //nolint:gosec // 1 to 3
		Category: l.Names["category"], Violation: l.Numbers["violation"] == 1, Truth: sealed.Truth, Text: sealed.textDigest(), At: l.Start,
	})
	return nil
}

// Run follows the log, making way while it is busy (custody.Pace), and looks after what is overdue, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	pace := custody.NewPace(s.o.Reader.Size, s.o.Clock)
	var swept time.Time
	for {
		if err := pace.Work(func() (bool, error) { return s.follow(ctx) }); err != nil && ctx.Err() == nil {
			s.o.Diagnostics.Error("the review queue is behind the log", "error", err)
		}
		if now := s.o.Clock(); s.ready() && now.Sub(swept) >= sweepEach {
			swept = now
			if _, err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
				s.o.Diagnostics.Error("overdue review items are not escalated yet", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Sweep escalates what is overdue and lets held answers expire whose time is up, each on record. It returns how many it took.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	now := s.o.Clock()
	list, err := s.o.Store.OverdueReviews(ctx, now, 1000)
	if err != nil {
		return 0, err
	}
	done := 0
	for i := range list {
		_, err := s.o.Store.EditReview(ctx, list[i].ID, 0, now, func(it *store.ReviewItem, _ []store.ReviewVerdict) (*store.ReviewVerdict, error) {
			if it.State == store.ReviewDecided || it.State == store.ReviewExpired || it.Due.After(now) || !it.Escalated.IsZero() {
				return nil, errNothing
			}
			act := ActEscalate
			it.Escalated = now
			if it.Held && it.Outcome == "" {
				act, it.State, it.Outcome, it.Decided, it.Assignee, it.Lease = ActExpire, store.ReviewExpired, OutcomeExpired, now, "", time.Time{}
			}
			return nil, s.note(act, it, now)
		})
		switch {
		case err == nil:
			done++
		case !errors.Is(err, errNothing):
			return done, err
		}
	}
	if done > 0 {
		s.o.Diagnostics.Warn("review items are overdue", "items", done, "escalated_to", s.o.Rules.EscalateTo)
		s.changed()
	}
	return done, nil
}

var errNothing = errors.New("nothing to do")

// note puts on record what the clock did to an item.
func (s *Service) note(act string, it *store.ReviewItem, now time.Time) error {
	id, err := custody.ParseID(it.ID)
	if err != nil {
		return err
	}
	_, err = s.o.Log.Event(&custody.Event{Kind: custody.EventReview, Time: now, Actor: "reeve", Act: act, Object: it.ID, Result: "ok", Refs: []custody.ID{id}})
	return err
}
