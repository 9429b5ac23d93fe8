package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
)

// What a tally counts.
const (
	tallyExchanges = 0 // concluded exchanges, by result and model
	tallyFindings  = 1 // exchanges in which a rule did something, by rule and action
	tallyEvents    = 2 // events, by kind and act
)

// tallyKey is what is counted together: a and b are words.
type tallyKey struct{ hour, what, a, b int64 }

// count adds a record to the tallies, and what rules did to the findings.
func (b *batch) count(ctx context.Context, l *leaf, r *row) error {
	hour := l.when().Unix() / 3600
	switch l.Kind {
	case "intent":
	case "outcome", "aborted":
		b.tallies[tallyKey{hour, tallyExchanges, r.result, r.model}]++
	default:
		b.tallies[tallyKey{hour, tallyEvents, r.kind, r.route}]++
	}
	own, err := b.findings(ctx, l)
	if err != nil {
		return err
	}
	if len(own)+len(b.inherited) == 0 {
		return nil
	}
	told := map[tallyKey]bool{} // an exchange counts once, in however many stages the rule did it
	for _, f := range own {
		if k := (tallyKey{hour, tallyFindings, f.rule, f.action}); !told[k] {
			told[k] = true
			b.tallies[k]++
		}
	}
	if in, open := b.opened[l.ID]; open && l.Kind == "intent" && len(own) > 0 {
		in.found = own
		b.opened[l.ID] = in
	}
	for _, f := range slices.Concat(own, b.inherited) {
		if _, err := b.finding.ExecContext(ctx, f.rule, l.Seq, f.action, f.stage, f.n); err != nil {
			return err
		}
	}
	return nil
}

// findings are what rules did in a record. A refusal by a rule that is no guard's is one as well.
func (b *batch) findings(ctx context.Context, l *leaf) ([]found, error) {
	all := l.Guard
	if l.Rule != "" && !slices.ContainsFunc(all, func(g guardLeaf) bool { return g.Rule == l.Rule }) {
		all = append(slices.Clip(all), guardLeaf{Rule: l.Rule, Action: actionRefuse, Stage: "in", N: 1})
	}
	var out []found
	for _, g := range all {
		var num [3]int64
		for i, word := range [3]string{g.Rule, g.Action, g.Stage} {
			var err error
			if word == "" {
				continue
			}
			if num[i], err = b.number(ctx, word); err != nil {
				return nil, err
			}
		}
		out = append(out, found{num[0], num[1], num[2], max(g.N, 1)})
	}
	return out, nil
}

// actionRefuse is what a rule of access or of the gateway itself did: it has no other action.
const actionRefuse = "refuse"

// foundBefore are the findings of an intent that is not in memory any more.
func (b *batch) foundBefore(ctx context.Context, id custody.ID) ([]found, error) {
	rows, err := b.before.QueryContext(ctx, id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []found
	for rows.Next() {
		var f found
		if err := rows.Scan(&f.rule, &f.action, &f.stage, &f.n); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// tell writes what the batch has counted.
func (b *batch) tell(ctx context.Context) error {
	for k, n := range b.tallies {
		if _, err := b.tally.ExecContext(ctx, k.hour, k.what, k.a, k.b, n); err != nil {
			return err
		}
	}
	return nil
}

// Tally is how often something happened in one hour.
type Tally struct {
	Hour time.Time // its beginning, UTC
	A, B string    // result and model of exchanges; rule and action of findings; kind and act of events
	N    int64
}

// Exchanges counts concluded exchanges of [since, until) by hour, result and model.
func (c *Custodian) Exchanges(ctx context.Context, since, until time.Time) ([]Tally, error) {
	return c.index.tallies(ctx, tallyExchanges, since, until)
}

// Rules counts the exchanges of [since, until) in which rules did something, by hour, rule and action.
func (c *Custodian) Rules(ctx context.Context, since, until time.Time) ([]Tally, error) {
	return c.index.tallies(ctx, tallyFindings, since, until)
}

// Acts counts events of [since, until) by hour, kind and act.
func (c *Custodian) Acts(ctx context.Context, since, until time.Time) ([]Tally, error) {
	return c.index.tallies(ctx, tallyEvents, since, until)
}

func (x *Index) tallies(ctx context.Context, what int, since, until time.Time) ([]Tally, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT t.hour, a.word, b.word, t.n FROM tallies t LEFT JOIN words a ON a.n = t.a LEFT JOIN words b ON b.n = t.b
		WHERE t.what = $1 AND t.hour >= $2 AND t.hour < $3 ORDER BY t.hour`, what, since.Unix()/3600, (until.Unix()+3599)/3600)
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", err)
	}
	defer rows.Close()
	var out []Tally
	for rows.Next() {
		var hour int64
		var a, b []byte
		var t Tally
		if err := rows.Scan(&hour, &a, &b, &t.N); err != nil {
			return nil, fmt.Errorf("read tallies: %w", err)
		}
		t.Hour, t.A, t.B = time.Unix(hour*3600, 0).UTC(), string(a), string(b)
		out = append(out, t)
	}
	return out, rows.Err()
}

// Total is how often something happened in a span of time.
type Total struct {
	A, B string // as in a Tally
	N    int64
	Last time.Time // the beginning of the last hour in which it did
}

// RuleTotals counts as Rules does, without telling the hours apart.
func (c *Custodian) RuleTotals(ctx context.Context, since, until time.Time) ([]Total, error) {
	return c.index.totals(ctx, tallyFindings, since, until)
}

// ExchangeTotals counts as Exchanges does, without telling the hours apart.
func (c *Custodian) ExchangeTotals(ctx context.Context, since, until time.Time) ([]Total, error) {
	return c.index.totals(ctx, tallyExchanges, since, until)
}

func (x *Index) totals(ctx context.Context, what int, since, until time.Time) ([]Total, error) {
	rows, err := x.db.QueryContext(ctx, `SELECT a.word, b.word, t.n, t.last FROM
		(SELECT a, b, sum(n) AS n, max(hour) AS last FROM tallies WHERE what = $1 AND hour >= $2 AND hour < $3 GROUP BY a, b) t
		LEFT JOIN words a ON a.n = t.a LEFT JOIN words b ON b.n = t.b ORDER BY t.n DESC`, what, since.Unix()/3600, (until.Unix()+3599)/3600)
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", err)
	}
	defer rows.Close()
	var out []Total
	for rows.Next() {
		var a, b []byte
		var hour int64
		var t Total
		if err := rows.Scan(&a, &b, &t.N, &hour); err != nil {
			return nil, fmt.Errorf("read tallies: %w", err)
		}
		t.A, t.B, t.Last = string(a), string(b), time.Unix(hour*3600, 0).UTC()
		out = append(out, t)
	}
	return out, rows.Err()
}
