package detect

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// Explanation tells why a match has the score it has.
type Explanation struct {
	Rule      *Rule    // its Description names the shape and the checks
	Score     float32  // as in the match
	Severity  Severity // of the rule at this score
	Threshold float32  // score that the rule must reach in this engine
	Words     []string // context words that were found, lower case and without accents
	Notes     []string // what else was decided, such as "published as a test number"
}

// trace collects what recognisers looked at, for Explain.
type trace struct {
	words, notes []string
	done         []traced
}

type traced struct {
	rule         int32
	end          int
	words, notes []string
}

func (t *trace) note(word string) {
	if !slices.Contains(t.words, word) {
		t.words = append(t.words, word)
	}
}

// note tells Explain about a decision.
func (w *window) note(s string) {
	if w.trace != nil && !slices.Contains(w.trace.notes, s) {
		w.trace.notes = append(w.trace.notes, s)
	}
}

// Explain looks at the match m of text once more and tells what made its score. A match that this engine does not find
// there is explained by its rule alone.
func (e *Engine) Explain(text []byte, m Match) Explanation {
	r := &e.rules[m.Rule]
	out := Explanation{Rule: r, Score: m.Score, Severity: r.SeverityAt(m.Score), Threshold: e.min[m.Rule]}
	const around = 2048
	from, to := max(0, m.Start-around), min(len(text), m.End+around)
	var s scan
	s.init(e)
	s.w.b, s.w.final, s.w.trace = text[from:to], true, &trace{}
	s.run()
	for _, d := range s.w.trace.done {
		if d.rule == m.Rule && d.end == m.End-from {
			out.Words, out.Notes = d.words, d.notes
		}
	}
	return out
}

// engineVersion changes whenever the engine may answer differently in a way that no example shows.
const engineVersion = "1"

// answers is the digest of how the built-in rules answer their own examples. A test computes it anew and tells what to write
// here, so that Version changes with the recognisers and no program must ask hundreds of examples at its start.
const answers = "357839a7af2eb58d"

// Version is a digest of what the engine looks for and how it answers the examples of the built-in rules: 16 hexadecimal
// characters that change when the rules, their recognisers or the options change. It is meant for caches of results.
func (e *Engine) Version() string {
	e.versionOnce.Do(func() {
		h := sha256.New()
		fmt.Fprintln(h, engineVersion, answers, e.early, e.min)
		for i := range e.rules {
			r := &e.rules[i]
			fmt.Fprintf(h, "%s\x00%s\x00%d\x00%s\n", r.ID, r.Kind, r.Severity, r.Description)
		}
		h.Write(e.optionsDigest[:])
		e.version = hex.EncodeToString(h.Sum(nil)[:8])
	})
	return e.version
}

// digestOptions keeps what the compiled engine no longer shows.
func digestOptions(o Options) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%+v %+v %+v", o.Literals, o.Patterns, o.Allow))
}
