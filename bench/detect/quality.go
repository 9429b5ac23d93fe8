package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// doc is a labelled document. Offsets are Unicode code points, end exclusive.
type doc struct {
	ID, Text string
	Spans    []struct {
		Start, End int
		Type       string
	}
}

// accepted says which kinds of finding answer to a label.
var accepted = map[string][]string{
	"PERSON": {"PERSON"}, "ORGANIZATION": {"ORGANIZATION"}, "LOCATION": {"LOCATION"}, "ADDRESS": {"STREET_ADDRESS"}, "STREET_ADDRESS": {"STREET_ADDRESS"},
	"EMAIL": {"EMAIL_ADDRESS"}, "PHONE": {"PHONE_NUMBER"}, "IP_ADDRESS": {"IP_ADDRESS"}, "MAC_ADDRESS": {"MAC_ADDRESS"}, "US_SSN": {"US_SSN", "US_ITIN"},
	"DATE": {"DATE_TIME", "DATE_OF_BIRTH"}, "URL": {"URL"}, "CREDIT_CARD": {"CREDIT_CARD"}, "IBAN": {"IBAN_CODE"}, "PASSWORD": {"SECRET"}, "API_KEY": {"SECRET"},
	"MEDICAL_RECORD": {"MEDICAL_RECORD_NUMBER"}, "BANK_ACCOUNT": {"US_BANK_NUMBER", "BANK_ACCOUNT"},
}

// tally counts the spans of one label. A found span counts when it overlaps a labelled one.
type tally struct{ right, missed, wrong int }

func (t tally) f1() float64 {
	return 2 * float64(t.right) / max(1, float64(2*t.right+t.missed+t.wrong))
}

// quality scans labelled documents with the command line, one text file a document, and prints precision, recall and F1.
func quality(args []string) error {
	var reeve, dir, file string
	var shown int
	if err := flags("quality", args, func(f *flag.FlagSet) {
		f.StringVar(&reeve, "reeve", "", "reeve's binary")
		f.StringVar(&dir, "dir", os.TempDir(), "working folder")
		f.StringVar(&file, "docs", "", "labelled documents, one JSON object a line")
		f.IntVar(&shown, "show", 0, "print so many misses and false alarms of each label (development data only)")
	}); err != nil {
		return err
	}
	docs, err := readDocs(file)
	if err != nil {
		return err
	}
	root := filepath.Join(dir, "quality")
	if err := os.RemoveAll(root); err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	for i, d := range docs {
		if err := os.WriteFile(filepath.Join(root, fmt.Sprintf("%06d.txt", i)), []byte(d.Text), 0o600); err != nil {
			return err
		}
	}
	findings, err := scanTree(reeve, root)
	if err != nil {
		return err
	}
	found := make([][]finding, len(docs))
	for _, f := range findings {
		var i int
		if _, err := fmt.Sscanf(filepath.Base(f.Path), "%06d.txt", &i); err != nil {
			return fmt.Errorf("path %s: %w", f.Path, err)
		}
		found[i] = append(found[i], f)
	}
	tallies, examples := count(docs, found, shown)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "label\tright\tmissed\twrong\tprecision\trecall\tF1")
	for _, name := range slices.Sorted(maps.Keys(tallies)) {
		t := tallies[name]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%.3f\t%.3f\t%.3f\n", name, t.right, t.missed, t.wrong,
			float64(t.right)/float64(max(1, t.right+t.wrong)), float64(t.right)/float64(max(1, t.right+t.missed)), t.f1())
	}
	for _, e := range examples {
		fmt.Fprintln(w, e)
	}
	return w.Flush()
}

func readDocs(file string) ([]doc, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read documents: %w", err)
	}
	var docs []doc
	for line := range strings.Lines(string(b)) {
		var d doc
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			return nil, fmt.Errorf("documents: %w", err)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// count compares the findings of each document with its labels, for the labels that occur in the data.
func count(docs []doc, found [][]finding, shown int) (map[string]tally, []string) {
	tallies := map[string]tally{}
	var examples []string
	printed := map[string]int{}
	note := func(what, label, text string) {
		if printed[what+label]++; printed[what+label] <= shown {
			examples = append(examples, fmt.Sprintf("%s %s: %q", what, label, text))
		}
	}
	for _, d := range docs {
		for _, s := range d.Spans {
			if accepted[s.Type] != nil {
				tallies[s.Type] = tally{}
			}
		}
	}
	for i, d := range docs {
		at := byteOffsets(d.Text)
		for label := range tallies {
			t := tallies[label]
			used := map[int]bool{}
			for _, s := range d.Spans {
				if s.Type != label {
					continue
				}
				hit := false
				for k, f := range found[i] {
					if slices.Contains(accepted[label], f.Kind) && f.Start < at[s.End] && f.End > at[s.Start] {
						hit, used[k] = true, true
					}
				}
				if hit {
					t.right++
				} else {
					t.missed++
					note("missed", label, d.Text[max(0, at[s.Start]-20):min(len(d.Text), at[s.End]+20)])
				}
			}
			for k, f := range found[i] {
				if slices.Contains(accepted[label], f.Kind) && !used[k] {
					t.wrong++
					note("wrong", label, d.Text[max(0, f.Start-20):min(len(d.Text), f.End+20)])
				}
			}
			tallies[label] = t
		}
	}
	return tallies, examples
}

// byteOffsets maps code points to bytes.
func byteOffsets(text string) []int {
	out := make([]int, 0, utf8.RuneCountInString(text)+1)
	for i := range text {
		out = append(out, i)
	}
	return append(out, len(text))
}
