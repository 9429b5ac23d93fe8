package gate

import (
	"fmt"
	"slices"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// models holds the licences of models that went in, and of what the target says of itself, against the declared use.
func (e *evaluation) models() {
	if !e.policy.Licence.Required {
		return
	}
	use := e.policy.Licence.Use
	use.Bundle = []string{}
	for _, f := range e.evidence.Files {
		use.Bundle = append(use.Bundle, f.Path)
	}
	for _, o := range e.chain.others {
		if o.Licence == "" {
			e.miss(Problem{
				Rule: "licence/missing", Subject: o.Files[0], Reason: "the policy does not say under which licence it is: " + short(o.Name),
				Remedy: "write its SPDX expression beside it, under origin.others",
			})
			continue
		}
		e.judge(o.Licence, Problem{Subject: o.Files[0]}, &use)
	}
	for _, d := range e.evidence.Licences {
		e.judge(d.Licence, Problem{Path: d.Path}, &use)
	}
}

func (e *evaluation) judge(expression string, p Problem, use *license.Use) {
	j := license.Judge(&license.Subject{Licence: expression}, use, e.now)
	for _, r := range j.Rulings {
		e.ruling("licence/verdict", r, p, e.policy.Licence.Accept)
	}
	if len(j.Rulings) == 0 && !slices.Contains(e.policy.Licence.Accept, j.Verdict) {
		e.miss(Problem{Rule: "licence/verdict", Path: p.Path, Subject: p.Subject, Reason: fmt.Sprintf("%s: %s", short(expression), j.Verdict), Remedy: "have a person read the licence and record the decision"})
	}
}

// scans looks at what opening the files would do. Files that need no other statement are scanned, too.
func (e *evaluation) scans() {
	s := &e.policy.Scan
	for i := range e.evidence.Files {
		f := &e.evidence.Files[i]
		if s.Again {
			e.scanned(f)
		}
		if s.Statement && !e.ignored(f) {
			e.scanClaim(f)
		}
	}
}

// scanned looks at the gate's own scan of a file.
func (e *evaluation) scanned(f *File) {
	r, ok := e.evidence.Scans[f.Path]
	switch {
	case !ok:
		e.miss(Problem{Rule: "scan/missing", Path: f.Path, Reason: "the gate did not scan the file", Remedy: "run the gate where the files are", Command: "reeve gate TARGET"})
	case r.SHA256 != f.SHA256:
		e.violate(Problem{Rule: "target/changed", Path: f.Path, Reason: "the file changed while the gate looked at it", Remedy: "run the gate when nothing writes to the target", Broken: true})
	default:
		e.scanVerdict(f, r.Verdict, r.Rules, "")
	}
}

func (e *evaluation) scanVerdict(f *File, verdict string, findings []string, statement string) {
	if slices.Contains(e.policy.Scan.Accept, verdict) {
		return
	}
	reason := "the scan says " + short(verdict)
	if len(findings) > 0 {
		reason += " by " + short(findings[0])
		if len(findings) > 1 {
			reason += fmt.Sprintf(" and %d more", len(findings)-1)
		}
	}
	e.violate(Problem{
		Rule: "scan/verdict", Path: f.Path, Statement: statement, Reason: reason, Command: "reeve model scan TARGET",
		Remedy: "save the weights as safetensors or GGUF; what a person has reviewed can be listed for the scanner by its SHA-256",
	})
}

// scanClaim looks for the newest statement about a scan of a file.
func (e *evaluation) scanClaim(f *File) {
	var aged *claim
	for _, c := range e.speak[f.SHA256] {
		m, ok := c.p.(*attest.ModelScan)
		if !ok {
			continue
		}
		if _, fresh := e.fresh(c, e.policy.Scan.MaxAge); !fresh {
			aged = c
			break
		}
		if got := c.scannedFile(m, f.SHA256); got != nil {
			e.consume(c, e.policy.Scan.MaxAge)
			e.scanVerdict(f, got.Verdict, got.Rules, c.digest)
			until, _ := e.fresh(c, e.policy.Scan.MaxAge)
			e.root.once(&Node{Name: KindScan, Kind: "statement", Digest: c.digest, State: Fresh, At: c.at, Until: until, By: names(c)})
			return
		}
	}
	p := Problem{Rule: "scan/missing", Path: f.Path, Reason: "no statement speaks of a scan of the file", Remedy: "scan the target and sign what was found, with a key of a signer who may make model-scan", Command: "reeve model scan TARGET --statement FILE.intoto.jsonl --sign-key KEY"}
	if aged != nil {
		p.Stale, p.Statement, p.Reason = true, aged.digest, "the scan is too old: "+old(aged, e.policy.Scan.MaxAge)
		e.root.once(&Node{Name: KindScan, Kind: "statement", Digest: aged.digest, State: Stale, Why: p.Reason, At: aged.at})
	} else {
		e.root.once(&Node{Name: KindScan, Kind: "statement", State: Missing, Why: p.Reason})
	}
	e.miss(p)
}

// scannedFile is what a scan says of some bytes, or nil.
func (c *claim) scannedFile(m *attest.ModelScan, sha string) *attest.ScannedFile {
	if c.scanned == nil {
		c.scanned = make(map[string]*attest.ScannedFile, len(m.Files))
		for i := range m.Files {
			c.scanned[m.Files[i].SHA256] = &m.Files[i]
		}
	}
	return c.scanned[sha]
}

// evaluations looks for the newest statement about each measurement that the policy asks for, over all weights.
func (e *evaluation) evaluations() {
	for i := range e.policy.Evaluations {
		want := &e.policy.Evaluations[i]
		var found, aged *claim
		for _, c := range e.claims {
			v, ok := c.p.(*attest.Evaluation)
			if !ok || v.Suite.Name != want.Name || !e.coversWeights(c) {
				continue
			}
			if _, fresh := e.fresh(c, want.MaxAge); fresh {
				found = c
			} else {
				aged = c
			}
			break // the newest decides
		}
		if found != nil {
			until, _ := e.fresh(found, want.MaxAge)
			e.root.add(&Node{Name: KindEvaluation + " " + want.Name, Kind: "statement", Digest: found.digest, State: Fresh, At: found.at, Until: until, By: names(found)})
			e.consume(found, want.MaxAge)
			e.metrics(found, want)
			continue
		}
		p := Problem{
			Rule: "evaluation/missing", Reason: "no statement speaks of the evaluation of these weights: " + want.Name, Remedy: "evaluate the model and sign the result, with a key of a signer who may make evaluation",
			Command: "reeve attest create evaluation TARGET --suite NAME --key KEY",
		}
		node := &Node{Name: KindEvaluation + " " + want.Name, Kind: "statement", State: Missing}
		if aged != nil {
			p.Stale, p.Statement, p.Reason = true, aged.digest, "the evaluation "+want.Name+" is too old: "+old(aged, want.MaxAge)
			node.State, node.Digest, node.At = Stale, aged.digest, aged.at
		}
		node.Why = p.Reason
		e.root.add(node)
		e.miss(p)
	}
}

// coversWeights reports whether a claim speaks of all weights of the target; where it has none by name, of all files.
func (e *evaluation) coversWeights(c *claim) bool {
	some := false
	for i := range e.governed {
		if e.governed[i].Role == Weights {
			if some = true; !c.covers(e.governed[i].SHA256) {
				return false
			}
		}
	}
	return some || e.coversAll(c)
}

func (e *evaluation) coversAll(c *claim) bool {
	for i := range e.governed {
		if !c.covers(e.governed[i].SHA256) {
			return false
		}
	}
	return len(e.governed) > 0
}

// coversSome reports whether a claim speaks of any weights of the target.
func (e *evaluation) coversSome(c *claim) bool {
	return slices.ContainsFunc(e.governed, func(f File) bool { return f.Role == Weights && c.covers(f.SHA256) })
}

// metrics holds numbers against the policy's bounds and against those that the evaluation set itself. Every slice counts.
func (e *evaluation) metrics(c *claim, want *Evaluation) {
	v := c.p.(*attest.Evaluation) //nolint:forcetypeassert // the caller looked
	at := func(reason string) Problem {
		return Problem{Rule: "evaluation/metric", Statement: c.digest, Reason: "evaluation " + want.Name + ": " + reason, Remedy: "improve the model and evaluate it again"}
	}
	for i := range v.Metrics {
		if meets, known := v.Metrics[i].Meets(); known && !meets {
			e.violate(at(fmt.Sprintf("%s does not reach the threshold that was set for it", metricName(&v.Metrics[i]))))
		}
	}
	for _, bound := range want.Metrics {
		some := false
		for i := range v.Metrics {
			m := &v.Metrics[i]
			if m.Name != bound.Name {
				continue
			}
			some = true
			if bound.Min != nil && !(m.Value >= *bound.Min) {
				e.violate(at(fmt.Sprintf("%s is %g, the policy wants at least %g", metricName(m), m.Value, *bound.Min)))
			}
			if bound.Max != nil && !(m.Value <= *bound.Max) {
				e.violate(at(fmt.Sprintf("%s is %g, the policy wants at most %g", metricName(m), m.Value, *bound.Max)))
			}
		}
		if !some {
			p := at("it does not measure " + bound.Name)
			p.Rule, p.Remedy = "evaluation/missing", "measure it"
			e.miss(p)
		}
	}
}

func metricName(m *attest.Metric) string {
	if m.Slice == "" {
		return short(m.Name)
	}
	return short(m.Name) + " of " + short(m.Slice)
}

// checks looks at what the gate checked itself beside the scan.
func (e *evaluation) checks() {
	for _, c := range []struct {
		check    *Check
		required bool
		kind     string
		missing  Problem
		wrong    string
	}{
		{e.evidence.Signature, e.policy.Signature.Required, "signature", Problem{
			Rule: "signature/missing", Reason: "the target has no signature", Remedy: "sign it with a key that the policy names", Command: "reeve model sign TARGET",
		}, "signature/invalid"},
		{e.evidence.Bill, e.policy.Bill.Required, "bill of materials", Problem{
			Rule: "bill/missing", Reason: "no bill of materials lies beside the target", Remedy: "write one", Command: "reeve model bom TARGET --format cyclonedx-json -o TARGET/bom.cdx.json",
		}, "bill/differs"},
	} {
		switch {
		case c.check == nil && c.required:
			e.root.add(&Node{Name: c.kind, Kind: "check", State: Missing, Why: c.missing.Reason})
			e.miss(c.missing)
		case c.check != nil && !c.check.OK:
			e.root.add(&Node{Name: c.kind, Kind: "check", State: Broken, Why: c.check.Reason})
			e.violate(Problem{Rule: c.wrong, Reason: c.check.Reason, Remedy: "find out what changed since it was made; make it again only when that is clear", Broken: true})
		case c.check != nil:
			e.root.add(&Node{Name: c.kind, Kind: "check", State: Fresh})
		}
	}
}
