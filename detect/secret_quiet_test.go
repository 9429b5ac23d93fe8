package detect

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestQuiet holds the rules of secrets to silence on what code, lock files and logs are full of: digests, identifiers,
// versions, names. A megabyte of each may give one finding of medium severity or more.
func TestQuiet(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 5))
	hex := func(n int) string { return draw(r, clHex, n, false, 0) }
	b62 := func(n int) string { return draw(r, clAlnum, n, false, 2) }
	uuid := func() string { return draw(r, 0, 36, true, 0) }
	pick := func(list string) string { l := strings.Fields(list); return l[r.IntN(len(l))] }
	lines := map[string]func() string{
		"go.sum": func() string {
			return "example.org/" + pick("datadog box okta alpha beta") + " v1.2.3 h1:" + b62(43) + "=\n"
		},
		"package-lock": func() string {
			return fmt.Sprintf("      \"resolved\": \"https://r.example/p/-/p-1.2.%d.tgz\",\n      \"integrity\": \"sha512-%s==\",\n", r.IntN(99), b62(86))
		},
		"checksums": func() string { return hex(64) + "  dist/app_" + pick("linux darwin") + ".tar.gz\n" },
		"log": func() string {
			return "2024-05-13T10:32:01Z INFO request_id=" + uuid() + " trace=" + hex(32) + " user=" + hex(24) + " took 12ms\n"
		},
		"json": func() string {
			return `{"id":"` + uuid() + `","etag":"` + hex(32) + `","sha":"` + hex(40) + `","path":"/a/b/` + b62(12) + `.png"}` + "\n"
		},
		"code": func() string {
			n := pick("user order customer parcel")
			return "\tif err := s." + n + "Token.Validate(ctx, req.Password, cfg.SecretKey); err != nil {\n\t\treturn nil, fmt.Errorf(\"check " + n + " token: %w\", err)\n\t}\n\tpassword := os.Getenv(\"" + strings.ToUpper(n) + "_PASSWORD\")\n\ttoken, key := parse" + n + "(r.Header.Get(\"Authorization\")), " + n + ".Key\n"
		},
		"yaml": func() string {
			return "  image: registry.example/app@sha256:" + hex(64) + "\n  secretName: " + pick("tls db web") + "-credentials\n  passwordSecretRef: {name: db, key: password}\n"
		},
		"page": func() string {
			return `<a href="/t/` + b62(22) + `" class="btn btn-primary-` + hex(6) + `" data-key="` + hex(8) + `">pass</a><td>token</td>` + "\n"
		},
		"image": func() string { return "data:image/png;base64," + b62(900) + "\n" },
	}
	e := mustNew(t, Options{Rules: []string{"secret/*"}})
	for name, line := range lines {
		var b strings.Builder
		for b.Len() < 1<<20 {
			b.WriteString(line())
		}
		text := []byte(b.String())
		loud := 0
		for _, m := range e.Find(nil, text) {
			if rule := e.RuleAt(m.Rule); rule.SeverityAt(m.Score) >= Medium {
				if loud++; loud <= 3 {
					t.Logf("%s: %s finds %.60q", name, rule.ID, text[m.Start:m.End])
				}
			}
		}
		if loud > 1 {
			t.Errorf("%s: %d findings of medium or more in a megabyte, want at most 1", name, loud)
		}
	}
}
