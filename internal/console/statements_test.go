package console_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

// spoken are statements about the model "small", what it rests on, another model, and a data set.
func spoken(now time.Time) []lineage.Statement {
	digest := func(c string) string { return strings.Repeat(c, 64) }
	of := func(name, c string) []attest.Resource {
		return []attest.Resource{{Name: name, Digest: map[string]string{"sha256": digest(c)}}}
	}
	verdict := func(target, verdict, rests string) *attest.GateVerdict {
		return &attest.GateVerdict{Origin: attest.Origin{At: now.Add(-time.Hour)}, Target: target, Verdict: verdict, Consumed: []attest.Consumed{{SHA256: rests}}, Expires: now.Add(-time.Minute)}
	}
	return []lineage.Statement{
		{Digest: digest("1"), Kind: "gate-verdict", Subjects: of("small.gguf", "a"), Predicate: verdict("small", attest.Pass, digest("3")), SignedBy: []string{"key-of-the-board"}},
		{Digest: digest("2"), Kind: "gate-verdict", Subjects: of("other.gguf", "b"), Predicate: verdict("other", attest.Fail, digest("4")), SignedBy: []string{"key-of-somebody"}},
		{Digest: digest("3"), Kind: "model-scan", Subjects: of(hostile, "a"), SignedBy: []string{"scanner"}},
		{Digest: digest("5"), Kind: "dataset-audit", Predicate: &attest.DatasetAudit{
			Dataset: hostile, Label: "internal", At: now.Add(-50 * time.Hour), Before: attest.Counts{Total: 7}, After: &attest.Counts{Total: 1},
			Sourcing: &attest.SourcingSummary{Sources: []attest.LicenceVerdict{{Source: "forum", Licence: "CC-BY-4.0", Verdict: "allowed"}}},
		}},
	}
}

// A model shows the verdicts on it and its lineage, and nothing of other models; data sets show what was signed for.
func TestStatements(t *testing.T) {
	h := newHouse(t)
	h.said = spoken(h.clock())
	cora := h.signIn("cora")
	for lang, wants := range map[string][2][]string{
		"en": {{"Signed verdicts on this model", "pass", "key-of-the-board", "ended "}, {"Signed statements", "7 → 1", "2 days", "forum: CC-BY-4.0 (allowed)", "not verified"}},
		"de": {{"Signierte Urteile über dieses Modell", "bestanden", "abgelaufen "}, {"Signierte Erklärungen", "2 Tage", "nicht geprüft"}},
	} {
		cora.header["Accept-Language"] = []string{lang}
		for i, path := range []string{"/console/models/small", "/console/datasets"} {
			raw := cora.open(path)
			page := text(raw)
			for _, want := range wants[i] {
				if !strings.Contains(page, want) {
					t.Errorf("%s in %s does not say %q: %s", path, lang, want, page)
				}
			}
			if strings.Contains(page, "key-of-somebody") || strings.Contains(raw, "<script>alert") || strings.ContainsAny(raw, "\x1b\u202e") {
				t.Errorf("%s shows what it should not", path)
			}
			if found := unknownMessage.FindString(page); found != "" {
				t.Errorf("%s shows the key %q", path, found)
			}
			inOrder(t, path, raw)
		}
	}
	if a := cora.get("/console/datasets?format=csv&table=audits"); a.status != http.StatusOK || !strings.Contains(a.body, "forum") {
		t.Errorf("csv: %d %s", a.status, a.body)
	}
}

// The drawing needs no style of its own, holds no markup of names, and asks for the right.
func TestLineageDrawing(t *testing.T) {
	h := newHouse(t)
	h.said = spoken(h.clock())
	const path = "/console/lineage.svg?model=small"
	a := h.signIn("cora").get(path)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	if !strings.Contains(a.body, "&lt;script") || strings.Contains(a.body, "other.gguf") {
		t.Error("it shows another lineage")
	}
	if bad := regexp.MustCompile(`(?i)<script|<style|\sstyle=|<img|\x1b|\x{202e}`).FindString(a.body); bad != "" {
		t.Errorf("it holds %q", bad)
	}
	if a := h.signIn("ed").get(path); a.status != http.StatusForbidden {
		t.Errorf("for an employee: %d", a.status)
	}
}
