package model

import (
	"fmt"

	"github.com/reeve-ai/reeve"
)

// Verdict orders what can be said of a file, the worst last.
type Verdict uint8

// The verdicts of the package comment.
const (
	Clean Verdict = iota
	Review
	Error
	Invalid
	Malicious
)

var verdicts = [...]string{"clean", "review", "error", "invalid", "malicious"}

func (v Verdict) String() string { return verdicts[min(int(v), len(verdicts)-1)] }

// MarshalText implements encoding.TextMarshaler.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *Verdict) UnmarshalText(b []byte) error {
	for i, name := range verdicts {
		if name == string(b) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("verdict %q is not one of %v", b, verdicts)
}

// Result is what a scan says of one file. It is the line format of `reeve model scan --format jsonl`.
type Result struct {
	Path     string          `json:"path"`
	Verdict  Verdict         `json:"verdict"`
	Format   string          `json:"format,omitzero"` // what the content is, such as "pickle", "torch-zip", "safetensors", "gguf"
	Size     int64           `json:"size"`
	SHA256   string          `json:"sha256,omitzero"` // hex
	Findings []reeve.Finding `json:"findings"`
}

// maxFindings bounds the findings of one file; the rest is told as their number.
const maxFindings = 200

// note adds a finding and lets the verdict rise with it.
func (r *Result) note(v Verdict, f reeve.Finding) {
	r.Verdict = max(r.Verdict, v)
	f.Path, f.Kind, f.Score = r.Path, "MODEL", 1
	f.Severity = severityOf(v)
	for i := range r.Findings {
		g := &r.Findings[i]
		if g.Rule == f.Rule && g.Message == f.Message && g.Field == f.Field {
			return
		}
	}
	if len(r.Findings) < maxFindings {
		r.Findings = append(r.Findings, f)
	}
}

func severityOf(v Verdict) reeve.Severity {
	switch v {
	case Malicious:
		return reeve.SeverityCritical
	case Invalid:
		return reeve.SeverityHigh
	case Error, Review:
		return reeve.SeverityMedium
	}
	return reeve.SeverityInfo
}
