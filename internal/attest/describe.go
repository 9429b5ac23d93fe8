package attest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Describe sums a predicate up in one line. Its names are those of the statement, not made safe for a terminal.
func Describe(p Predicate) string {
	switch p := p.(type) {
	case *DatasetAudit:
		return fmt.Sprintf("%d files, label %s, %d findings, %d not scanned", p.Tree.Files, p.Label, p.Before.Total, len(p.NotScanned))
	case *Training:
		return p.describe()
	case *Conversion:
		return strings.TrimSpace(p.Method+" by "+tool(p.Converter)+" "+p.Encoding) + by(&p.Origin)
	case *Merge:
		return fmt.Sprintf("%s of %d models", p.Method, len(p.Inputs)) + by(&p.Origin)
	case *ModelScan:
		return fmt.Sprintf("%s, %d files, %s", p.Verdict, len(p.Files), tool(p.Scanner))
	case *Evaluation:
		return p.describe()
	case *Approval:
		return p.Decision + " by " + who(p.By) + until(p.Expires)
	case *Waiver:
		return p.Rule + " waived by " + who(p.Owner) + until(p.Expires)
	case *GateVerdict:
		return fmt.Sprintf("%s, %d violations, %d missing", p.Verdict, len(p.Violations), len(p.Missing)) + until(p.Expires)
	}
	return ""
}

func (t *Training) describe() string {
	s := t.Method + " " + t.Result
	if !t.Started.IsZero() && !t.Ended.IsZero() {
		s += " in " + t.Ended.Sub(t.Started).Round(time.Second).String()
	}
	if len(t.Changed) > 0 {
		s += fmt.Sprintf(", %d inputs changed meanwhile", len(t.Changed))
	}
	return s + by(&t.Origin)
}

func (e *Evaluation) describe() string {
	met, wanted := 0, 0
	for i := range e.Metrics {
		ok, known := e.Metrics[i].Meets()
		if known {
			wanted++
		}
		if ok {
			met++
		}
	}
	s := tool(Tool{Name: e.Suite.Name, Version: e.Suite.Version})
	for i, m := range e.Metrics {
		if i == 3 {
			s += fmt.Sprintf(", %d more", len(e.Metrics)-i)
			break
		}
		s += ", " + m.Name + " " + strconv.FormatFloat(m.Value, 'g', 6, 64)
	}
	if wanted > 0 {
		s += fmt.Sprintf("; %d of %d thresholds met", met, wanted)
	}
	return s
}

func tool(t Tool) string { return strings.TrimSpace(t.Name + " " + t.Version) }

func who(w Who) string {
	if w.Role == "" {
		return w.Name
	}
	return w.Name + " (" + w.Role + ")"
}

func by(o *Origin) string {
	s := ", by " + who(o.By)
	if o.Imported != nil {
		s += ", read from " + o.Imported.Name
	}
	return s + ", " + string(o.Grade)
}

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + t.UTC().Format(time.RFC3339)
}
