package detect

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// corpus returns a folder of the development data, which lies outside the repository.
func corpus(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("REEVE_TESTDATA")
	if root == "" {
		t.Skip("REEVE_TESTDATA is not set: there is no development data here")
	}
	return filepath.Join(root, name)
}

// TestKnownFormats counts the test cases of another scanner's rules that are found, and the look-alikes that are reported.
func TestKnownFormats(t *testing.T) {
	f, err := os.Open(corpus(t, "secrets-dev/gitleaks-cases.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	e := mustNew(t, Options{Rules: []string{"secret/*"}})
	type tally struct{ found, all, reported, alike int }
	total, by := tally{}, map[string]*tally{}
	for in := bufio.NewScanner(f); in.Scan(); {
		var c struct {
			Rule, Text, Path string
			Label            int
		}
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if c.Text == "" {
			continue // judged by the name of the file
		}
		if by[c.Rule] == nil {
			by[c.Rule] = &tally{}
		}
		hit := false
		for _, m := range e.Find(nil, []byte(c.Text)) {
			hit = hit || e.RuleAt(m.Rule).SeverityAt(m.Score) > Info || c.Label == 1
		}
		for _, n := range []*tally{&total, by[c.Rule]} {
			switch {
			case c.Label == 1:
				n.all++
				if hit {
					n.found++
				}
			default:
				n.alike++
				if hit {
					n.reported++
				}
			}
		}
		if hit != (c.Label == 1) && testing.Verbose() && os.Getenv("REEVE_SHOW") != "" {
			t.Logf("%s %d: %.150q", c.Rule, c.Label, c.Text)
		}
	}
	for rule, n := range by {
		if n.found < n.all || n.reported > 0 {
			t.Logf("%-40s found %d of %d, look-alikes reported %d of %d", rule, n.found, n.all, n.reported, n.alike)
		}
	}
	t.Logf("found %d of %d, look-alikes reported %d of %d", total.found, total.all, total.reported, total.alike)
	if float64(total.found) < 0.99*float64(total.all) {
		t.Errorf("found %d of %d, want 99 %%", total.found, total.all)
	}
	if float64(total.reported) > 0.015*float64(total.alike) {
		t.Errorf("%d of %d look-alikes reported, want at most 1.5 %%", total.reported, total.alike)
	}
}

// label is a row of the labels: lines from and to hold a credential or something that looks like one.
type label struct {
	from, to       int
	real           bool
	category, repo string
	found          bool
}

func readLabels(t *testing.T, dir string) map[string][]*label {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]*label{}
	for _, r := range rows[1:] {
		from, _ := strconv.Atoi(r[1])
		to, _ := strconv.Atoi(r[2])
		out[r[0]] = append(out[r[0]], &label{from: from, to: to, real: r[3] == "T", category: r[7], repo: r[8]})
	}
	return out
}

// score counts lines: true ones found and missed, and findings on lines that hold no credential.
type score struct{ found, missed, labelled, unlabelled int }

func (s score) String() string {
	p := ratio(s.found, s.found+s.labelled)
	all := ratio(s.found, s.found+s.labelled+s.unlabelled)
	r := ratio(s.found, s.found+s.missed)
	return fmt.Sprintf("found %4d missed %4d false: labelled %3d unlabelled %3d  P %.2f (with unlabelled %.2f) R %.2f F1 %.2f (%.2f)",
		s.found, s.missed, s.labelled, s.unlabelled, p, all, r, 2*p*r/max(p+r, 1e-9), 2*all*r/max(all+r, 1e-9))
}

func ratio(a, b int) float64 { return float64(a) / max(float64(b), 1e-9) }

// TestCredData measures against the labels of CredData, by line: a true row is found if a secret overlaps its lines.
func TestCredData(t *testing.T) {
	dir := corpus(t, "secrets-dev/creddata")
	labels := readLabels(t, dir)
	e := mustNew(t, Options{Rules: []string{"secret/*"}})
	for _, least := range []Severity{Info, Low, Medium} {
		total, repos, categories := score{}, map[string]*score{}, map[string]*score{}
		for _, path := range slices.Sorted(mapsKeys(labels)) {
			rows := labels[path]
			text, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			repo := at(repos, rows[0].repo)
			one := measure(t, e, text, rows, least, path)
			for _, l := range rows {
				if l.real {
					c := at(categories, l.category)
					if l.found {
						c.found++
					} else {
						c.missed++
					}
				}
			}
			for _, s := range []*score{&total, repo} {
				s.found += one.found
				s.missed += one.missed
				s.labelled += one.labelled
				s.unlabelled += one.unlabelled
			}
		}
		t.Logf("severity %d and more: %v", least, total)
		if p := ratio(total.found, total.found+total.labelled+total.unlabelled); p < 0.88 {
			t.Errorf("precision %.2f from severity %d on, want 0.88", p, least)
		}
		if r := ratio(total.found, total.found+total.missed); r < 0.64 {
			t.Errorf("recall %.2f from severity %d on, want 0.64", r, least)
		}
		if least != Medium {
			continue
		}
		for _, name := range slices.Sorted(mapsKeys(repos)) {
			t.Logf("%-10s %v", name, repos[name])
		}
		for _, name := range slices.Sorted(mapsKeys(categories)) {
			t.Logf("%-40s found %d of %d", name, categories[name].found, categories[name].found+categories[name].missed)
		}
	}
}

func mapsKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func at(m map[string]*score, name string) *score {
	if m[name] == nil {
		m[name] = &score{}
	}
	return m[name]
}

func measure(t *testing.T, e *Engine, text []byte, rows []*label, least Severity, path string) (s score) {
	show := os.Getenv("REEVE_SHOW") != "" && least == Medium
	truth := map[int]bool{}
	for _, l := range rows {
		l.found = false
	}
	falseLines := map[int]bool{}
	for _, m := range e.Find(nil, text) {
		rule := e.RuleAt(m.Rule)
		if rule.SeverityAt(m.Score) < least {
			continue
		}
		from := bytes.Count(text[:m.Start], []byte("\n")) + 1
		to := from + bytes.Count(text[m.Start:m.End], []byte("\n"))
		good, known := false, false
		for _, l := range rows {
			if l.from <= to && from <= l.to {
				known = true
				if l.real {
					l.found, good = true, true
				}
			}
		}
		if good || falseLines[from] {
			continue
		}
		falseLines[from] = true
		if known {
			s.labelled++
		} else {
			s.unlabelled++
		}
		if show {
			t.Logf("FALSE %v %s:%d %s %.2f %.60q in %.120q", known, path[5:], from, rule.ID, m.Score, text[m.Start:m.End], lineOf(text, m.Start))
		}
	}
	for _, l := range rows {
		if !l.real {
			continue
		}
		if l.found {
			truth[l.from] = true
		} else if _, ok := truth[l.from]; !ok {
			truth[l.from] = false
			if show {
				t.Logf("MISSED %s %s:%d %.160q", l.category, path[5:], l.from, lineAt(text, l.from))
			}
		}
	}
	for _, ok := range truth {
		if ok {
			s.found++
		} else {
			s.missed++
		}
	}
	return s
}

func lineOf(text []byte, i int) []byte {
	from := bytes.LastIndexByte(text[:i], '\n') + 1
	return text[max(from, i-60):min(len(text), i+80)]
}

func lineAt(text []byte, n int) []byte {
	lines := bytes.Split(text, []byte("\n"))
	return bytes.TrimSpace(lines[n-1])
}
