package audit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/report"
)

func partOf(name string, b []byte) audit.PartFile {
	return audit.PartFile{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// shards runs a plan of n shards and returns their results.
func shards(t testing.TB, n int, piece int64, paths ...string) []audit.PartFile {
	t.Helper()
	o := audit.Options{Inspector: inspector(t), Today: today, Workers: 2}
	made, err := audit.MakePlan(context.Background(), paths, n, piece, o)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := audit.ParsePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	var parts []audit.PartFile
	for i := range n {
		var out bytes.Buffer
		if _, err := audit.RunShard(context.Background(), plan, i+1, &out, o); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, partOf(fmt.Sprintf("part-%d", i+1), out.Bytes()))
	}
	return parts
}

func merge(t testing.TB, parts []audit.PartFile) (string, *report.Summary, error) {
	t.Helper()
	var out bytes.Buffer
	s, err := audit.Merge(parts, audit.Options{Today: today, Found: func(f *reeve.Finding) error {
		out.Write(append(report.AppendFinding(nil, f), '\n'))
		return nil
	}})
	return out.String(), s, err
}

// Every number of shards gives the bytes that a plain run gives.
func TestShardsChangeNothing(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.jsonl", big(1_700_000, 3))
	write(t, dir+"/b/c.txt", strings.ReplaceAll(big(900_000, 5), "{", "caf\xe9 "))
	write(t, dir+"/b/d.csv", "id,mail\n1,"+mail(1)+"\n2,\"x\n"+mail(2)+"\"\n")
	write(t, dir+"/e.md", "# Title\n"+strings.Repeat("no line break "+mail(4)+" ", 20_000))
	write(t, dir+"/f.json", `{"a":["`+mail(3)+`"]}`)
	write(t, dir+"/g.txt", "")
	write(t, dir+"/h.bin", "\x00\x01\x02"+mail(6))
	write(t, dir+"/i.gz", "\x1f\x8b\x08\x00 broken")
	want, sum := scan(t, audit.Options{Workers: 2}, dir, dir+"/f.json")
	if sum.Skipped == 0 || sum.Findings.Total < 100 {
		t.Fatalf("%+v", sum)
	}
	checks := 0
	rapid.Check(t, func(rt *rapid.T) {
		if checks++; checks > mostChecks {
			return
		}
		n := rapid.IntRange(1, 7).Draw(rt, "shards")
		piece := rapid.SampledFrom([]int64{10_000, 123_456, 1 << 20, 64 << 20}).Draw(rt, "piece")
		parts := shards(t, n, piece, dir, dir+"/f.json")
		got, s, err := merge(t, rapid.Permutation(parts).Draw(rt, "order"))
		if err != nil {
			rt.Fatal(err)
		}
		if got != want {
			rt.Fatal(firstDifference(want, got))
		}
		s.Rules = sum.Rules
		if diff := cmp.Diff(sum, s); diff != "" {
			rt.Fatal("(-plain +merged):\n" + diff)
		}
	})
}

func TestMergeRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.jsonl", big(50_000, 3))
	write(t, dir+"/b.txt", mail(1))
	parts := shards(t, 3, 10_000, dir)
	others := shards(t, 3, 20_000, dir)
	cut := func(p audit.PartFile, n int) audit.PartFile {
		f, _ := p.Open()
		b, _ := io.ReadAll(f)
		return partOf(p.Name, bytes.Join(bytes.SplitAfter(b, []byte("\n"))[:n], nil))
	}
	for _, tt := range []struct {
		name  string
		parts []audit.PartFile
		want  string
	}{
		{"none", nil, "there are no parts"},
		{"a shard is missing", []audit.PartFile{parts[0], parts[2]}, "shard 2 of 3 is missing"},
		{"a shard stands twice", []audit.PartFile{parts[0], parts[1], parts[1], parts[2]}, "are both shard 2"},
		{"another plan", []audit.PartFile{parts[0], others[1], parts[2]}, "are of different plans"},
		{"a shard was cut short", []audit.PartFile{parts[0], cut(parts[1], 2), parts[2]}, "the shard is not complete"},
		{"no part at all", []audit.PartFile{partOf("x", []byte("{}\n"))}, "is no result of a shard"},
		{"an empty file", []audit.PartFile{partOf("x", nil)}, "is no result of a shard"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := merge(t, tt.parts)
			if !errors.Is(err, audit.ErrPlan) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestShardRefuses(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.txt", mail(1))
	o := audit.Options{Inspector: inspector(t), Today: today}
	plan, err := audit.MakePlan(context.Background(), []string{dir}, 2, 0, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := audit.RunShard(context.Background(), plan, 3, io.Discard, o); !errors.Is(err, audit.ErrPlan) {
		t.Errorf("shard 3 of 2: %v", err)
	}
	changed := *plan
	changed.Rules = "other"
	if _, err := audit.RunShard(context.Background(), &changed, 1, io.Discard, o); !errors.Is(err, audit.ErrChangedRules) {
		t.Errorf("other rules: %v", err)
	}
	text, _ := json.Marshal(&changed)
	if _, err := audit.ParsePlan(text); !errors.Is(err, audit.ErrPlan) {
		t.Errorf("a changed plan: %v", err)
	}
	write(t, dir+"/a.txt", mail(1)+"more")
	for i := range 2 {
		if s, err := audit.RunShard(context.Background(), plan, i+1, io.Discard, o); err != nil || s.Files > 0 && s.Skipped != 1 {
			t.Errorf("a changed file: %+v, %v", s, err)
		}
	}
}

func FuzzMerge(f *testing.F) {
	f.Add([]byte(`{"type":"shard","plan":"p","rules_digest":"r","shard":1,"shards":1}` + "\n" +
		`{"type":"piece","path":"a","key":"a","first":true,"last":true}` + "\n" +
		`{"type":"find","rule":"pii/email","kind":"EMAIL_ADDRESS","start":1,"end":5,"severity":2,"print":"00000000000000000000000000000000"}` + "\n" +
		`{"type":"done","bytes":9}` + "\n" + `{"type":"end","pieces":1}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, s, err := merge(t, []audit.PartFile{partOf("x", b)})
		if err == nil && s == nil {
			t.Error("neither a summary nor an error")
		}
	})
}
