package sourcing_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/sourcing"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// isc is a licence text that is short enough to stand here.
const isc = `Copyright 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
`

const robots = "User-agent: *\nAllow: /\n"

// folder makes a data set with one public source and its licence.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "web/a.jsonl", "{\"text\":\"hello\"}\n")
	write(t, dir, "web/LICENSE", isc)
	write(t, dir, "README.md", "# Data\n")
	return dir
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// manifest is one that nothing is missing from; every field is given.
func manifest() *sourcing.Manifest {
	users := int64(1000)
	return &sourcing.Manifest{
		Version: 1,
		Dataset: sourcing.Dataset{
			Name: "demo", Version: "1.2.0", Description: "Sentences for tests", URL: "https://example.org/demo", Creator: "Example Ltd", Issuer: "Example Ltd",
			Contact: "data@example.org", Published: "2026-10-01", PreviousPublished: "2026-01-01", ID: "urn:example:demo", Licence: "ISC", Keywords: []string{"demo"},
			IntendedUse: "Tests", Maintenance: "Twice a year", Documents: []string{"README.md"},
		},
		Use: sourcing.Use{
			Commercial: true, Establishments: []string{"DE"}, Processing: []string{"DE"}, Storage: []string{"DE"}, MonthlyActiveUsers: &users, Modality: "text",
			Family: "mine", WeightsAreAdaptation: "undecided",
		},
		Sources: []sourcing.Source{{
			ID: "web", Name: "Web texts", Version: "3", Kind: "public", Description: "Texts from the web", Files: []string{"web/**"}, Records: 1, Modality: "text", Languages: []string{"en"},
			Origin: sourcing.Origin{
				URLs: []string{"https://example.org/web.jsonl"}, RetrievedAt: "2026-09-01T10:00:00Z", Retriever: "curl 8.9", Method: "download", HTTPStatus: 200, ETag: "\"x\"",
				RawDigest: "sha256:" + strings.Repeat("a", 64), From: "2020-01-01", To: "2025-12-31",
			},
			Creator: "Somebody", RightsHolder: "Somebody",
			Licence: sourcing.Licence{
				Declared: "ISC", URL: "https://example.org/licence", Evidence: "web/LICENSE", EvidenceDigest: sourcing.DigestBytes([]byte(isc)), Detected: "ISC", VerifiedBy: "J. Smith",
				UseClass: "commercial", Attribution: "Somebody",
			},
			PersonalData: sourcing.PersonalData{
				Present: "yes", LegalBasis: "legitimate-interests", SpecialBasis: "j", DPIA: "DPIA-7", HIPAA: "not-applicable", Jurisdictions: []string{"EU"}, Protection: []string{"masking"},
			},
			Geography:      sourcing.Geography{Origin: []string{"GB"}, ProcessingAllowed: []string{"EU"}, ProcessingExcluded: []string{"US"}, StorageAllowed: []string{"EU"}},
			Export:         sourcing.ExportControl{Classification: "EAR99", SanctionsScreened: "2026-09-01", SanctionsLists: []string{"EU 2026-08-30"}, EmbargoedRecipients: []string{"KP"}},
			Retention:      sourcing.Retention{Period: "365d", Deletion: "by record number"},
			Classification: "restricted{PCI,PHI,PII,SECRET,SPECIAL}",
			Proprietary:    sourcing.Proprietary{Copyright: "yes", Patent: "no", Trademark: "unknown"},
			Lineage: sourcing.Lineage{DerivedFrom: []string{"https://example.org/raw"}, Transformations: []sourcing.Transformation{
				{Name: "removed duplicates", Code: "dedup 1.0", Digest: "sha256:bb", Parameters: map[string]string{"threshold": "0.8"}, RecordsIn: 2, RecordsOut: 1},
			}},
			Scans:       []sourcing.Scan{{Statement: "data.intoto.jsonl", At: "2026-09-02", Engine: "1", Rules: "sha256:cc", Before: map[string]int64{"EMAIL_ADDRESS": 2}, After: map[string]int64{}, Residual: "below 1 %", Reviewer: "J. Smith"}},
			Bias:        []string{"mostly English"},
			Limitations: []string{"short texts"},
			Uses:        sourcing.Uses{Intended: "training", Permitted: []string{"research"}, Prohibited: []string{"advertising"}},
			Expires:     "2099-01-01", Recheck: "2099-01-01",
		}},
	}
}

// sealed writes the digests of a folder into a manifest and reads it as a user's file would be.
func sealed(t testing.TB, dir string, m *sourcing.Manifest) *sourcing.Doc {
	t.Helper()
	first := check(t, dir, parsed(t, m), nil)
	for i := range m.Sources {
		if m.Sources[i].Digest == "" && i < len(first.Sources) {
			m.Sources[i].Digest, m.Sources[i].Bytes = first.Sources[i].Digest, first.Sources[i].Bytes
		}
	}
	return parsed(t, m)
}

func parsed(t testing.TB, m *sourcing.Manifest) *sourcing.Doc {
	t.Helper()
	text, err := sourcing.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d, err := sourcing.Parse("sourcing.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return d
}

func check(t testing.TB, dir string, d *sourcing.Doc, o *sourcing.Observed) *sourcing.Result {
	t.Helper()
	r, err := sourcing.Check(t.Context(), d, sourcing.Options{Dir: dir, Now: now, Observed: o, Classify: label.Default().Of})
	if err != nil {
		t.Fatal(err)
	}
	return r
}
