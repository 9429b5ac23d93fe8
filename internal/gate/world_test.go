package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// world is a target that passes, to be spoilt in one way at a time.
type world struct {
	t      testing.TB
	keys   map[string]*attest.PrivateKey
	text   string
	ev     *Evidence
	data   []attest.File
	audit  *attest.DatasetAudit
	train  *attest.Training
	scan   *attest.ModelScan
	eval   *attest.Evaluation
	alice  *attest.Approval
	bob    *attest.Approval
	signer map[string]string // kind or name of the approver → key
	extra  []Signed
	drop   map[string]bool
}

var worldPolicy = `version: 1
signers:
  - {name: ci, keys: [ci.pub], may: [dataset-audit, training, conversion, merge, model-scan, evaluation]}
  - {name: alice, aka: [alice@example.org], keys: [alice.pub], may: [approval, waiver], roles: [data-protection, health-privacy]}
  - {name: bob, keys: [bob.pub], may: [approval, waiver], roles: [security]}
  - {name: release, keys: [release.pub], may: [gate-verdict]}
  - {name: former, keys: [former.pub], may: [training], until: 2026-06-30}
files: {ignore: [README.md]}
origin:
  max_age: 365d
  others:
    - {name: acme/base, licence: Apache-2.0, files: [` + baseSum + `]}
scan: {again: true, statement: true, max_age: 30d}
data: {max_age: 180d, findings: {critical: 0, high: 0, medium: 2}, suppressed: 5}
evaluations: [{name: safety, max_age: 90d, metrics: [{name: refusal_rate, min: 0.9}]}]
licence: {use: {commercial: true, release: false}}
approvals: [{label: confidential, people: 1}, {label: restricted, people: 2}]
`

var baseSum = sumText("base weights")

func sumText(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func textFile(path, content string) attest.File {
	return attest.File{Path: path, SHA256: sumText(content), Size: int64(len(content))}
}

var worldKeys = []string{"ci", "alice", "bob", "release", "former", "stranger"}

func newWorld(t testing.TB) *world {
	w := &world{t: t, keys: map[string]*attest.PrivateKey{}, drop: map[string]bool{}, text: worldPolicy, signer: map[string]string{
		KindDataset: "ci", KindTraining: "ci", KindScan: "ci", KindEvaluation: "ci", "alice": "alice", "bob": "bob",
	}}
	for _, name := range worldKeys {
		k, err := attest.Generate(attest.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[name] = k
	}
	model := []attest.File{textFile("config.json", "{}"), textFile("model.safetensors", "tuned"), textFile("tokenizer.json", "tokens")}
	w.ev = &Evidence{Target: "bot", Scans: map[string]Scanned{}, Packs: []Pack{{"labels", "1"}, {"licences", "1"}}}
	for _, f := range append(model, textFile("README.md", "read me")) {
		w.ev.Files = append(w.ev.Files, File{f, RoleOf(f.Path, nil, f.Size)})
		w.ev.Scans[f.Path] = Scanned{SHA256: f.SHA256, Verdict: "clean"}
	}
	w.ev.Files[0], w.ev.Files[1], w.ev.Files[2], w.ev.Files[3] = w.ev.Files[3], w.ev.Files[0], w.ev.Files[1], w.ev.Files[2] // README.md comes first
	origin := func(days int) attest.Origin {
		return attest.Origin{By: attest.Who{Name: "carol"}, At: noon.Add(-time.Duration(days) * day), Tool: attest.Tool{Name: "reeve", Version: "1"}, Grade: attest.Verified}
	}
	w.data = []attest.File{textFile("train.jsonl", "data")}
	tree, err := attest.NewTree(w.data)
	w.check(err)
	w.audit = &attest.DatasetAudit{
		Dataset: "tickets", Files: w.data, Engine: attest.Engine{Version: "1"}, Label: "confidential{PII}", Tool: attest.Tool{Name: "reeve"}, At: noon.Add(-20 * day),
		Before: attest.Counts{Total: 2, ByKind: map[string]int64{"EMAIL_ADDRESS": 2}, BySeverity: map[string]int64{"medium": 2}},
	}
	data, err := attest.FolderMaterial("tickets", w.data)
	w.check(err)
	out, err := attest.FolderMaterial("out", model)
	w.check(err)
	w.train = &attest.Training{
		Origin: origin(10), Method: "fine-tune", Result: attest.Succeeded, Outputs: []attest.Material{out}, DataSets: []attest.Material{data},
		Base: []attest.Material{attest.FileMaterial("acme/base", attest.File{Path: "base.safetensors", SHA256: baseSum})},
	}
	mtree, err := attest.NewTree(model)
	w.check(err)
	w.scan = &attest.ModelScan{Origin: origin(3), Scanner: attest.Tool{Name: "reeve", Version: "1"}, Model: mtree, Verdict: "clean", Counts: map[string]int64{"clean": 3}}
	for _, f := range model {
		w.scan.Files = append(w.scan.Files, attest.ScannedFile{File: f, Verdict: "clean"})
	}
	w.eval = &attest.Evaluation{Origin: origin(5), Suite: attest.Suite{Name: "safety"}, Metrics: []attest.Metric{{Name: "refusal_rate", Value: 0.95}}}
	approval := func(name string) *attest.Approval {
		a := &attest.Approval{Origin: origin(2), Decision: attest.Approved, Reason: "looked at"}
		a.By = attest.Who{Name: name, Role: "reviewer"}
		return a
	}
	w.alice, w.bob = approval("alice@example.org"), approval("bob")
	_ = tree
	return w
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// model are the files that statements speak of: all but README.md.
func (w *world) model() []attest.Resource {
	m := w.train.Outputs[0]
	return m.Subjects()
}

func (w *world) policy() *Policy {
	w.t.Helper()
	p, err := Parse("gate.yaml", []byte(w.text), func(name string) ([]byte, error) {
		if k, ok := w.keys[name[:len(name)-len(".pub")]]; ok {
			return k.Public().MarshalPEM(), nil
		}
		return nil, errors.New("no such file")
	})
	w.check(err)
	return p
}

func (w *world) sign(p attest.Predicate, subjects []attest.Resource, key string) Signed {
	w.t.Helper()
	e, err := attest.SignPredicate(p, subjects, w.keys[key])
	w.check(err)
	return Signed{key + ".intoto.jsonl", false, e}
}

// evidence signs everything that was not dropped.
func (w *world) evidence() *Evidence {
	w.t.Helper()
	ev := *w.ev
	if !w.drop[KindDataset] {
		e, err := attest.SignDatasetAudit(w.audit, w.keys[w.signer[KindDataset]])
		w.check(err)
		ev.Statements = append(ev.Statements, Signed{"data.intoto.jsonl", false, e})
	}
	for _, s := range []struct {
		name string
		p    attest.Predicate
	}{{KindTraining, w.train}, {KindScan, w.scan}, {KindEvaluation, w.eval}, {"alice", w.alice}, {"bob", w.bob}} {
		if !w.drop[s.name] {
			ev.Statements = append(ev.Statements, w.sign(s.p, w.model(), w.signer[s.name]))
		}
	}
	ev.Statements = append(ev.Statements, w.extra...)
	return &ev
}

func (w *world) evaluate() *Result {
	w.t.Helper()
	return Evaluate(w.policy(), w.evidence(), noon)
}
