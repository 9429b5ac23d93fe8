package detect

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// labelled is one case of the development data: texts with what must be found in them.
type labelled struct {
	ID       string   `json:"id"`
	File     string   `json:"file"`
	Entities []string `json:"entities"`
	Text     string   `json:"text"`
	Expected int      `json:"expected_len"`
	Spans    []struct {
		Start, End int
		Type       string
	} `json:"spans"`
}

// readLabelled reads a file of the development data, or skips the test.
func readLabelled(t *testing.T, name string) (cases []labelled) {
	t.Helper()
	dir := os.Getenv("REEVE_TESTDATA")
	if dir == "" {
		t.Skip("REEVE_TESTDATA does not name the development data")
	}
	f, err := os.Open(filepath.Join(dir, "pii-dev", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c labelled
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	if lines.Err() != nil || len(cases) == 0 {
		t.Fatalf("%s: %d cases, %v", name, len(cases), lines.Err())
	}
	return cases
}

// TestRecognizerCases counts the cases whose number of findings is the expected one.
func TestRecognizerCases(t *testing.T) {
	kinds := map[string]Kind{
		"test_credit_card_recognizer.py": KindCard, "test_phone_recognizer.py": KindPhone, "test_iban_recognizer.py": KindIBAN,
		"test_email_recognizer.py": KindEmail, "test_us_ssn_recognizer.py": KindUSSSN,
	}
	e := mustNew(t, Options{Rules: ruleIDs()})
	right, all := map[string]int{}, map[string]int{}
	for _, c := range readLabelled(t, "recognizers.jsonl") {
		kind := kinds[c.File]
		if kind == "" {
			continue
		}
		n := 0
		for _, m := range e.Find(nil, []byte(c.Text)) {
			if e.RuleAt(m.Rule).Kind == kind {
				n++
			}
		}
		all[c.File]++
		all["all"]++
		if n == c.Expected {
			right[c.File]++
			right["all"]++
		} else {
			t.Logf("%s: %d findings, want %d", c.ID, n, c.Expected)
		}
	}
	for name := range all {
		t.Logf("%-32s %d of %d", name, right[name], all[name])
	}
	if float64(right["all"]) < 0.97*float64(all["all"]) {
		t.Errorf("%d of %d right, want 97 %%", right["all"], all["all"])
	}
}

// TestLabelledText measures precision and recall by overlap on texts with labelled spans, for the kinds whose values in
// that data are well formed.
func TestLabelledText(t *testing.T) {
	types := map[string]Kind{"PHONE": KindPhone, "IP_ADDRESS": KindIP, "EMAIL": KindEmail, "DATE": KindDate}
	e := mustNew(t, Options{Rules: ruleIDs()})
	type count struct{ hit, missed, wrong int }
	counts := map[Kind]*count{}
	for _, kind := range types {
		counts[kind] = &count{}
	}
	for _, c := range readLabelled(t, "pii-anon-technology.jsonl") {
		at := offsets(c.Text)
		found := e.Find(nil, []byte(c.Text))
		used := make([]bool, len(found))
		for _, s := range c.Spans {
			kind, ok := types[s.Type]
			if !ok {
				continue
			}
			hit := false
			for k, m := range found {
				if e.RuleAt(m.Rule).Kind == kind && m.Start < at[s.End] && at[s.Start] < m.End {
					hit, used[k] = true, true
				}
			}
			if hit {
				counts[kind].hit++
			} else {
				counts[kind].missed++
			}
		}
		for k, m := range found {
			if unlabelled := strings.HasSuffix(c.Text[:m.Start], "Phone: "); unlabelled {
				continue // the log lines of that data name numbers that have no label
			}
			if n := counts[e.RuleAt(m.Rule).Kind]; n != nil && !used[k] {
				n.wrong++
			}
		}
	}
	for kind, n := range counts {
		f1 := 2 * float64(n.hit) / float64(2*n.hit+n.missed+n.wrong)
		t.Logf("%-16s %5d found, %4d missed, %4d too many: F1 %.3f", kind, n.hit, n.missed, n.wrong, f1)
		if want := map[bool]float64{true: 0.90, false: 0.98}[kind == KindPhone || kind == KindDate]; f1 < want {
			t.Errorf("%s: F1 %.3f, want %.2f", kind, f1, want)
		}
	}
}

// offsets maps the index of a code point to its offset in bytes.
func offsets(s string) []int {
	out := make([]int, 0, len(s)+1)
	for i := range s {
		out = append(out, i)
	}
	return append(out, len(s))
}

// TestOffsets checks the map that the measurements rely on.
func TestOffsets(t *testing.T) {
	text := "né " + strings.Repeat("€", 2)
	if at := offsets(text); len(at) != utf8.RuneCountInString(text)+1 || at[2] != 3 || at[5] != len(text) {
		t.Errorf("got %v", at)
	}
}
