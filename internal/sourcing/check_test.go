package sourcing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

func TestCheckOfAWholeManifest(t *testing.T) {
	dir := folder(t)
	r := check(t, dir, sealed(t, dir, manifest()), nil)
	if len(r.Findings) > 0 {
		t.Errorf("findings: %+v", r.Findings)
	}
	if r.Verdict() != "the evidence supports the declared use" || r.Tree.Files != 3 || r.Sources[0].Files != 2 {
		t.Errorf("%s, %+v", r.Verdict(), r.Sources)
	}
}

func seen(path, rule, kind string) *sourcing.Observed {
	return &sourcing.Observed{Counts: []sourcing.Count{{Path: path, Rule: rule, Kind: kind, Severity: reeve.SeverityMedium, Count: 3}}}
}

// Each case breaks one thing in a manifest that nothing is missing from. Together they must set off every rule.
func TestCheckFinds(t *testing.T) {
	email := seen("web/a.jsonl", "pii/email", "EMAIL_ADDRESS")
	synthetic := func(licence string) func(*sourcing.Manifest) {
		return func(m *sourcing.Manifest) {
			m.Sources[0].Kind = "synthetic"
			m.Sources[0].Synthetic.Generators = []sourcing.Generator{{Model: "Llama-3-70B", Licence: licence}}
		}
	}
	s := func(f func(*sourcing.Source)) func(*sourcing.Manifest) {
		return func(m *sourcing.Manifest) { f(&m.Sources[0]) }
	}
	licence := func(id string) func(*sourcing.Source) {
		return func(x *sourcing.Source) {
			x.Licence.Declared, x.Licence.Evidence, x.Licence.EvidenceDigest, x.Licence.Detected, x.Files = id, "", "", "", []string{"web/a.jsonl"}
		}
	}
	crawl := func(result, text string) func(*testing.T, string, *sourcing.Manifest) {
		return func(t *testing.T, dir string, m *sourcing.Manifest) {
			write(t, dir, "web/robots.txt", text)
			m.Sources[0].Kind = "crawl"
			digest := sourcing.DigestBytes([]byte(text))
			m.Sources[0].OptOut = []sourcing.OptOut{
				{Signal: "robots", RecordedAt: "2026-09-01", Digest: digest, File: "web/robots.txt", Result: result},
				{Signal: "tdmrep", RecordedAt: "2026-09-01", Digest: "none", Result: "none"},
				{Signal: "headers", RecordedAt: "2026-09-01", Digest: "none", Result: "none"},
			}
		}
	}
	for _, tt := range []struct {
		name     string
		change   func(*sourcing.Manifest)
		prepare  func(*testing.T, string, *sourcing.Manifest)
		after    func(*testing.T, string, *sourcing.Manifest)
		observed *sourcing.Observed
		rule     string
		missing  bool
	}{
		{name: "a file of nobody", prepare: func(t *testing.T, dir string, _ *sourcing.Manifest) { write(t, dir, "b.csv", "x") }, rule: "sourcing/uncovered-file"},
		{name: "a file of two", change: func(m *sourcing.Manifest) { m.Dataset.Documents = append(m.Dataset.Documents, "web/LICENSE") }, rule: "sourcing/overlapping-sources"},
		{name: "no files", change: s(func(x *sourcing.Source) { x.Files = []string{"nothing/**"} }), rule: "sourcing/no-files"},
		{name: "a link", prepare: func(t *testing.T, dir string, _ *sourcing.Manifest) {
			if err := os.Symlink("a.jsonl", filepath.Join(dir, "web", "link")); err != nil {
				t.Skip(err)
			}
		}, rule: "sourcing/unreadable-file", missing: true},
		{name: "no digest", change: s(func(x *sourcing.Source) { x.Digest = "unknown" }), rule: "sourcing/digest-missing", missing: true},
		{name: "changed bytes", after: func(t *testing.T, dir string, _ *sourcing.Manifest) { write(t, dir, "web/a.jsonl", "other") }, rule: "sourcing/digest-mismatch"},
		{name: "no creator", change: s(func(x *sourcing.Source) { x.Creator = "unknown" }), rule: "sourcing/field-missing", missing: true},
		{name: "no description", change: func(m *sourcing.Manifest) { m.Dataset.Description = "" }, rule: "sourcing/field-missing", missing: true},
		{name: "licence unverified", change: s(func(x *sourcing.Source) { x.Licence.VerifiedBy = "" }), rule: "sourcing/field-missing", missing: true},
		{name: "licence unknown", change: func(m *sourcing.Manifest) { m.Use.Commercial = false; licence("unknown")(&m.Sources[0]) }, rule: "sourcing/licence-unknown", missing: true},
		{name: "licence unknown, commercial", change: s(licence("NONE")), rule: "sourcing/licence-commercial-use"},
		{name: "no expression", change: s(licence("free for all")), rule: "sourcing/licence-expression"},
		{name: "text says otherwise", change: s(func(x *sourcing.Source) { x.Licence.Declared = "MIT" }), rule: "sourcing/licence-mismatch"},
		{name: "text is gone", change: s(func(x *sourcing.Source) { x.Licence.Evidence = "LICENSE" }), rule: "sourcing/licence-evidence"},
		{name: "text is elsewhere", change: s(func(x *sourcing.Source) { x.Licence.Evidence = "../LICENSE" }), rule: "sourcing/licence-evidence"},
		{name: "text was changed", change: s(func(x *sourcing.Source) { x.Licence.EvidenceDigest = "sha256:" + strings.Repeat("0", 64) }), rule: "sourcing/licence-evidence"},
		{name: "non-commercial", change: s(licence("CC-BY-NC-4.0")), rule: "sourcing/licence-commercial-use"},
		{name: "territory", change: func(m *sourcing.Manifest) {
			m.Use.Modality, m.Sources[0].Licence = "multimodal", sourcing.Licence{Declared: "LicenseRef-llama4", VerifiedBy: "x"}
		}, rule: "sourcing/licence-territory"},
		{name: "users", change: func(m *sourcing.Manifest) {
			licence("LicenseRef-llama3")(&m.Sources[0])
			many := int64(800_000_000)
			m.Use.MonthlyActiveUsers = &many
		}, rule: "sourcing/licence-user-limit"},
		{name: "forbidden", change: func(m *sourcing.Manifest) {
			licence("LicenseRef-deepseek")(&m.Sources[0])
			m.Use.Tags = []string{"military"}
		}, rule: "sourcing/licence-forbidden-use"},
		{name: "synthetic data", change: synthetic("LicenseRef-llama3"), rule: "sourcing/licence-synthetic-data"},
		{name: "name prefix", change: func(m *sourcing.Manifest) {
			licence("LicenseRef-llama3")(&m.Sources[0])
			m.Use.Release, m.Use.ReleaseName, m.Use.Bundle = true, "Mine", []string{"LICENSE", "NOTICE"}
		}, rule: "sourcing/licence-name-prefix"},
		{name: "notices", change: func(m *sourcing.Manifest) { m.Use.Release, m.Use.Bundle = true, []string{"model.bin"} }, rule: "sourcing/licence-notices"},
		{name: "share-alike", change: func(m *sourcing.Manifest) {
			licence("CC-BY-SA-4.0")(&m.Sources[0])
			m.Use.Release, m.Use.ReleaseLicence, m.Use.WeightsAreAdaptation = true, "MIT", "yes"
		}, rule: "sourcing/licence-share-alike"},
		{name: "no derivatives", change: func(m *sourcing.Manifest) {
			licence("CC-BY-ND-4.0")(&m.Sources[0])
			m.Use.Release = true
		}, rule: "sourcing/licence-no-derivatives", missing: true},
		{name: "mixing", prepare: func(t *testing.T, dir string, m *sourcing.Manifest) {
			write(t, dir, "b.csv", "x")
			licence("CC-BY-SA-4.0")(&m.Sources[0])
			other := m.Sources[0]
			other.ID, other.Files, other.Licence.Declared = "b", []string{"b.csv", "web/LICENSE"}, "ODbL-1.0"
			m.Sources = append(m.Sources, other)
			m.Use.Release, m.Use.ReleaseLicence, m.Use.WeightsAreAdaptation = true, "CC-BY-SA-4.0", "yes"
		}, rule: "sourcing/licence-mixing"},
		{name: "review", change: s(licence("LicenseRef-contract-7")), rule: "sourcing/licence-review", missing: true},
		{name: "review too late", change: s(func(x *sourcing.Source) {
			licence("LicenseRef-contract-7")(x)
			x.Licence.ReviewBy = "2026-01-01"
		}), rule: "sourcing/expired"},
		{name: "prohibited use", change: func(m *sourcing.Manifest) { m.Use.Tags = []string{"Advertising"} }, rule: "sourcing/prohibited-use"},
		{name: "use class", change: s(func(x *sourcing.Source) { x.Licence.UseClass = "research" }), rule: "sourcing/prohibited-use"},
		{name: "generator", change: s(func(x *sourcing.Source) { x.Kind = "synthetic" }), rule: "sourcing/generator-missing", missing: true},
		{name: "legal basis", change: s(func(x *sourcing.Source) { x.PersonalData.LegalBasis = "unknown" }), observed: email, rule: "sourcing/legal-basis"},
		{name: "consent without document", change: s(func(x *sourcing.Source) { x.PersonalData.LegalBasis = "consent" }), rule: "sourcing/legal-basis"},
		{name: "special category", change: s(func(x *sourcing.Source) { x.PersonalData.SpecialBasis = "" }), observed: seen("web/a.jsonl", "special/religion", "RELIGION"), rule: "sourcing/special-category-basis"},
		{name: "impact assessment", change: s(func(x *sourcing.Source) { x.PersonalData.DPIA = "" }), observed: seen("web/a.jsonl", "special/religion", "RELIGION"), rule: "sourcing/impact-assessment", missing: true},
		{name: "health", change: s(func(x *sourcing.Source) { x.PersonalData.HIPAA = "" }), observed: seen("web/a.jsonl", "phi/x", "HEALTH"), rule: "sourcing/health-basis", missing: true},
		{name: "undeclared", change: s(func(x *sourcing.Source) { x.PersonalData.Present = "no" }), observed: email, rule: "sourcing/personal-data-undeclared"},
		{name: "undeclared, by a statement", change: s(func(x *sourcing.Source) { x.PersonalData.Present = "no" }), observed: seen("", "", "EMAIL_ADDRESS"), rule: "sourcing/personal-data-undeclared"},
		{name: "presence unknown", change: s(func(x *sourcing.Source) { x.PersonalData.Present = "" }), rule: "sourcing/personal-data-unknown", missing: true},
		{name: "secrets", observed: seen("web/a.jsonl", "secret/x", "SECRET"), rule: "sourcing/secrets-found"},
		{name: "classification too low", change: s(func(x *sourcing.Source) { x.Classification = "internal" }), observed: email, rule: "sourcing/classification"},
		{name: "no classification", change: s(func(x *sourcing.Source) { x.Classification = "unknown" }), rule: "sourcing/classification-missing", missing: true},
		{name: "export", change: s(func(x *sourcing.Source) { x.Export.Classification = "" }), rule: "sourcing/export-control", missing: true},
		{name: "origin", change: s(func(x *sourcing.Source) { x.Geography.Origin = nil }), rule: "sourcing/territory-missing", missing: true},
		{name: "jurisdictions", change: s(func(x *sourcing.Source) { x.PersonalData.Jurisdictions = nil }), rule: "sourcing/territory-missing", missing: true},
		{name: "processing place not declared", change: func(m *sourcing.Manifest) { m.Use.Processing = nil }, rule: "sourcing/territory-missing", missing: true},
		{name: "processed where it must not be", change: func(m *sourcing.Manifest) { m.Use.Processing = []string{"US"} }, rule: "sourcing/territory-excluded"},
		{name: "stored where it may not be", change: func(m *sourcing.Manifest) { m.Use.Storage = []string{"CH"} }, rule: "sourcing/territory-excluded"},
		{name: "embargo", change: func(m *sourcing.Manifest) { m.Use.Establishments = append(m.Use.Establishments, "KP") }, rule: "sourcing/territory-excluded"},
		{name: "retention", change: s(func(x *sourcing.Source) { x.Retention.Deletion = "" }), rule: "sourcing/retention-missing", missing: true},
		{name: "no signals", change: s(func(x *sourcing.Source) { x.Kind = "crawl" }), rule: "sourcing/opt-out-missing", missing: true},
		{name: "reserved", prepare: crawl("reserved", "User-agent: *\nDisallow: /\n"), rule: "sourcing/opt-out-reserved"},
		{name: "recorded otherwise", prepare: crawl("allowed", robots), rule: "sourcing/opt-out-mismatch"},
		{name: "signal's bytes changed", prepare: crawl("none", robots), after: func(t *testing.T, dir string, m *sourcing.Manifest) {
			m.Sources[0].OptOut[0].Digest = "sha256:" + strings.Repeat("0", 64)
		}, rule: "sourcing/opt-out-mismatch"},
		{name: "expired", change: s(func(x *sourcing.Source) { x.Expires = "2026-11-19" }), rule: "sourcing/expired"},
		{name: "recheck", change: s(func(x *sourcing.Source) { x.Recheck = "2026-11-19" }), rule: "sourcing/recheck-due", missing: true},
		{name: "findings elsewhere", observed: &sourcing.Observed{Lost: 2}, rule: "sourcing/scan-elsewhere", missing: true},
		{name: "scanned other bytes", observed: &sourcing.Observed{Files: []attest.File{{Path: "web/a.jsonl", SHA256: strings.Repeat("0", 64)}}}, rule: "sourcing/scan-elsewhere", missing: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, m := folder(t), manifest()
			if tt.prepare != nil {
				tt.prepare(t, dir, m)
			}
			if tt.change != nil {
				tt.change(m)
			}
			sealed(t, dir, m)
			if tt.after != nil {
				tt.after(t, dir, m)
			}
			r := check(t, dir, parsed(t, m), tt.observed)
			at := slices.IndexFunc(r.Findings, func(f reeve.Finding) bool { return f.Rule == tt.rule })
			if at < 0 {
				t.Fatalf("%s is not told; told: %+v", tt.rule, r.Findings)
			}
			f := r.Findings[at]
			if f.Remedy == "" || f.Message == "" || f.Kind != sourcing.Kind || f.Fingerprint == "" || f.Path == "" || f.Path == "sourcing.yaml" && f.Line == 0 {
				t.Errorf("the finding lacks something: %+v", f)
			}
			if !tt.missing && r.Violated == 0 || tt.missing && r.Missing == 0 {
				t.Errorf("%d wrong, %d missing", r.Violated, r.Missing)
			}
			delete(told, tt.rule)
		})
	}
	for rule := range told {
		t.Errorf("no case sets off %s", rule)
	}
}

// told are the rules that no case has set off yet.
var told = func() map[string]bool {
	m := map[string]bool{}
	for _, r := range sourcing.Rules() {
		m[r.ID] = true
	}
	return m
}()

// What was evidence enough stays so: nothing that looks close is told.
func TestCheckStaysQuiet(t *testing.T) {
	for _, tt := range []struct {
		name     string
		change   func(*sourcing.Manifest)
		observed *sourcing.Observed
	}{
		{"personal data with a basis", nil, seen("web/a.jsonl", "pii/email", "EMAIL_ADDRESS")},
		{"special categories with a basis", nil, seen("web/a.jsonl", "special/religion", "RELIGION")},
		{"findings in documents", func(m *sourcing.Manifest) { m.Sources[0].PersonalData.Present = "no" }, seen("README.md", "pii/email", "EMAIL_ADDRESS")},
		{"what identifies nobody", func(m *sourcing.Manifest) { m.Sources[0].PersonalData.Present = "no" }, seen("web/a.jsonl", "pii/url", "URL")},
		{"last day", func(m *sourcing.Manifest) { m.Sources[0].Expires, m.Sources[0].Recheck = "2026-11-21", "2026-11-21" }, nil},
		{"a choice that holds what was found", func(m *sourcing.Manifest) { m.Sources[0].Licence.Declared = "ISC OR MIT" }, nil},
		{"generator of the same family", func(m *sourcing.Manifest) {
			m.Use.Family = "llama"
			m.Sources[0].Synthetic.Generators = []sourcing.Generator{{Model: "Llama-3", Licence: "LicenseRef-llama3"}}
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir, m := folder(t), manifest()
			if tt.change != nil {
				tt.change(m)
			}
			if r := check(t, dir, sealed(t, dir, m), tt.observed); len(r.Findings) > 0 {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}

// A reviewed licence is allowed for the bytes that were reviewed, and for no others.
func TestDecisionIsAboutBytes(t *testing.T) {
	dir, m := folder(t), manifest()
	m.Sources[0].Licence = sourcing.Licence{Declared: "LicenseRef-contract-7", VerifiedBy: "J. Smith"}
	m.Sources[0].Files = []string{"web/a.jsonl"}
	m.Dataset.Documents = append(m.Dataset.Documents, "web/LICENSE")
	m.Use.Commercial = false
	sealed(t, dir, m)
	m.Sources[0].Licence.Decision = &sourcing.Decision{By: "J. Smith", Reference: "DEC-9", Digest: m.Sources[0].Digest, Allows: true, Until: "2027-01-01"}
	if r := check(t, dir, parsed(t, m), nil); len(r.Findings) > 0 {
		t.Errorf("decided: %+v", r.Findings)
	}
	m.Sources[0].Licence.Decision.By = ""
	if r := check(t, dir, parsed(t, m), nil); r.Violated == 0 {
		t.Error("a decision by nobody allows")
	}
	m.Sources[0].Licence.Decision.By = "J. Smith"
	write(t, dir, "web/a.jsonl", "other")
	m.Sources[0].Digest = ""
	sealed(t, dir, m)
	if r := check(t, dir, parsed(t, m), nil); r.Missing == 0 {
		t.Error("the decision is good for other bytes")
	}
}

func TestFindings(t *testing.T) {
	line := func(path string) string {
		return `{"rule":"pii/email","kind":"EMAIL_ADDRESS","severity":"medium","score":0.9,"path":"` + path + `","start":1,"end":2}` + "\n"
	}
	o, err := sourcing.ReadFindings(strings.NewReader(line("data/web/a.jsonl")+"\n"+line("data/web/a.jsonl")+line("data/b.zip!/c.csv")+line("other/x")), "data")
	if err != nil {
		t.Fatal(err)
	}
	want := &sourcing.Observed{Lost: 1, Counts: []sourcing.Count{
		{Path: "web/a.jsonl", Rule: "pii/email", Kind: "EMAIL_ADDRESS", Severity: reeve.SeverityMedium, Count: 2},
		{Path: "b.zip", Rule: "pii/email", Kind: "EMAIL_ADDRESS", Severity: reeve.SeverityMedium, Count: 1},
	}}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	for name, text := range map[string]string{"no JSON": "x\n", "no finding": "{}\n", "long": strings.Repeat(" ", 2<<20)} {
		if _, err := sourcing.ReadFindings(strings.NewReader(text), "data"); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func TestFromStatement(t *testing.T) {
	k, err := attest.Generate(attest.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	a := &attest.DatasetAudit{Dataset: "d", Engine: attest.Engine{Version: "1"}, Tool: attest.Tool{Name: "reeve"}, Label: "public", At: now, Files: []attest.File{{Path: "a", SHA256: strings.Repeat("a", 64)}}}
	a.Before.Add("EMAIL_ADDRESS", reeve.SeverityHigh)
	for _, cleaned := range []bool{false, true} {
		if cleaned {
			a.After = &attest.Counts{}
		}
		e, err := attest.SignDatasetAudit(a, k)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := attest.Open(e, k.Public())
		if err != nil {
			t.Fatal(err)
		}
		o, err := sourcing.FromStatement(s)
		if err != nil || len(o.Files) != 1 || len(o.Counts) != map[bool]int{false: 1, true: 0}[cleaned] {
			t.Errorf("cleaned %v: %+v, %v", cleaned, o, err)
		}
	}
}
