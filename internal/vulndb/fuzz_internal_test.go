package vulndb

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// Whatever an advisory holds, what is kept of it becomes one line a package, which reads back the same and can be asked about any
// version. Nothing touches a disk, so that the fuzzer gets somewhere.
func FuzzImport(f *testing.F) {
	f.Add(`{"id":"A","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"PyPI","name":"a"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1"}]}]}]}`, "1.0")
	f.Add(`{"id":"A","affected":[{"package":{"ecosystem":"Go","name":"a/b"},"versions":["v1"],"ranges":[{"type":"GIT"},{"type":"SEMVER","events":[{"last_affected":"1"}]}]}]}`, "v1")
	f.Add(`{"id":"A","withdrawn":"2026-01-01T00:00:00Z"}`, "")
	f.Fuzz(func(t *testing.T, text, version string) {
		r, err := parseRecord([]byte(text))
		if err != nil {
			return
		}
		c := collection{now: time.Unix(1e9, 0), byPackage: map[[2]string]map[string]Advisory{}, newest: map[string]time.Time{}, records: map[string]map[string]bool{}}
		if err := c.read(&Source{}, "x", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		for key, a := range r.kept() {
			v, ok := parseVersion(key[0], version)
			a.affects(key[0], version, v, ok)
			a.fixes(key[0], v, ok)
		}
		for _, key := range slices.Collect(maps.Keys(c.byPackage)) {
			var line bytes.Buffer
			if err := c.writeLines(&line, key[0], key[1:]); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(line.Bytes(), []byte("\n")); n != 1 || !bytes.HasPrefix(line.Bytes(), linePrefix(key[1])) {
				t.Errorf("%d lines: %q", n, line.Bytes())
			}
		}
	})
}

func FuzzSignals(f *testing.F) {
	f.Add("#model_version:v1,score_date:2026-01-01T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n")
	f.Add(`{"dateReleased":"2026-01-01T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2026-1","dateAdded":"2026-01-01"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		all := map[string]Signal{}
		_, err1 := readEPSS(strings.NewReader(text), all)
		_, err2 := readKEV(strings.NewReader(text), all)
		for id, s := range all {
			if err1 == nil && err2 == nil || !isCVE(id) || s.EPSS < 0 || s.EPSS > 1 {
				t.Errorf("%q %+v", id, s)
			}
		}
	})
}

func FuzzCVSS(f *testing.F) {
	f.Add("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
	f.Fuzz(func(t *testing.T, vector string) {
		if n, ok := (Severity{Score: vector}).Base(); n < 0 || n > 10 || !ok && n != 0 {
			t.Errorf("%q: %v", vector, n)
		}
	})
}
