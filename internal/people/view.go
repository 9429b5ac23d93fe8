package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/store"
)

// View is an item as somebody may see it.
type View struct {
	SchemaVersion int               `json:"schema_version"`
	Item          store.ReviewItem  `json:"item"`
	Input         []Turn            `json:"input,omitzero"`  // as it went to the model, masked unless Revealed
	Output        []Turn            `json:"output,omitzero"` // as the caller got it or would get it, masked unless Revealed
	Notes         []Note            `json:"notes,omitzero"`
	Verdicts      []Given           `json:"verdicts,omitzero"`
	Blind         bool              `json:"blind,omitzero"` // an earlier verdict is not shown
	Revealed      bool              `json:"revealed,omitzero"`
	Erased        bool              `json:"erased,omitzero"`  // the keys of what was said are destroyed
	Dropped       bool              `json:"dropped,omitzero"` // its time was up
	Unkept        bool              `json:"unkept,omitzero"`  // nothing of it was kept: the text was blocked, or its label gives it no time
	May           map[string]string `json:"may"`              // "decide", "reveal": why not; "": it may be done
	Fired         []string          `json:"fired"`
}

// Note is what somebody said who reported the exchange.
type Note struct {
	At       time.Time `json:"at"`
	Category string    `json:"category"`
	Text     string    `json:"text,omitzero"` // masked unless Revealed
}

// Given is a verdict as it is shown.
type Given struct {
	store.ReviewVerdict
	Reason    string `json:"reason,omitzero"`
	Corrected string `json:"corrected,omitzero"` // masked unless Revealed
}

// List lists items that somebody may see, without content.
func (s *Service) List(ctx context.Context, who *Who, f store.ReviewFilter) ([]store.ReviewItem, error) {
	if refusal := s.may(who, "review:list", nil, nil); refusal != nil {
		return nil, &refusedError{refusal}
	}
	list, err := s.o.Store.Reviews(ctx, f)
	for i := range list {
		s.hide(who, &list[i])
	}
	return list, err
}

// Due counts the waiting items whose time limit ends by a time.
func (s *Service) Due(ctx context.Context, who *Who, by time.Time) (int, error) {
	if refusal := s.may(who, "review:list", nil, nil); refusal != nil {
		return 0, &refusedError{refusal}
	}
	return s.o.Store.ReviewsDue(ctx, by)
}

// hide takes out what a second reviewer must not know before their own verdict.
func (s *Service) hide(who *Who, it *store.ReviewItem) bool {
	if it.State == store.ReviewDecided || it.State == store.ReviewExpired || it.Round != 2 || slices.Contains(it.Reviewers, who.ID) {
		return false
	}
	it.Outcome, it.Category, it.Incident, it.Decided, it.Reviewers = "", "", "", time.Time{}, nil
	return true
}

// Show is an item with what was said, masked: personal data and secrets are replaced by their kind.
func (s *Service) Show(ctx context.Context, who *Who, id string) (*View, error) {
	return s.show(ctx, who, id, false)
}

// Reveal is Show without masks. It needs the right and a reason, and is on record before anything is shown.
func (s *Service) Reveal(ctx context.Context, who *Who, id, reason string) (*View, error) {
	if reason = strings.TrimSpace(reason); reason == "" || len(reason) > maxReason || !utf8.ValidString(reason) {
		return nil, fmt.Errorf("%w: say why in at most 4 KiB", ErrInvalid)
	}
	it, err := s.o.Store.Review(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := s.mineOf(who.ID)
	if err != nil {
		return nil, err
	}
	if refusal := s.may(who, "review:reveal", &it, m); refusal != nil {
		return nil, &refusedError{refusal}
	}
	exchange, err := custody.ParseID(it.ID)
	if err != nil {
		return nil, err
	}
	_, err = s.o.Log.Event(&custody.Event{
		Kind: custody.EventAccess, Time: s.o.Clock(), Actor: who.ID, Act: ActReveal, Object: it.ID, Result: "ok",
		Names: map[string]string{"purpose": "review"}, Refs: []custody.ID{exchange}, Payload: []byte(reason),
	})
	if err != nil {
		return nil, fmt.Errorf("nothing is shown: %w", err)
	}
	return s.show(ctx, who, id, true)
}

func (s *Service) show(ctx context.Context, who *Who, id string, revealed bool) (*View, error) {
	it, err := s.o.Store.Review(ctx, id)
	if err != nil {
		return nil, err
	}
	m, err := s.mineOf(who.ID)
	if err != nil {
		return nil, err
	}
	if refusal := s.may(who, "review:read", &it, m); refusal != nil {
		return nil, &refusedError{refusal}
	}
	v := &View{SchemaVersion: 1, Revealed: revealed, May: map[string]string{}, Fired: fired(it.Rules)}
	v.May["decide"], v.May["reveal"] = why(s.takes(who, &it, m)), ""
	if refusal := s.may(who, "review:reveal", &it, m); refusal != nil {
		v.May["reveal"] = refusal.Message
	}
	input, output, err := s.said(ctx, &it)
	switch {
	case errors.Is(err, keyring.ErrErased):
		v.Erased = true
	case errors.Is(err, custody.ErrDropped):
		v.Dropped = true
	case errors.Is(err, custody.ErrNotFound):
		v.Dropped = true
	case err != nil:
		return nil, err
	case input == nil && output == nil:
		v.Unkept = true
	}
	v.Input, v.Output = s.shown(turns(input, "user"), revealed), s.shown(turns(output, "assistant"), revealed)
	for _, note := range it.Notes {
		v.Notes = append(v.Notes, s.note1(ctx, note, revealed))
	}
	if v.Blind = s.hide(who, &it); !v.Blind {
		if v.Verdicts, err = s.given(ctx, id, revealed); err != nil {
			return nil, err
		}
	}
	v.Item = it
	return v, nil
}

func why(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// shown masks texts. Without a way to mask them nothing is shown.
func (s *Service) shown(list []Turn, revealed bool) []Turn {
	for i := range list {
		list[i].Text = s.masked(list[i].Text, revealed)
	}
	return list
}

func (s *Service) masked(text string, revealed bool) string {
	switch {
	case revealed || text == "":
		return text
	case s.o.Mask == nil:
		return "[not shown]"
	}
	return string(s.o.Mask([]byte(text)))
}

// said reads what the log keeps of an exchange: what went to the model and what came back.
func (s *Service) said(ctx context.Context, it *store.ReviewItem) (input, output []byte, err error) {
	if it.Origin != s.origin {
		return nil, nil, fmt.Errorf("%w: another server has this exchange", ErrGone)
	}
	id, err := custody.ParseID(it.ID)
	if err != nil {
		return nil, nil, err
	}
	seqs, err := s.o.Find(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if len(seqs) == 0 {
		return nil, nil, custody.ErrNotFound
	}
	for _, seq := range seqs {
		p, err := s.payload(seq)
		if err != nil {
			return nil, nil, err
		}
		if p != nil && p.Input != nil {
			input = p.Input
		}
		if p != nil && p.Output != nil {
			output = p.Output
		}
	}
	return input, output, nil
}

func (s *Service) payload(seq uint64) (*custody.Payload, error) {
	r, err := s.o.Reader.Record(seq)
	if err != nil {
		return nil, err
	}
	return r.Open(s.o.Keys)
}

// eventData is what is sealed with an event; nil where it is gone.
func (s *Service) eventData(ctx context.Context, record string) (data []byte, leafOf *leaf) {
	id, err := custody.ParseID(record)
	if err != nil {
		return nil, nil
	}
	seqs, err := s.o.Find(ctx, id)
	if err != nil || len(seqs) == 0 {
		return nil, nil
	}
	r, err := s.o.Reader.Record(seqs[0])
	if err != nil {
		return nil, nil
	}
	l, err := parseLeaf(r)
	if err != nil {
		return nil, nil
	}
	p, err := r.Open(s.o.Keys)
	if err != nil || p == nil {
		return nil, l
	}
	return p.Data, l
}

func (s *Service) note1(ctx context.Context, record string, revealed bool) Note {
	data, l := s.eventData(ctx, record)
	n := Note{Text: s.masked(strings.ToValidUTF8(string(data), "�"), revealed)}
	if l != nil {
		n.At, n.Category = l.Start, l.Names["category"]
	}
	return n
}

// given are the verdicts with their sealed words.
func (s *Service) given(ctx context.Context, id string, revealed bool) ([]Given, error) {
	list, err := s.o.Store.ReviewVerdicts(ctx, id)
	if err != nil {
		return nil, err
	}
	out := []Given{}
	for _, v := range list {
		g := Given{ReviewVerdict: v}
		var sealed sealedVerdict
		if data, _ := s.eventData(ctx, v.Record); data != nil && json.Unmarshal(data, &sealed) == nil {
			g.Reason, g.Corrected = s.masked(sealed.Reason, revealed), s.masked(sealed.Corrected, revealed)
		}
		out = append(out, g)
	}
	return out, nil
}
