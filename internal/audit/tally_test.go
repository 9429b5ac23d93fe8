package audit_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/report"
)

// TestCountsWithoutFindings holds a run that tells no finding to the summary of one that does.
func TestCountsWithoutFindings(t *testing.T) {
	t.Chdir(t.TempDir())
	allow, err := audit.ParseAllow("allow", []byte("version: 1\nallow:\n- pattern: jane[.]doe50.*\n  owner: me\n  reason: made up\n  expires: 2099-01-01\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := big(3<<20, 3)
	half := strings.Index(text[len(text)/2:], "\n") + len(text)/2 + 1
	text = text[:half] + "{\"broken\": \n" + text[half:]
	write(t, "d/c.csv", "a,b\n1,2\n1\n1,2,3\n")
	write(t, "d/a.jsonl", text)
	write(t, "d/b.txt", mail(1)+"\n"+mail(2)+" # reeve:allow pii/email our own\n"+mail(50)+"\n")
	check := func(name string) {
		t.Helper()
		for what, o := range map[string]audit.Options{"all": {}, "allowed": {Allow: allow}, "least": {MinSeverity: reeve.SeverityHigh}} {
			_, want := scan(t, o, "d")
			for _, cache := range []string{"", "cache"} {
				o.Cache, o.Inspector, o.Today = cache, inspector(t), today
				got, err := audit.Run(context.Background(), []string{"d"}, o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(report.Summary{}, "Cached")); diff != "" {
					t.Errorf("%s, %s, cache %q (-told +counted):\n%s", name, what, cache, diff)
				}
			}
		}
		_, s := scan(t, audit.Options{}, "d")
		if s.Findings.Total < 100 {
			t.Errorf("%s: only %d findings: the test says nothing", name, s.Findings.Total)
		}
		odd := []report.Odd{{Path: "d/a.jsonl", What: "malformed records, read as text", Count: 1}, {Path: "d/c.csv", What: "rows with another number of fields", Count: 2}}
		if diff := cmp.Diff(odd, s.Odd); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
	check("new")
	check("known")
	at := strings.Index(text, "plain")
	if err := os.WriteFile("d/a.jsonl", []byte(text[:at]+mail(77)+" "+text[at:]), 0o644); err != nil {
		t.Fatal(err)
	}
	check("changed")
}
