package lifecycle

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// Query says what to search for. What is set must all fit.
type Query struct {
	Subject string    `json:"subject,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"`
	Model   string    `json:"model,omitempty"`
	Result  string    `json:"result,omitempty"`
	Label   string    `json:"label,omitempty"` // of input or output, as leaves write it, such as confidential{PII}
	Kind    string    `json:"kind,omitempty"`  // "exchange" for exchanges, or the kind of an event
	Term    string    `json:"term,omitempty"`  // an identifier that a payload names, where these are indexed
	Before  uint64    `json:"before,omitempty"`
	Limit   int       `json:"limit,omitempty"` // default 50, at most 1000
}

// Hit is one exchange or event that a search found.
type Hit struct {
	ID       string    `json:"id"`
	Seq      uint64    `json:"seq"` // its last record
	Time     time.Time `json:"time"`
	Kind     string    `json:"kind"`
	Act      string    `json:"act,omitempty"`
	Route    string    `json:"route,omitempty"`
	Model    string    `json:"model,omitempty"`
	Result   string    `json:"result"`
	Rule     string    `json:"rule,omitempty"` // that refused it
	LabelIn  string    `json:"label_in,omitempty"`
	LabelOut string    `json:"label_out,omitempty"`
	Payload  bool      `json:"payload"` // what was said is still kept
}

// Page is a part of what a search found, the newest first.
type Page struct {
	SchemaVersion int    `json:"schema_version"`
	Hits          []Hit  `json:"hits"`
	Next          uint64 `json:"next,omitempty"` // give it as Before for the next page; 0: there is none
}

const (
	defaultLimit = 50
	maxLimit     = 1000
)

// who are the numbers under which a subject stands in the index.
type who struct {
	keks  []KEKID
	actor string // commitment to its name; "" where it has no key
}

// condition collects a WHERE clause.
type condition struct {
	text []string
	args []any
}

func (c *condition) add(text string, args ...any) {
	for range args {
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", len(c.args)+1), 1)
		c.args = append(c.args, args[0])
		args = args[1:]
	}
	c.text = append(c.text, text)
}

func (c *condition) String() string {
	if len(c.text) == 0 {
		return "1"
	}
	return strings.Join(c.text, " AND ")
}

const word = `(SELECT n FROM words WHERE word = ?)`

// search finds exchanges and events. subjects are those that Query.Subject means; term is the blind index of Query.Term.
func (x *Index) search(ctx context.Context, q *Query, subjects []who, term []byte) (*Page, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	limit = min(limit, maxLimit)
	var c condition
	c.add(`NOT EXISTS (SELECT 1 FROM records l WHERE l.ulid = r.ulid AND l.seq > r.seq)`)
	if q.Subject != "" {
		numbers, err := x.numbers(ctx, subjects)
		if err != nil {
			return nil, err
		}
		list := inList(numbers)
		c.add(`r.ulid IN (SELECT ulid FROM records WHERE kek IN ` + list + ` UNION SELECT ulid FROM records WHERE who IN ` + list + `)`)
	}
	if term != nil {
		c.add(`r.ulid IN (SELECT ulid FROM records WHERE seq IN (SELECT seq FROM terms WHERE term = ?))`, term)
	}
	first, last, err := x.between(ctx, q.Since, q.Until)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	if !q.Since.IsZero() {
		c.add(`r.t >= ?`, q.Since.UnixNano())
		c.add(`r.seq >= ?`, first)
	}
	if !q.Until.IsZero() {
		c.add(`r.t < ?`, q.Until.UnixNano())
		c.add(`r.seq < ?`, last)
	}
	if q.Model != "" {
		c.add(`r.model = `+word, []byte(q.Model))
	}
	if q.Result == "open" {
		c.add(`r.kind = `+word, []byte("intent"))
	} else if q.Result != "" {
		c.add(`r.result = `+word, []byte(q.Result))
	}
	if q.Label != "" {
		c.add(`(r.label = `+word+` OR r.label2 = `+word+`)`, []byte(q.Label), []byte(q.Label))
	}
	switch q.Kind {
	case "":
	case "exchange":
		c.add(`r.kind IN (SELECT n FROM words WHERE word IN (?, ?, ?))`, []byte("intent"), []byte("outcome"), []byte("aborted"))
	default:
		c.add(`r.kind = `+word, []byte(q.Kind))
	}
	if q.Before != 0 {
		c.add(`r.seq < ?`, q.Before)
	}
	return x.page(ctx, &c, limit)
}

const hitColumns = `r.seq, r.ulid, r.t, k.word, m.word, o.word, e.word, a.word, b.word, u.word,
	EXISTS (SELECT 1 FROM records p WHERE p.ulid = r.ulid AND p.payload > 0)`

const hitJoins = `LEFT JOIN words k ON k.n = r.kind LEFT JOIN words m ON m.n = r.model LEFT JOIN words o ON o.n = r.route
	LEFT JOIN words e ON e.n = r.result LEFT JOIN words a ON a.n = r.label LEFT JOIN words b ON b.n = r.label2 LEFT JOIN words u ON u.n = r.rule`

func (x *Index) page(ctx context.Context, c *condition, limit int) (*Page, error) {
	return x.pageFrom(ctx, `records r `, c, limit)
}

func (x *Index) pageFrom(ctx context.Context, from string, c *condition, limit int) (*Page, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT `+hitColumns+` FROM `+from+hitJoins+` WHERE `+c.String()+
		fmt.Sprintf(` ORDER BY %s.seq DESC LIMIT %d`, from[:1], limit+1), c.args...)
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	defer rows.Close()
	p := &Page{SchemaVersion: 1, Hits: []Hit{}}
	for rows.Next() {
		h, err := scanHit(rows)
		if err != nil {
			return nil, fmt.Errorf("search: %w", err)
		}
		if len(p.Hits) == limit {
			p.Next = p.Hits[limit-1].Seq
			break
		}
		p.Hits = append(p.Hits, h)
	}
	return p, rows.Err()
}

func scanHit(rows *sql.Rows) (h Hit, err error) {
	var id, kind, model, route, result, in, out, rule []byte
	var t int64
	if err := rows.Scan(&h.Seq, &id, &t, &kind, &model, &route, &result, &in, &out, &rule, &h.Payload); err != nil {
		return h, err
	}
	h.Time, h.Kind = time.Unix(0, t).UTC(), string(kind)
	h.Model, h.Result, h.LabelIn, h.LabelOut, h.Rule = string(model), string(result), string(in), string(out), string(rule)
	if len(id) == len(custody.ID{}) {
		h.ID = custody.ID(id).String()
	}
	switch h.Kind {
	case "intent":
		h.Kind, h.Result, h.Route = "exchange", "open", string(route)
	case "outcome", "aborted":
		h.Kind, h.Route = "exchange", string(route)
	default:
		h.Act = string(route)
	}
	return h, nil
}
