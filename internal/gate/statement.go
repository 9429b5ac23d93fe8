package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// claim is a statement whose signature verifies, by somebody whose word counts for it, now.
type claim struct {
	kind    string
	digest  string // of the payload
	signers []*Signer
	keys    []string
	path    string
	near    bool
	s       *attest.Statement
	p       attest.Predicate
	at      time.Time
	until   time.Time // when it ends by itself or by its keys; zero: no end
	files   map[string]bool

	scanned map[string]*attest.ScannedFile // of a scan, by digest; made when it is first asked
}

// rejected is a statement that is no evidence, with the reason. What it says of its kind and subjects is only good for
// explaining why something is missing.
type rejected struct {
	rule, kind, digest, path, reason, remedy string
	files                                    map[string]bool
	stale                                    bool
}

// covers reports whether a statement speaks of some bytes.
func (c *claim) covers(sha string) bool { return c.files[sha] }

// open verifies all statements. What is malformed or has a broken signature stands against the target, whatever it says:
// nobody can tell what it should have said.
func (e *evaluation) open() {
	keys := e.policy.keys()
	known := map[string]bool{}
	for _, k := range keys {
		known[k.ID()] = true
	}
	for _, odd := range e.evidence.Unreadable {
		e.violate(Problem{Rule: "statement/malformed", Path: odd.Path, Reason: "a file of statements cannot be read: " + odd.Reason, Remedy: "restore the file, or take it away if it is none of ours", Broken: true})
	}
	signed := map[string][]string{} // by whom the same words were signed, in one envelope or in several
	first := map[string]*Signed{}
	for i := range e.evidence.Statements {
		in := &e.evidence.Statements[i]
		digest := in.Envelope.Digest()
		by, err := in.Envelope.Verify(keys...)
		if err != nil {
			if !slices.ContainsFunc(in.Envelope.Signatures, func(s attest.Signature) bool { return known[s.KeyID] }) {
				e.reject(in, digest, nil, "statement/signer", "it is signed by a key that the policy does not know", "have somebody sign whom the policy lists, or add the key under signers")
				continue
			}
			e.violate(Problem{
				Rule: "statement/signature", Path: in.Path, Statement: digest, Broken: true,
				Reason: "a statement names a key of the policy, and that key did not sign these bytes", Remedy: "find out who changed it; get the statement again from who made it",
			})
			continue
		}
		id := in.Envelope.PayloadType + " " + digest
		if first[id] == nil {
			first[id] = &Signed{in.Path, in.Near, in.Envelope}
		}
		first[id].Near = first[id].Near || in.Near
		signed[id] = append(signed[id], by...)
	}
	for _, id := range sortedKeys(first) {
		slices.Sort(signed[id])
		e.take(first[id], first[id].Envelope.Digest(), slices.Compact(signed[id]))
	}
	slices.SortFunc(e.claims, func(a, b *claim) int { return cmpAll(b.at.Compare(a.at), strings.Compare(a.digest, b.digest)) }) // the newest first
	for _, c := range e.claims {
		for sha := range c.files {
			e.speak[sha] = append(e.speak[sha], c)
		}
	}
}

// take reads a statement whose signature verifies.
func (e *evaluation) take(in *Signed, digest string, by []string) {
	malformed := func(err error) {
		e.violate(Problem{Rule: "statement/malformed", Path: in.Path, Statement: digest, Reason: err.Error(), Remedy: "have it made again by the tool that wrote it", Broken: true})
	}
	if in.Envelope.PayloadType != attest.PayloadType {
		return // something else that the same key signed
	}
	s, err := attest.ParseStatement(in.Envelope.Payload)
	if err != nil {
		malformed(err)
		return
	}
	kind := attest.KindOf(s.PredicateType)
	if kind == "" {
		return // of another tool
	}
	p, err := s.Decode()
	if err != nil {
		malformed(err)
		return
	}
	c := &claim{kind: kind, digest: digest, path: in.Path, near: in.Near, s: s, p: p, at: timeOf(p), files: filesOf(s)}
	if x, ok := p.(attest.Expiring); ok {
		c.until = x.Expiry()
	}
	if c.at.After(e.now.Add(e.policy.Skew)) {
		e.rejectClaim(c, "statement/future", "it is from the future: its time is ahead of the gate's clock by more than clock_skew", "set the clocks, and have the statement made again", false)
		return
	}
	if !c.until.IsZero() && !c.until.After(e.now) {
		e.rejectClaim(c, "statement/expired", "it ended on "+c.until.Format(time.DateOnly), "have it made again", true)
		return
	}
	e.admit(c, by)
}

// admit takes a claim in where one of its signers may make it. Of a person's keys the latest end counts.
func (e *evaluation) admit(c *claim, by []string) {
	why, stale := "", false
	for _, id := range by {
		s := e.policy.signer(id)
		switch {
		case !slices.Contains(s.May, c.kind):
			why = fmt.Sprintf("the policy takes no statement of this kind from %s", s.Name)
		case !s.Until.IsZero() && !s.Until.After(e.now):
			why, stale = fmt.Sprintf("the keys of %s were good until %s", s.Name, s.Until.Add(-day).Format(time.DateOnly)), true
		case c.at.Before(s.From):
			why = fmt.Sprintf("it is older than the keys of %s, which are good from %s", s.Name, s.From.Format(time.DateOnly))
		default:
			c.keys = append(c.keys, id)
			c.signers = append(c.signers, s)
		}
	}
	if len(c.signers) == 0 {
		e.rejectClaim(c, "statement/signer", why, "have somebody sign whom the policy lists for it", stale)
		return
	}
	var end time.Time
	for _, s := range c.signers {
		if s.Until.IsZero() {
			end = time.Time{}
			break
		}
		end = later(end, s.Until)
	}
	c.until = earlier(c.until, end)
	e.claims = append(e.claims, c)
}

func (e *evaluation) rejectClaim(c *claim, rule, reason, remedy string, stale bool) {
	e.rejects = append(e.rejects, rejected{rule: rule, kind: c.kind, digest: c.digest, path: c.path, reason: reason, remedy: remedy, files: c.files, stale: stale})
}

// reject notes a statement that nobody known has signed. It is read only to be able to say what was found.
func (e *evaluation) reject(in *Signed, digest string, files map[string]bool, rule, reason, remedy string) {
	r := rejected{rule: rule, digest: digest, path: in.Path, reason: reason, remedy: remedy, files: files}
	if s, err := attest.ParseStatement(in.Envelope.Payload); err == nil {
		r.kind, r.files = attest.KindOf(s.PredicateType), filesOf(s)
	}
	e.rejects = append(e.rejects, r)
}

// filesOf are the digests that a statement speaks of: SHA-256 of files, roots of trees.
func filesOf(s *attest.Statement) map[string]bool {
	out := make(map[string]bool, len(s.Subject))
	for _, r := range s.Subject {
		for _, algorithm := range []string{"sha256", "rfc6962-sha256"} {
			if d := r.Digest[algorithm]; d != "" {
				out[d] = true
			}
		}
	}
	return out
}

// timeOf is when a statement was made, as it says.
func timeOf(p attest.Predicate) time.Time {
	switch p := p.(type) {
	case *attest.DatasetAudit:
		return p.At
	case *attest.Training:
		return p.At
	case *attest.Conversion:
		return p.At
	case *attest.Merge:
		return p.At
	case *attest.ModelScan:
		return p.At
	case *attest.Evaluation:
		return p.At
	case *attest.Approval:
		return p.At
	case *attest.Waiver:
		return p.At
	case *attest.GateVerdict:
		return p.At
	}
	return time.Time{}
}

// originOf is who says so and how it is known, nil for an audit of data.
func originOf(p attest.Predicate) *attest.Origin {
	switch p := p.(type) {
	case *attest.Training:
		return &p.Origin
	case *attest.Conversion:
		return &p.Origin
	case *attest.Merge:
		return &p.Origin
	case *attest.ModelScan:
		return &p.Origin
	case *attest.Evaluation:
		return &p.Origin
	case *attest.Approval:
		return &p.Origin
	case *attest.Waiver:
		return &p.Origin
	case *attest.GateVerdict:
		return &p.Origin
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
