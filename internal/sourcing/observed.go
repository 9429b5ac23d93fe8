package sourcing

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

// Observed is what a scan found, as counts. It holds no values.
type Observed struct {
	Counts []Count
	Files  []attest.File // the files that were scanned, where the scan's statement says so
	Lost   int64         // findings about files that are not below the folder
}

// Count is the number of findings of one rule in one file.
type Count struct {
	Path       string // below the folder; "": somewhere in the data set
	Rule, Kind string
	Severity   reeve.Severity
	Count      int64
}

const (
	maxLine     = 1 << 20
	maxDistinct = 1_000_000
)

// ReadFindings reads findings as `reeve scan --format jsonl` prints them. Paths are taken as the scan gave them: from
// where it ran, or below dir.
func ReadFindings(r io.Reader, dir string) (*Observed, error) {
	type key struct {
		path, rule, kind string
		severity         reeve.Severity
	}
	counts := map[key]int64{}
	var order []key
	out := &Observed{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if len(strings.TrimSpace(lines.Text())) == 0 {
			continue
		}
		var f reeve.Finding
		if err := json.Unmarshal(lines.Bytes(), &f); err != nil || f.Rule == "" {
			return nil, fmt.Errorf("findings, line %d: this is no finding", n)
		}
		rel, ok := below(dir, f.Path)
		if !ok {
			out.Lost++
			continue
		}
		k := key{rel, f.Rule, f.Kind, f.Severity}
		if counts[k]++; counts[k] == 1 {
			if order = append(order, k); len(order) > maxDistinct {
				return nil, fmt.Errorf("findings of more than %d rules and files", maxDistinct)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	for _, k := range order {
		out.Counts = append(out.Counts, Count{k.path, k.rule, k.kind, k.severity, counts[k]})
	}
	return out, nil
}

// below is a scanned path relative to dir, the member of an archive cut off. A path that is neither below dir nor
// relative is elsewhere.
func below(dir, scanned string) (string, bool) {
	scanned, _, _ = strings.Cut(filepath.ToSlash(scanned), "!/")
	scanned = path.Clean(scanned)
	folder := path.Clean(filepath.ToSlash(dir))
	if rest, ok := strings.CutPrefix(scanned, folder+"/"); ok {
		return rest, true
	}
	if folder == "." && !path.IsAbs(scanned) && !strings.HasPrefix(scanned, "../") {
		return scanned, true
	}
	if a, errA := filepath.Abs(dir); errA == nil {
		if b, errB := filepath.Abs(scanned); errB == nil {
			if rest, ok := strings.CutPrefix(filepath.ToSlash(b), filepath.ToSlash(a)+"/"); ok {
				return rest, true
			}
		}
	}
	return "", false
}

// FromStatement takes the counts of a data set statement whose signature the caller has verified.
func FromStatement(s *attest.Statement) (*Observed, error) {
	a, err := s.DatasetAudit()
	if err != nil {
		return nil, err
	}
	counts := &a.Before
	if a.After != nil {
		counts = a.After
	}
	if counts.Total > 0 && len(counts.ByKind) == 0 {
		return nil, errors.New("the statement counts findings and does not say of which kinds")
	}
	out := &Observed{Files: a.Files}
	for kind, n := range counts.ByKind {
		out.Counts = append(out.Counts, Count{Kind: kind, Severity: reeve.SeverityMedium, Count: n})
	}
	return out, nil
}

// stale tells whether a statement speaks of other files than those of the folder; documents are left aside.
func (c *check) stale() {
	o := c.o.Observed
	if o == nil {
		return
	}
	if o.Lost > 0 {
		c.say("sourcing/scan-elsewhere", fmt.Sprintf("%d findings are about files that are not below this folder", o.Lost), "dataset")
	}
	if o.Files == nil {
		return
	}
	scanned := map[string]string{}
	for _, f := range o.Files {
		rel := f.Path
		if r, ok := below(c.o.Dir, f.Path); ok {
			rel = r
		}
		scanned[rel] = f.SHA256
	}
	changed := 0
	for _, f := range c.files.Files {
		if scanned[f.Path] != f.SHA256 && len(c.by[f.Path]) > 0 {
			changed++
		}
	}
	if changed > 0 {
		c.say("sourcing/scan-elsewhere", fmt.Sprintf("%d files are not those that were scanned", changed), "dataset")
	}
}
