package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// predicateBase is what the types of our predicates begin with.
const predicateBase = "https://github.com/reeve-ai/reeve/attestation/"

// Packs are the tables of duties and licences that this reeve judges by, and the classification policy by its digest.
func Packs(labels string) []Pack {
	b, err := json.Marshal(license.Table(), json.Deterministic(true))
	if err != nil {
		panic("the table of licences cannot be written: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return []Pack{{"labels", labels}, {"licences", "sha256:" + hex.EncodeToString(sum[:])}}
}

// Sign makes the signed statement about a result: what was decided, and all that was consumed for it. Its subjects are
// all files of the target.
func Sign(r *Result, p *Policy, by attest.Who, tool attest.Tool, keys ...*attest.PrivateKey) (*attest.Envelope, error) {
	if len(r.Files) == 0 {
		return nil, errors.New("sign verdict: the target has no files")
	}
	v := &attest.GateVerdict{
		Origin: attest.Origin{By: by, At: r.At, Tool: tool, Grade: attest.Verified},
		Target: r.Target, Verdict: string(r.Verdict), Label: r.Label.String(), Tree: r.Tree, Expires: r.Expires,
		Policy: attest.Material{Name: "gate policy", Digest: map[string]string{"sha256": strings.TrimPrefix(r.Policy, "sha256:")}, Grade: attest.Verified},
	}
	if v.Expires.IsZero() {
		v.Expires = r.At.Add(p.Valid)
	}
	for _, pack := range r.Packs {
		v.Packs = append(v.Packs, attest.Pack{Name: pack.Name, Version: pack.Version})
	}
	for _, b := range r.Base {
		v.Base = append(v.Base, attest.Material{Name: b.Name, Digest: b.Digest, Grade: attest.Declared})
	}
	for _, in := range r.Inputs {
		v.Inputs = append(v.Inputs, attest.Material{Name: in.Name, Digest: in.Digest, Grade: attest.Declared})
	}
	v.Facts = r.Facts
	for _, c := range r.Consumed {
		item := attest.Consumed{SHA256: c.Digest, PredicateType: predicateBase + c.Kind + "/v1", SignedBy: c.Keys, At: c.At, Expires: c.Until}
		if v.Consumed = append(v.Consumed, item); c.Kind == KindWaiver {
			v.Waivers = append(v.Waivers, item)
		}
	}
	for _, list := range []struct {
		from []Problem
		to   *[]attest.GateFinding
	}{{r.Violations, &v.Violations}, {r.Waived, &v.Violations}, {r.Missing, &v.Missing}} {
		for _, x := range list.from {
			*list.to = append(*list.to, attest.GateFinding{Rule: x.Rule, Message: x.Reason, Remedy: x.Remedy, Path: x.Path, Waived: x.Waiver})
		}
	}
	subjects := make([]attest.Resource, 0, len(r.Files))
	for _, f := range r.Files {
		subjects = append(subjects, attest.Resource{Name: f.Path, Digest: map[string]string{"sha256": f.SHA256}})
	}
	e, err := attest.SignPredicate(v, subjects, keys...)
	if err != nil {
		return nil, fmt.Errorf("sign verdict: %w", err)
	}
	return e, nil
}

// Open verifies a verdict: that a signer of the policy who may make gate-verdict signed it, that it is a pass under
// exactly this policy and these packs, and that it has not ended. A Problem says why it does not hold.
func Open(env *attest.Envelope, p *Policy, packs []Pack, now time.Time) (*attest.GateVerdict, *Problem) {
	digest := env.Digest()
	no := func(rule, reason string) *Problem {
		return &Problem{Rule: rule, Statement: digest, Reason: reason, Remedy: "have the model pass the gate again", Command: "reeve gate TARGET --sign KEY -o FILE.intoto.jsonl", Broken: rule == "statement/signature" || rule == "statement/malformed"}
	}
	e := &evaluation{policy: p, evidence: &Evidence{Statements: []Signed{{Envelope: env}}, Packs: packs}, now: now.UTC(), speak: map[string][]*claim{}, result: &Result{}}
	e.open()
	if len(e.result.Violations) > 0 {
		return nil, no(e.result.Violations[0].Rule, e.result.Violations[0].Reason)
	}
	if len(e.rejects) > 0 {
		return nil, no(e.rejects[0].rule, e.rejects[0].reason)
	}
	if len(e.claims) == 0 || e.claims[0].kind != KindVerdict {
		return nil, no("statement/malformed", "the statement is no verdict of a gate")
	}
	v := e.claims[0].p.(*attest.GateVerdict) //nolint:forcetypeassert // by its kind
	if why := holds(v, p, packs); why != "" {
		return nil, no("base/verdict", why)
	}
	return v, nil
}

// holds says why a verdict does not hold under a policy and the packs in force, "" where it does. Its signature, its time
// and its end are looked at elsewhere.
func holds(v *attest.GateVerdict, p *Policy, packs []Pack) string {
	switch {
	case v.Verdict != attest.Pass:
		return "its verdict is " + v.Verdict
	case "sha256:"+v.Policy.Digest["sha256"] != p.Digest():
		return "it was decided under another policy"
	}
	for _, now := range packs {
		i := slices.IndexFunc(v.Packs, func(then attest.Pack) bool { return then.Name == now.Name })
		if i < 0 || v.Packs[i].Version != now.Version {
			return "it was decided under another version of " + now.Name
		}
	}
	return ""
}
