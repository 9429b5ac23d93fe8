package audit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// A fingerprint stays when lines come and go above it, and says nothing about the value: another value of the same shape
// in its place has the same one.
func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	prints := func(text string) (out []string) {
		write(t, dir+"/a.txt", text)
		lines, _ := scan(t, audit.Options{Root: dir}, dir)
		for line := range strings.Lines(lines) {
			out = append(out, decode(t, line).Fingerprint)
		}
		return out
	}
	first := prints("write to jane.doe@corp-mail.org\n")
	for _, text := range []string{
		"\n\nmore\n\nwrite to jane.doe@corp-mail.org\n",
		"write to jane.doe@corp-mail.org\nand more",
		"write to anna.lee@shop-site.net\n",
	} {
		if diff := cmp.Diff(first, prints(text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for _, text := range []string{"tell jane.doe@corp-mail.org\n", "write to j.doe@corp-mail.org\n", "write to jane.doe@corp-mail.org!\n"} {
		if got := prints(text); len(got) != 1 || got[0] == first[0] {
			t.Errorf("%q has the fingerprint of another place", text)
		}
	}
	twice := prints("write to jane.doe@corp-mail.org\nwrite to jane.doe@corp-mail.org\n")
	if len(twice) != 2 || twice[0] != first[0] || twice[1] == first[0] {
		t.Errorf("two alike: %v", twice)
	}
}

func TestBaseline(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", mail(1)+"\n"+mail(22)+" x\n")
	accepted := &audit.Baseline{}
	in := inspector(t)
	_, s := scan(t, audit.Options{Inspector: in}, dir)
	out, _ := scan(t, audit.Options{Inspector: in}, dir)
	for line := range strings.Lines(out) {
		f := decode(t, line)
		accepted.Add(&f, "me", "why", "2026-06-02")
	}
	path := dir + "/b/baseline.json"
	if err := accepted.Write(path); err != nil {
		t.Fatal(err)
	}
	b, err := audit.ReadBaseline(path)
	if err != nil {
		t.Fatal(err)
	}
	o := audit.Options{Inspector: in, Baseline: b, Exclude: []string{path}}
	if out, got := scan(t, o, dir); out != "" || got.Suppressed.Baseline != 2 || got.Label != s.Label {
		t.Errorf("%s%+v: accepted data is still what it is", out, got)
	}
	for _, e := range b.Live(today) {
		if e.Owner != "me" {
			t.Errorf("%+v", e)
		}
	}
	for i := range b.Entries {
		b.Entries[i].Expires = "2026-06-01"
	}
	if _, got := scan(t, o, dir); got.Findings.Total != 2 || len(got.Expired) != 1 || got.Expired[0].Entries != 2 || got.Expired[0].Owner != "me" {
		t.Errorf("expired: %+v", got)
	}
	write(t, dir+"/a.txt", "nothing")
	b, _ = audit.ReadBaseline(path)
	o.Baseline = b
	if _, got := scan(t, o, dir); got.Unused != 2 {
		t.Errorf("unused: %+v", got)
	}
}

func TestParseBaselineRefuses(t *testing.T) {
	const entry = `{"fingerprint":"00","rule":"a/b","path":"x","owner":"o","reason":"r","expires":"2999-01-01"}`
	if _, err := audit.ParseBaseline("b", []byte(`{"schema_version":1,"entries":[`+entry+`]}`)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		``, `[]`, `{"schema_version":2,"entries":[]}`, `{"entries":[]}`, `{"schema_version":1,"entries":[{}]}`, `{"schema_version":1,"other":1}`,
		`{"schema_version":1,"entries":[` + strings.Replace(entry, "2999-01-01", "2999-13-01", 1) + `]}`,
		`{"schema_version":1,"entries":[` + strings.Replace(entry, `"o"`, `""`, 1) + `]}`,
		`{"schema_version":1,"entries":[` + entry + `],"entries":[]}`,
	} {
		if _, err := audit.ParseBaseline("b", []byte(text)); !errors.Is(err, audit.ErrBaseline) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParseBaseline(f *testing.F) {
	f.Add([]byte(`{"schema_version":1,"entries":[{"fingerprint":"00","rule":"a/b","path":"x","owner":"o","reason":"r","expires":"2999-01-01"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if b, err := audit.ParseBaseline("b", text); err == nil {
			for _, e := range b.Entries {
				if e.Owner == "" || e.Reason == "" || len(e.Expires) != 10 {
					t.Errorf("%+v is accepted", e)
				}
			}
		}
	})
}

const allow = `version: 1
salt: 0123456789abcdef
allow:
  - paths: ["gen/**", "*.lock", "vendor/"]
    owner: o
    reason: r
    expires: 2026-06-02
  - rules: [secret/*]
    paths: [keys.txt]
    owner: o
    reason: r
    expires: 2026-06-02
`

func TestAllow(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gen/a/b.txt", "x/y.lock", "x/vendor/z.txt", "keys.txt", "kept.txt", "gen.txt"} {
		write(t, dir+"/"+name, mail(1))
	}
	list, err := audit.ParseAllow("allow.yaml", []byte(allow))
	if err != nil {
		t.Fatal(err)
	}
	paths := func(o audit.Options) string {
		out, _ := scan(t, o, dir)
		var got []string
		for line := range strings.Lines(out) {
			got = append(got, strings.TrimPrefix(decode(t, line).Path, dir+"/"))
		}
		return strings.Join(got, " ")
	}
	if got := paths(audit.Options{Root: dir, Allow: list}); got != "gen.txt kept.txt keys.txt" {
		t.Errorf("left: %s", got)
	}
	byValue := "version: 1\nsalt: 0123456789abcdef\nallow:\n  - values: [" + audit.HashValue("0123456789abcdef", []byte(mail(1))) +
		"]\n    paths: [kept.txt]\n    owner: o\n    reason: r\n    expires: 2026-06-02\n  - pattern: jane.*\n    paths: [gen.txt]\n    owner: o\n    reason: r\n    expires: 2026-06-02\n"
	if list, err = audit.ParseAllow("allow.yaml", []byte(byValue)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time from the cache
		if got := paths(audit.Options{Root: dir, Allow: list, Cache: dir + "/.reeve/cache", Exclude: nil}); strings.Contains(got, "kept.txt") || strings.Contains(got, "gen.txt") || !strings.Contains(got, "keys.txt") {
			t.Errorf("left: %s", got)
		}
	}
	if list, err = audit.ParseAllow("allow.yaml", []byte(strings.ReplaceAll(allow, "06-02", "06-01"))); err != nil {
		t.Fatal(err)
	}
	if _, s := scan(t, audit.Options{Root: dir, Allow: list}, dir); s.Suppressed.Allow != 0 || len(s.Expired) != 1 || s.Expired[0].Entries != 2 {
		t.Errorf("expired: %+v", s)
	}
}

func TestParseAllowRefuses(t *testing.T) {
	entry := func(fields string) string {
		return "version: 1\nallow:\n  - owner: o\n    reason: r\n    expires: 2999-01-01\n" + fields
	}
	for _, tt := range []struct{ name, text, want string }{
		{"no version", "allow: []\n", "version 1"},
		{"all", entry(""), "it would allow everything"},
		{"no owner", "version: 1\nallow:\n  - {paths: [a], reason: r, expires: 2999-01-01}\n", "no owner"},
		{"no reason", "version: 1\nallow:\n  - {paths: [a], owner: o, expires: 2999-01-01}\n", "no reason"},
		{"no end", "version: 1\nallow:\n  - {paths: [a], owner: o, reason: r}\n", "must end"},
		{"a bad day", "version: 1\nallow:\n  - {paths: [a], owner: o, reason: r, expires: soon}\n", "must end"},
		{"a bad glob", entry("    paths: ['[']\n"), "6:13: want a path"},
		{"all rules", entry("    rules: ['*']\n"), "want the id of a rule"},
		{"a bad expression", entry("    pattern: '('\n"), "want a regular expression"},
		{"a value as it is", "version: 1\nsalt: 0123456789abcdef\nallow:\n  - {values: [secret], owner: o, reason: r, expires: 2999-01-01}\n", "64 hexadecimal digits"},
		{"no salt", entry("    values: [" + strings.Repeat("0", 64) + "]\n"), "need a salt"},
		{"an unknown key", entry("    path: [a]\n"), "unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := audit.ParseAllow("allow.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "allow.yaml:") {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzParseAllow(f *testing.F) {
	f.Add([]byte(allow))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = audit.ParseAllow("allow.yaml", text) })
}

// Comments allow in texts, on their line and the next, with rule and reason, and never in records.
func TestInlineAllow(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		name, text string
		want       int
	}{
		{"a.py", "x = '" + mail(1) + "' # reeve:allow pii/email made up\n", 0},
		{"a.py", "# reeve:allow pii/* made up\nx = '" + mail(1) + "'\n", 0},
		{"a.py", "# reeve:allow pii/email made up\n\nx = '" + mail(1) + "'\n", 1},
		{"a.py", "x = '" + mail(1) + "'\n# reeve:allow pii/email made up\n", 1},
		{"a.py", "x = '" + mail(1) + "' # reeve:allow pii/email\n", 1},
		{"a.py", "x = '" + mail(1) + "' # reeve:allow pii/email -->\n", 1},
		{"a.py", "x = '" + mail(1) + "' # reeve:allow secret/* made up\n", 1},
		{"a.jsonl", "{\"x\":\"" + mail(1) + " reeve:allow pii/email made up\"}\n", 1},
		{"a.csv", "x,y\n" + mail(1) + ",reeve:allow pii/email made up\n", 1},
	} {
		write(t, dir+"/"+tt.name, tt.text)
		_, s := scan(t, audit.Options{}, dir+"/"+tt.name)
		if s.Findings.Total != int64(tt.want) || s.Suppressed.Inline != int64(1-tt.want) {
			t.Errorf("%s %q: %d findings, %d allowed", tt.name, tt.text, s.Findings.Total, s.Suppressed.Inline)
		}
	}
}

// Millions of findings in one file need little memory: they go through a file, in order.
func TestManyFindings(t *testing.T) {
	dir := t.TempDir()
	var b strings.Builder
	b.WriteString("id,mail\n")
	const n = 80_000
	for i := range n {
		b.WriteString("1," + mail(i) + "\n")
	}
	write(t, dir+"/a.csv", b.String())
	line := 1
	in, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: []string{"pii/email"}}})
	if err != nil {
		t.Fatal(err)
	}
	out, s := scan(t, audit.Options{Inspector: in, Cache: dir + "/cache"}, dir+"/a.csv")
	for text := range strings.Lines(out) {
		line++
		if f := decode(t, text); f.Line != line || f.Record != line-1 {
			t.Fatalf("%+v on line %d", f, line)
		}
	}
	if s.Findings.Total != n {
		t.Errorf("%d of %d", s.Findings.Total, n)
	}
}

// A summary does not depend on what is told.
func TestMinSeverity(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", mail(1)+" 536-22-8726 is her ssn")
	rapid.Check(t, func(rt *rapid.T) {
		least := reeve.Severity(rapid.IntRange(0, 4).Draw(rt, "severity"))
		out, s := scan(t, audit.Options{MinSeverity: least}, dir)
		for line := range strings.Lines(out) {
			if decode(t, line).Severity < least {
				rt.Fatal(line)
			}
		}
		if s.Findings.Total+s.Suppressed.Severity != 2 {
			rt.Fatalf("%+v", s)
		}
	})
}
