package vulndb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/internal/deps"
	"github.com/reeve-ai/reeve/internal/vulndb"
)

var day = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

func clock() time.Time { return day }

func folder(t testing.TB, advisories ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, a := range advisories {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.json", i)), []byte(a), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func advisory(id, aliases, modified, affected string) string {
	return fmt.Sprintf(`{"id":%q,"aliases":[%s],"modified":%q,"summary":"s","affected":[%s]}`, id, aliases, modified, affected)
}

func about(ecosystem, name, events string) string {
	return fmt.Sprintf(`{"package":{"ecosystem":%q,"name":%q},"ranges":[{"type":"ECOSYSTEM","events":[%s]}]}`, ecosystem, name, events)
}

func imported(t testing.TB, sources ...string) *vulndb.DB {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "db")
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: sources, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func ids(t testing.TB, db *vulndb.DB, ecosystem, name, version string) []string {
	t.Helper()
	found, err := db.Find(ecosystem, name, version)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, m := range found {
		out = append(out, m.ID)
	}
	return out
}

func TestMatching(t *testing.T) {
	const m = "2026-01-01T00:00:00Z"
	db := imported(t, folder(t,
		advisory("A-1", "", m, about("PyPI", "Foo_Bar", `{"introduced":"0"},{"fixed":"1.10"}`)),
		advisory("A-2", "", m, about("PyPI", "foo-bar", `{"introduced":"1.2"},{"last_affected":"1.5"}`)),
		advisory("A-3", "", m, about("PyPI", "foo.bar", `{"fixed":"2.0"},{"introduced":"1.9"},{"fixed":"1.0"},{"introduced":"0"}`)),
		`{"id":"A-4","modified":"`+m+`","affected":[{"package":{"ecosystem":"PyPI","name":"foo-bar"},"versions":["7.0"],"ranges":[{"type":"GIT","events":[{"introduced":"0"}]}]}]}`,
		`{"id":"A-5","modified":"`+m+`","withdrawn":"`+m+`","affected":[`+about("PyPI", "foo-bar", `{"introduced":"0"}`)+`]}`,
		advisory("A-6", "", m, about("Go", "a.b/c", `{"introduced":"1.0.0-rc1"},{"fixed":"1.0.0"}`)),
	))
	for _, tt := range []struct {
		ecosystem, name, version string
		want                     []string
	}{
		{"PyPI", "foo-bar", "1.9", []string{"A-1", "A-3"}},
		{"PyPI", "FOO.bar", "1.10", []string{"A-3"}},
		{"PyPI", "foo-bar", "1.5", []string{"A-1", "A-2"}},
		{"PyPI", "foo-bar", "1.5.post1", []string{"A-1"}},
		{"PyPI", "foo-bar", "0.9", []string{"A-1", "A-3"}},
		{"PyPI", "foo-bar", "2.0", []string{}},
		{"PyPI", "foo-bar", "7.0", []string{"A-4"}},
		{"PyPI", "foo", "1.0", []string{}},
		{"Go", "a.b/c", "1.0.0-rc2", []string{"A-6"}},
		{"Go", "a.b/c", "1.0.0", []string{}},
		{"npm", "foo-bar", "1.0", []string{}},
	} {
		if diff := cmp.Diff(tt.want, ids(t, db, tt.ecosystem, tt.name, tt.version)); diff != "" {
			t.Errorf("%s %s %s: %s", tt.ecosystem, tt.name, tt.version, diff)
		}
	}
	if err := db.Verify(); err != nil {
		t.Error(err)
	}
}

func TestAliasesAreOneFlaw(t *testing.T) {
	const m = "2026-01-01T00:00:00Z"
	range0 := about("PyPI", "a", `{"introduced":"0"},{"fixed":"2"}`)
	db := imported(t, folder(t,
		advisory("PYSEC-1", `"CVE-2026-1"`, m, range0), advisory("GHSA-x", `"CVE-2026-1","PYSEC-1"`, m, range0), advisory("PYSEC-2", "", m, range0)))
	vex, err := vulndb.ParseVEX([]byte(`{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":{"name":"PYSEC-2"},"products":[{"@id":"pkg:pypi/a@1"}],"status":"not_affected","justification":"vulnerable_code_not_in_execute_path"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Audit([]deps.Package{{Name: "a", Version: "1", Ecosystem: "PyPI"}, {Name: "a", Ecosystem: "PyPI"}, {Name: "b", Version: "1", Ecosystem: "R"}}, vex)
	if err != nil {
		t.Fatal(err)
	}
	want := []vulndb.Vulnerability{
		{ID: "CVE-2026-1", Aliases: []string{"GHSA-x", "PYSEC-1"}, Records: []string{"GHSA-x", "PYSEC-1"}, Summary: "s", Fixed: []string{"2"}},
		{ID: "PYSEC-2", Aliases: []string{}, Records: []string{"PYSEC-2"}, Summary: "s", Fixed: []string{"2"}, VEX: "not_affected", Reason: "vulnerable_code_not_in_execute_path"},
	}
	if diff := cmp.Diff(want, got[0].Vulnerabilities); diff != "" {
		t.Error(diff)
	}
	if got[1].Unchecked == "" || got[2].Unchecked == "" || got[0].Unchecked != "" {
		t.Errorf("%+v", got)
	}
}

// A version in a range behind one of commits, and not in the list of versions, is in doubt; where another advisory of the same flaw is
// sure, it counts.
func TestDoubt(t *testing.T) {
	const m = "2026-01-01T00:00:00Z"
	behind := `{"package":{"ecosystem":"PyPI","name":"a"},"ranges":[{"type":"GIT","events":[{"introduced":"0"}]},{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"2"}]}],"versions":["1.0"]}`
	db := imported(t, folder(t, advisory("PYSEC-1", `"CVE-1"`, m, behind), advisory("PYSEC-2", `"CVE-2"`, m, behind), advisory("GHSA-2", `"CVE-2"`, m, about("PyPI", "a", `{"introduced":"0"},{"fixed":"2"}`))))
	got, err := db.Audit([]deps.Package{{Name: "a", Version: "1.0", Ecosystem: "PyPI"}, {Name: "a", Version: "1.1", Ecosystem: "PyPI"}, {Name: "a", Version: "2", Ecosystem: "PyPI"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var words [][]string
	for _, p := range got {
		var w []string
		for _, v := range p.Vulnerabilities {
			w = append(w, v.ID+" "+strings.Join(v.Records, "+"))
		}
		for _, v := range p.Doubtful {
			w = append(w, "doubt "+v.ID+" "+strings.Join(v.Records, "+"))
		}
		words = append(words, w)
	}
	want := [][]string{{"CVE-2 GHSA-2+PYSEC-2", "CVE-1 PYSEC-1"}, {"CVE-2 GHSA-2", "doubt CVE-1 PYSEC-1"}, nil}
	if diff := cmp.Diff(want, words); diff != "" {
		t.Error(diff)
	}
}

func TestNoRollback(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	put := func(modified string) error {
		_, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{folder(t, advisory("A", "", modified, about("PyPI", "a", `{"introduced":"0"}`)))}, Clock: clock})
		return err
	}
	if err := errors.Join(put("2026-02-01T00:00:00Z"), put("2026-03-01T00:00:00Z"), put("2026-03-01T00:00:00Z")); err != nil {
		t.Fatal(err)
	}
	if err := put("2026-02-01T00:00:00Z"); !errors.Is(err, vulndb.ErrRollback) {
		t.Errorf("got %v", err)
	}
	if err := put("2999-01-01T00:00:00Z"); err != nil {
		t.Fatal(err)
	}
	if err := put("2026-05-01T00:00:00Z"); err != nil {
		t.Errorf("a date to come keeps out the present: %v", err)
	}
}

func TestCorrupt(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	if _, err := vulndb.Open(dir); !errors.Is(err, vulndb.ErrNone) {
		t.Errorf("got %v", err)
	}
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{folder(t, advisory("A", "", "2026-01-01T00:00:00Z", about("PyPI", "a", `{"introduced":"0"}`)))}, Clock: clock}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "PyPI.osv.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := vulndb.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Verify(); !errors.Is(err, vulndb.ErrCorrupt) {
		t.Errorf("got %v", err)
	}
	if _, err := vulndb.Import(dir, vulndb.ImportOptions{Sources: []string{folder(t, "{")}, Clock: clock}); err == nil {
		t.Error("a damaged advisory was left out in silence")
	}
}

// The search by halves finds every name and nothing else.
func TestSearch(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z"\\!é]{1,6}`), 1, 30, rapid.ID).Draw(r, "names")
		var advisories []string
		for i, n := range names {
			advisories = append(advisories, advisory(fmt.Sprintf("A-%d", i), "", "2026-01-01T00:00:00Z", about("npm", n, `{"introduced":"0"}`)))
		}
		db := imported(t, folder(t, advisories...))
		for i, n := range names {
			if diff := cmp.Diff([]string{fmt.Sprintf("A-%d", i)}, ids(t, db, "npm", n, "1.0.0")); diff != "" {
				r.Fatalf("%q: %s", n, diff)
			}
		}
		if other := rapid.StringMatching(`[a-z]{7}`).Draw(r, "other"); len(ids(t, db, "npm", other, "1.0.0")) > 0 {
			r.Fatalf("%q was found", other)
		}
	})
}

func FuzzVEX(f *testing.F) {
	f.Add([]byte(`{"@context":"https://openvex.dev/ns","statements":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := vulndb.ParseVEX(b); (x == nil) == (err == nil) {
			t.Error("neither a document nor an error")
		}
	})
}
