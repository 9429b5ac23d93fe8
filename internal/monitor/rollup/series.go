package rollup

import (
	"math/bits"
	"slices"
	"strconv"
	"time"

	"github.com/reeve-ai/reeve/internal/monitor/record"
)

// Other stands for every name beyond the bound of its dimension.
const Other = "other"

// Kind is what a series counts.
type Kind string

// The kinds of series.
const (
	Exchanges Kind = "exchanges" // exchanges that ended, with tokens and times
	Matches   Kind = "matches"   // matches of guard rules
	Hits      Kind = "hits"      // exchanges in which a guard rule matched, however often
	Latency   Kind = "latency"   // exchanges by how long they took
	Events    Kind = "events"    // records that belong to no exchange
)

// Dim is a dimension of a series.
type Dim string

// The dimensions.
const (
	Route   Dim = "route"   // path, such as /v1/chat/completions
	Model   Dim = "model"   // as callers name it
	Verdict Dim = "verdict" // ok, refused, blocked, failed, cut or aborted
	Rule    Dim = "rule"    // of Exchanges: the rule that refused; of Matches: the rule that matched
	Label   Dim = "label"   // such as confidential{PII}
	Stage   Dim = "stage"   // in, out or stream
	Action  Dim = "action"  // allow, review, mask or block
	Bucket  Dim = "bucket"  // of Latency: see bucketOf
	Record  Dim = "kind"    // of Events: admin, scan, gate, review …
	Act     Dim = "act"     // of Events: key.create …
	Result  Dim = "result"  // of Events: ok, refused …
)

// width is the largest number of dimensions.
const width = 5

// dims are the dimensions of each kind, in the order of the columns a to e.
var dims = map[Kind][]Dim{
	Exchanges: {Route, Model, Verdict, Rule, Label},
	Matches:   {Rule, Stage, Action, Model, Label},
	Hits:      {Rule, Action},
	Latency:   {Route, Model, Bucket},
	Events:    {Record, Act, Result},
}

// maxNames bounds the names of a dimension, maxSeries the series of a kind.
var (
	maxNames  = map[Dim]int{Route: 64, Model: 200, Verdict: 16, Rule: 500, Label: 128, Stage: 8, Action: 8, Bucket: 64, Record: 32, Act: 300, Result: 64}
	maxSeries = map[Kind]int{Exchanges: 20_000, Matches: 20_000, Hits: 2_000, Latency: 5_000, Events: 3_000}
)

// key is a series: its kind and the names in the order of dims.
type key struct {
	kind  Kind
	names [width]string
}

// sums are what a series counts in one span of time.
type sums struct {
	N                          int64 // exchanges, matches or events
	TokensIn, TokensOut        int64
	Micros, GuardUS, CustodyUS int64
}

func (s *sums) add(o sums) {
	s.N += o.N
	s.TokensIn += o.TokensIn
	s.TokensOut += o.TokensOut
	s.Micros += o.Micros
	s.GuardUS += o.GuardUS
	s.CustodyUS += o.CustodyUS
}

// count calls add for each series that the record counts in.
func count(r *record.Record, add func(key, sums)) {
	if !r.Ends() {
		add(key{Events, [width]string{r.Kind, r.Act, r.Result}}, sums{N: 1})
		return
	}
	label := r.Label()
	took := int64(0)
	if !r.Began.IsZero() && r.When().After(r.Began) {
		took = r.When().Sub(r.Began).Microseconds()
	}
	add(key{Exchanges, [width]string{r.Route, r.Model, r.Verdict(), r.Rule, label}}, sums{
		N: 1, TokensIn: r.TokensIn, TokensOut: r.TokensOut, Micros: took, GuardUS: r.GuardUS, CustodyUS: r.CustodyUS,
	})
	add(key{Latency, [width]string{r.Route, r.Model, strconv.Itoa(bucketOf(took))}}, sums{N: 1})
	for i, list := range [][]record.Match{r.GuardIn, r.Guard} {
		for j, m := range list {
			add(key{Matches, [width]string{m.Rule, m.Stage, m.Action, r.Model, label}}, sums{N: m.N})
			if !matched(list[:j], m) && (i == 0 || !matched(r.GuardIn, m)) {
				add(key{Hits, [width]string{m.Rule, m.Action}}, sums{N: 1})
			}
		}
	}
}

// matched reports whether the rule of a match stands in a list already.
func matched(list []record.Match, m record.Match) bool {
	return slices.ContainsFunc(list, func(o record.Match) bool { return o.Rule == m.Rule && o.Action == m.Action })
}

// bucketOf is the number of the bucket of a time in microseconds: bucket b holds times below 2^b milliseconds and not below
// 2^(b-1).
func bucketOf(us int64) int { return min(bits.Len64(uint64(max(us, 0)/1000)), 40) } //nolint:gosec // not negative

// Grain is a span of time that is counted together.
type Grain time.Duration

// The grains. Minutes are kept for two days, hours for a hundred, days for good.
const (
	Minute = Grain(time.Minute)
	Hour   = Grain(time.Hour)
	Day    = Grain(24 * time.Hour)
)

// keptFor says for how long before the newest record the rows of a grain are kept, in seconds. 0: for good.
var keptFor = map[Grain]int64{Minute: 2 * 24 * 3600, Hour: 100 * 24 * 3600, Day: 0}

// grains in the order in which they are written.
var grains = [...]Grain{Minute, Hour, Day}

func (g Grain) seconds() int64 { return int64(time.Duration(g) / time.Second) }

// start is the begin of the span that holds a time, in Unix seconds.
func (g Grain) start(t int64) int64 {
	s := g.seconds()
	return t - ((t%s)+s)%s
}
