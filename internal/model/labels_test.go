package model_test

import (
	"bufio"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/model"
)

// The development samples are hostile: they are read as bytes, and by nothing else.
func TestLabels(t *testing.T) {
	root := os.Getenv("REEVE_TESTDATA")
	if root == "" {
		t.Skip("REEVE_TESTDATA is not set: no labelled model files")
	}
	root = filepath.Join(root, "models-dev")
	f, err := os.Open(filepath.Join(root, "LABELS.tsv"))
	if err != nil {
		t.Skip("no labelled model files")
	}
	defer f.Close()
	s := model.NewScanner(model.Options{})
	lines := bufio.NewScanner(f)
	lines.Scan()
	total, missed, blocked, review := map[string]int{}, 0, 0, 0
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		path, want := fields[0], fields[1]
		var got *model.Result
		if err := s.Path(context.Background(), filepath.Join(root, path), func(r *model.Result) error { got = r; return nil }); err != nil {
			t.Fatal(err)
		}
		total[want]++
		switch want {
		case "malicious":
			if got.Verdict == model.Clean {
				missed++
				t.Errorf("%s: clean", path)
			}
			if got.Verdict == model.Malicious {
				blocked++
			} else {
				t.Logf("%s: only %v: %v", path, got.Verdict, messages(got))
			}
		case "benign":
			if got.Verdict == model.Malicious {
				t.Errorf("%s: malicious: %v", path, messages(got))
			}
			if got.Verdict != model.Clean {
				review++
				t.Logf("%s (%s): %v: %v", path, got.Format, got.Verdict, messages(got))
			}
		case "review":
			if got.Verdict == model.Clean {
				t.Errorf("%s: clean", path)
			}
		}
	}
	t.Logf("%v: %d malicious called clean, %d blocked, %d benign not clean", total, missed, blocked, review)
}

func messages(r *model.Result) []string {
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Rule+" "+f.Field+": "+f.Message)
	}
	return out
}
