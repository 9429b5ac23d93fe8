package vulndb_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

func put(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func epss(day, rows string) string {
	return "#model_version:v2025.03.14,score_date:" + day + "T12:55:00Z\ncve,epss,percentile\n" + rows
}

func kev(day, rows string) string {
	return `{"title":"CISA","catalogVersion":"1","dateReleased":"` + day + `T10:00:00Z","count":1,"vulnerabilities":[` + rows + `]}`
}

func TestSignals(t *testing.T) {
	const m = "2026-01-01T00:00:00Z"
	dir := filepath.Join(t.TempDir(), "db")
	source := folder(t, advisory("GHSA-1", `"CVE-2026-1"`, m, about("PyPI", "a", `{"introduced":"0"}`)), advisory("GHSA-2", "", m, about("PyPI", "a", `{"introduced":"0"}`)))
	if _, err := vulndb.ImportSignals(dir, put(t, "e.csv", epss("2026-01-01", "")), ""); !errors.Is(err, vulndb.ErrNone) {
		t.Errorf("got %v", err)
	}
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{source}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write([]byte(epss("2026-01-02", "CVE-2026-1,0.25,0.9\nCVE-2026-10,0.1,0.2\n"))); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := vulndb.ImportSignals(dir, put(t, "e.csv.gz", zipped.String()), put(t, "k.json", kev("2026-01-03", `{"cveID":"CVE-2026-1","dateAdded":"2025-12-31","dueDate":"2026-01-21","knownRansomwareCampaignUse":"Known"}`))); err != nil {
		t.Fatal(err)
	}
	got := signals(t, dir)
	want := []*vulndb.Signal{{EPSS: 0.25, Percentile: 0.9, KEV: "2025-12-31", Due: "2026-01-21", Ransomware: true}, nil}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	// An import of advisories keeps them; what they replace is gone; neither goes back.
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{source}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, signals(t, dir)); diff != "" {
		t.Error(diff)
	}
	for _, old := range [][2]string{{put(t, "e", epss("2026-01-01", "")), ""}, {"", put(t, "k", kev("2026-01-02", ""))}} {
		if _, err := vulndb.ImportSignals(dir, old[0], old[1]); !errors.Is(err, vulndb.ErrRollback) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := vulndb.ImportSignals(dir, put(t, "e", epss("2026-01-04", "CVE-2026-2,0.5,0.5\n")), ""); err != nil {
		t.Fatal(err)
	}
	want[0] = &vulndb.Signal{KEV: "2025-12-31", Due: "2026-01-21", Ransomware: true}
	if diff := cmp.Diff(want, signals(t, dir)); diff != "" {
		t.Error(diff)
	}
	for name, bad := range map[string]string{"no day": "cve,epss,percentile\n", "columns": epss("2026-01-05", "") + "CVE-1,2\n", "a number": epss("2026-01-05", "CVE-2026-1,1.5,0\n"), "NaN": epss("2026-01-05", "CVE-2026-1,NaN,0\n"), "a name": epss("2026-01-05", "x,0,0\n")} {
		if _, err := vulndb.ImportSignals(dir, put(t, "e", bad), ""); err == nil {
			t.Errorf("%s: no error", name)
		}
	}

	// It is carried, signed, and a changed byte is noticed.
	key, err := attest.Generate("ed25519")
	if err != nil {
		t.Fatal(err)
	}
	if err := vulndb.Sign(dir, key); err != nil {
		t.Fatal(err)
	}
	carried := filepath.Join(t.TempDir(), "s.zip")
	f, err := os.Create(carried)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(vulndb.Export(dir, f), f.Close()); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "db")
	if _, err := vulndb.Carried(other, carried, key.Public()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, signals(t, other)); diff != "" {
		t.Error(diff)
	}
	path := filepath.Join(other, "signals.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte("2025-12-31"), []byte("2025-12-30"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.Open(other)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Audit([]deps.Package{{Name: "a", Version: "1", Ecosystem: "PyPI"}}, nil); !errors.Is(err, vulndb.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
}

func signals(t testing.TB, dir string) []*vulndb.Signal {
	t.Helper()
	db, err := vulndb.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got, err := db.Audit([]deps.Package{{Name: "a", Version: "1", Ecosystem: "PyPI"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []*vulndb.Signal
	for _, v := range got[0].Vulnerabilities {
		out = append(out, v.Signal)
	}
	return out
}

// A look-up trusts nothing that is not in the manifest: a changed version is noticed without Verify.
func TestLookupNoticesChanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{folder(t, advisory("A", "", "2026-01-01T00:00:00Z", about("PyPI", "a", `{"introduced":"0"},{"fixed":"9"}`)))}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "PyPI.osv.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"a version": bytes.Replace(b, []byte(`"9"`), []byte(`"1"`), 1), "one line less": nil, "one line more": append(bytes.Clone(b), "{}\n"...)} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := vulndb.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Find("PyPI", "a", "2"); !errors.Is(err, vulndb.ErrCorrupt) {
			t.Errorf("%s: got %v", name, err)
		}
		db.Close()
	}
}

// Many look-ups find the same as few.
func TestManyLookups(t *testing.T) {
	var all []string
	for i := range 50 {
		all = append(all, advisory("A-"+strings.Repeat("x", i+1), "", "2026-01-01T00:00:00Z", about("npm", `q"`+strings.Repeat("y", i), `{"introduced":"0"}`)))
	}
	db := imported(t, folder(t, all...))
	for range 200 {
		for i := range 50 {
			want := []string{"A-" + strings.Repeat("x", i+1)}
			if diff := cmp.Diff(want, ids(t, db, "npm", `q"`+strings.Repeat("y", i), "1.0.0")); diff != "" {
				t.Fatal(diff)
			}
		}
	}
	for i := range 5000 {
		if got := ids(t, db, "npm", strings.Repeat("z", i%50)+string(rune('a'+i%26)), "1.0.0"); len(got) > 0 {
			t.Fatal(got)
		}
	}
	if diff := cmp.Diff([]string{"A-x"}, ids(t, db, "npm", `q"`, "1.0.0")); diff != "" {
		t.Error(diff)
	}
}

func TestPartsOfEcosystems(t *testing.T) {
	const m = "2026-01-01T00:00:00Z"
	db := imported(t, folder(t, advisory("U", "", m, about("Ubuntu:22.04:LTS", "openssl", `{"introduced":"0"},{"fixed":"3.0.2-0ubuntu1.9"}`)),
		advisory("P", "", m, about("PyPI", "numpy", `{"introduced":"0"},{"fixed":"1.22"}`)), advisory("R", "", m, about("Rocky Linux:9", "openssl", `{"introduced":"0"},{"fixed":"1:3.0.7-27.el9"}`))))
	for _, tt := range []struct {
		ecosystem, name, version string
		want                     []string
	}{
		{"Ubuntu:22.04", "openssl", "3.0.2-0ubuntu1.8", []string{"U"}},
		{"Ubuntu:22.04", "openssl", "3.0.2-0ubuntu1.10", []string{}},
		{"Ubuntu", "openssl", "1", []string{}},
		{"Ubuntu:22", "openssl", "1", []string{}},
		{"conda-forge", "numpy", "1.21.0", []string{"P"}},
		{"Rocky Linux:9", "openssl", "1:3.0.7-26.el9", []string{"R"}},
		{"Rocky Linux:9", "openssl", "1:3.0.7-27.el9", []string{}},
	} {
		if diff := cmp.Diff(tt.want, ids(t, db, tt.ecosystem, tt.name, tt.version)); diff != "" {
			t.Errorf("%s %s %s: %s", tt.ecosystem, tt.name, tt.version, diff)
		}
	}
}

// Scores of FIRST's own examples (CVSS 3.1, examples).
func TestCVSS(t *testing.T) {
	for vector, want := range map[string]float64{
		"CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N": 6.4, "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N": 3.1,
		"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 9.8, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H": 10,
		"CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N": 0, "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H": 6.8,
	} {
		if got, ok := (vulndb.Severity{Score: vector}).Base(); !ok || got != want {
			t.Errorf("%s: got %v, want %v", vector, got, want)
		}
	}
	for _, vector := range []string{"", "CVSS:3.1/AV:N", "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:4.0/AV:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:X/C:H/I:H/A:H"} {
		if n, ok := (vulndb.Severity{Score: vector}).Base(); ok {
			t.Errorf("%q: %v", vector, n)
		}
	}
}

// What was judged goes out and comes in again, in both formats.
func TestVEXRoundTrip(t *testing.T) {
	list := []vulndb.Affected{{Package: deps.Package{Name: "a", Version: "1", Ecosystem: "PyPI"}, PURL: "pkg:pypi/a@1", Vulnerabilities: []vulndb.Vulnerability{
		{ID: "CVE-1", Aliases: []string{"GHSA-1"}, VEX: "not_affected", Reason: "vulnerable_code_not_in_execute_path"},
		{ID: "CVE-2", VEX: "not_affected", Reason: "we never parse templates"},
		{ID: "CVE-3", VEX: "affected", Fixed: []string{"2"}, Severity: []vulndb.Severity{{Type: "CVSS_V3", Score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}}},
		{ID: "CVE-4", VEX: "fixed"},
		{ID: "CVE-5", Summary: "s"},
	}}, {Package: deps.Package{Name: "no purl"}, Vulnerabilities: []vulndb.Vulnerability{{ID: "X"}}}}
	o := vulndb.VEXOptions{Author: "Ana", Tool: "1", Clock: func() time.Time { return time.Unix(1e9, 0) }}
	for name, write := range map[string]func([]vulndb.Affected, vulndb.VEXOptions) ([]byte, error){"OpenVEX": vulndb.OpenVEX, "CycloneDX": vulndb.CycloneDXVEX} {
		text, err := write(list, o)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := write(list, o); !bytes.Equal(text, again) || !json.Valid(text) {
			t.Errorf("%s: other bytes of the same input", name)
		}
		x, err := vulndb.ParseVEX(text)
		if err != nil {
			t.Fatal(name, err)
		}
		const m = "2026-01-01T00:00:00Z"
		var advisories []string
		for _, id := range []string{"CVE-1", "CVE-2", "CVE-3", "CVE-4", "CVE-5"} {
			advisories = append(advisories, advisory(id, "", m, about("PyPI", "a", `{"introduced":"0"}`)))
		}
		ref := "a"
		got, err := imported(t, folder(t, advisories...)).Audit([]deps.Package{{Name: ref, Version: "1", Ecosystem: "PyPI"}}, x)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, v := range got[0].Vulnerabilities {
			words = append(words, v.ID+" "+v.VEX+" "+v.Reason)
		}
		want := []string{"CVE-1 not_affected vulnerable_code_not_in_execute_path", "CVE-2 not_affected we never parse templates", "CVE-3 affected ", "CVE-4 fixed ", "CVE-5 under_investigation "}
		if diff := cmp.Diff(want, words); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
