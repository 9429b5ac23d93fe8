package gate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// data looks at the audits of all data sets that went in, and joins their labels.
func (e *evaluation) data() {
	e.result.Label = e.chain.label
	if !e.policy.Data.Required {
		return
	}
	used := map[string]*claim{}
	for i := range e.chain.data {
		for _, c := range e.audits(&e.chain.data[i]) {
			used[c.digest] = c
		}
	}
	var licences []string
	for _, c := range e.claims { // in a fixed order
		if used[c.digest] == nil {
			continue
		}
		a := c.p.(*attest.DatasetAudit) //nolint:forcetypeassert // audits returns no other
		e.consume(c, e.policy.Data.MaxAge)
		e.audit(c, a)
		if a.Sourcing != nil {
			for _, s := range a.Sourcing.Sources {
				licences = append(licences, s.Licence)
			}
		}
	}
	use := e.policy.Licence.Use
	for _, r := range license.Mix(licences, &use) {
		e.ruling("data/licence", r, Problem{Subject: e.result.Tree.Root}, e.policy.Data.Licences)
	}
}

// audits are the audits of a data set: the newest of exactly its tree, or those that together speak of all of its files.
func (e *evaluation) audits(m *attest.Material) []*claim {
	root := m.Digest["rfc6962-sha256"]
	node := e.root.find("data set", digestOfMaterial(m))
	var aged *claim
	good := func(c *claim) bool {
		_, ok := e.fresh(c, e.policy.Data.MaxAge)
		if !ok && aged == nil {
			aged = c
		}
		return ok
	}
	for _, c := range e.claims {
		if c.kind == KindDataset && root != "" && c.covers(root) && good(c) {
			e.audited(c, m, node)
			return []*claim{c}
		}
	}
	if list := e.auditsByFile(m, good); list != nil {
		for _, c := range list {
			e.audited(c, m, node)
		}
		return list
	}
	p := Problem{
		Rule: "data/missing", Subject: digestOfMaterial(m), Reason: "no audit speaks of the data set as it was trained on: " + short(m.Name),
		Remedy: "scan the data and sign what was found, with a key of a signer who may make dataset-audit", Command: "reeve scan --statement FILE.intoto.jsonl --sign-key KEY DATA",
	}
	if aged != nil {
		p.Stale, p.Statement = true, aged.digest
		p.Reason = "the audit of the data set is too old: " + old(aged, e.policy.Data.MaxAge)
		node.once(&Node{Name: KindDataset, Kind: "statement", Digest: aged.digest, State: Stale, Why: p.Reason, At: aged.at})
	} else {
		node.once(&Node{Name: KindDataset, Kind: "statement", State: Missing, Why: p.Reason})
	}
	if p.Subject == "" {
		p.Reason = "the training names a data set without a digest, so that no audit can be found: " + short(m.Name)
		p.Command = attestRun
	}
	e.miss(p)
	return nil
}

func (e *evaluation) audited(c *claim, m *attest.Material, node *Node) {
	until, _ := e.fresh(c, e.policy.Data.MaxAge)
	child := node.once(&Node{Name: KindDataset, Kind: "statement", Digest: c.digest, State: Fresh, At: c.at, Until: until, By: names(c)})
	a := c.p.(*attest.DatasetAudit) //nolint:forcetypeassert // by its kind
	for _, now := range e.evidence.DataSets {
		if now.Name != a.Dataset && now.Name != m.Name || now.Tree.Root == a.Tree.Root {
			continue
		}
		why := "the data set is another one now: files were changed, added or removed since: " + short(now.Name)
		child.State, child.Why = Stale, why
		e.miss(Problem{
			Rule: "data/changed", Subject: a.Tree.Root, Statement: c.digest, Stale: true, Reason: why,
			Remedy: "scan the data as it is now and train on it, or put back what the model was trained on", Command: "reeve scan --statement FILE.intoto.jsonl --sign-key KEY DATA",
		})
	}
}

// auditsByFile finds audits that together speak of every file of a material; nil where they do not.
func (e *evaluation) auditsByFile(m *attest.Material, good func(*claim) bool) []*claim {
	want := map[string]bool{}
	for _, sha := range shasOf(m, nil) {
		want[sha] = true
	}
	if len(want) == 0 {
		return nil
	}
	var list []*claim
	for _, c := range e.claims {
		a, ok := c.p.(*attest.DatasetAudit)
		if !ok {
			continue
		}
		hit := false
		for _, f := range a.Files {
			hit = hit || want[f.SHA256]
		}
		if !hit || !good(c) {
			continue
		}
		list = append(list, c)
		for _, f := range a.Files {
			delete(want, f.SHA256)
		}
		if len(want) == 0 {
			return list
		}
	}
	return nil
}

// audit holds one audit against the policy.
func (e *evaluation) audit(c *claim, a *attest.DatasetAudit) {
	d := &e.policy.Data
	name := short(a.Dataset)
	at := func(rule, reason, remedy, command string) Problem {
		return Problem{Rule: rule, Statement: c.digest, Subject: a.Tree.Root, Reason: fmt.Sprintf("data set %s: %s", name, reason), Remedy: remedy, Command: command}
	}
	counts := a.Before
	if a.After != nil {
		counts = *a.After
	}
	if counts.Total > 0 && len(counts.BySeverity) == 0 || sumOf(counts.BySeverity) != counts.Total {
		e.violate(at("data/findings", "its findings are not counted by severity", "have it scanned again", "reeve scan"))
	}
	for _, s := range []reeve.Severity{reeve.SeverityCritical, reeve.SeverityHigh, reeve.SeverityMedium, reeve.SeverityLow, reeve.SeverityInfo} {
		if most, limited := d.Findings[s]; limited && counts.BySeverity[s.String()] > most {
			e.violate(at("data/findings", fmt.Sprintf("%d findings of severity %s, the policy takes %d", counts.BySeverity[s.String()], s, most),
				"redact the data, train on what is left, and have that audited", "reeve redact DATA -o CLEAN"))
		}
	}
	if n := int64(len(a.NotScanned)); n > d.NotScanned {
		e.violate(at("data/not-scanned", fmt.Sprintf("%d files or parts of files were not read, the policy takes %d", n, d.NotScanned), "make them readable, or take them out of the data set", "reeve scan"))
	}
	if d.Suppressed >= 0 && a.Suppressed > d.Suppressed {
		e.violate(at("data/suppressed", fmt.Sprintf("%d findings were left out of the count, the policy takes %d", a.Suppressed, d.Suppressed), "scan without a baseline, or raise data.suppressed", "reeve scan"))
	}
	e.residual(c, a, at)
	e.labelOf(a, at)
	e.sourcing(a, at)
}

func sumOf(m map[string]int64) int64 {
	var n int64
	for _, v := range m {
		n += v
	}
	return n
}

type problemAt func(rule, reason, remedy, command string) Problem

func (e *evaluation) residual(_ *claim, a *attest.DatasetAudit, at problemAt) {
	most := e.policy.Data.MaxResidual
	switch {
	case most < 0:
	case a.Residual == nil:
		e.miss(at("data/residual", "how much is left after redaction was not estimated", "estimate it on a sample", "reeve redact risk"))
	case !(a.Residual.High <= most): // also where it is no number
		e.violate(at("data/residual", fmt.Sprintf("up to %.4f of the records may have something left, the policy takes %.4f", a.Residual.High, most), "redact again with more rules", "reeve redact"))
	}
}

// labelOf joins the label and asks what it forbids.
func (e *evaluation) labelOf(a *attest.DatasetAudit, at problemAt) {
	l, err := reeve.ParseLabel(a.Label)
	if err != nil {
		l = reeve.Label{Level: reeve.Restricted}
	}
	e.result.Label = e.result.Label.Join(l)
	if most := e.policy.Data.MaxLabel; most != nil && !most.Dominates(l) {
		e.violate(at("data/label", fmt.Sprintf("it is labelled %s, the policy takes up to %s", l, most), "redact the data, or train a model that may know it", "reeve redact DATA -o CLEAN"))
	}
	for _, forbidden := range e.handling(l).ForbiddenUses {
		if slices.ContainsFunc(e.policy.Data.ForbidUses, func(use string) bool { return strings.EqualFold(use, forbidden) }) {
			e.violate(at("data/use", fmt.Sprintf("the handling rules of %s forbid the use for %s", l, forbidden), "redact the data so that its label falls", "reeve redact DATA -o CLEAN"))
		}
	}
}

// sourcing looks at what the licences of the data's sources came to.
func (e *evaluation) sourcing(a *attest.DatasetAudit, at problemAt) {
	if a.Sourcing == nil {
		if e.policy.Data.Sourcing {
			e.miss(at("data/sourcing", "no manifest says where it comes from", "write sourcing.yaml beside the data, and scan again", "reeve sources init DATA"))
		}
		return
	}
	for _, s := range a.Sourcing.Sources {
		var v license.Verdict
		if err := v.UnmarshalText([]byte(s.Verdict)); err != nil {
			v = license.Unknown
		}
		p := at("data/licence", fmt.Sprintf("source %s under %s: %s", short(s.Source), short(s.Licence), v), "replace the source, obtain a licence, or have a person decide and record it in sourcing.yaml", "reeve sources check DATA")
		switch {
		case slices.Contains(e.policy.Data.Licences, v):
		case v == license.Denied:
			e.violate(p)
		default:
			e.miss(p)
		}
	}
}

// ruling tells of a ruling that the policy does not accept: a denial is a violation, everything else is missing.
func (e *evaluation) ruling(rule string, r license.Ruling, p Problem, accept []license.Verdict) {
	if slices.Contains(accept, r.Verdict) {
		return
	}
	p.Rule, p.Reason, p.Remedy = rule, fmt.Sprintf("%s (%s): %s", short(r.Licence), r.Rule, r.Reason), r.Remedy
	if r.Note != "" {
		p.Reason += "; " + r.Note
	}
	if p.Remedy == "" {
		p.Remedy = "have a person read the licence and record the decision"
	}
	if r.Verdict == license.Denied {
		e.violate(p)
		return
	}
	e.miss(p)
}
