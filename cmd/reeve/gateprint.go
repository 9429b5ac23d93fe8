package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/gate"
	"github.com/reeve-ai/reeve/internal/report"
	"github.com/reeve-ai/reeve/internal/sourcing"
	"github.com/reeve-ai/reeve/internal/store"
)

// gateReport is what `reeve gate --format json` prints: the worst verdict, and everything that stands against any target.
type gateReport struct {
	SchemaVersion int             `json:"schema_version"`
	Verdict       gate.Verdict    `json:"verdict"`
	Violations    []gate.Problem  `json:"violations"`
	Missing       []gate.Problem  `json:"missing"`
	Waived        []gate.Problem  `json:"waived"`
	Consumed      []gate.Consumed `json:"consumed"`
	Policy        string          `json:"policy"`
	Targets       []*gate.Result  `json:"targets"`
}

func (r *gateReport) add(t *gate.Result) { r.Targets = append(r.Targets, t) }

// settle sums up the targets. Without any there is no pass.
func (r *gateReport) settle() {
	r.Violations, r.Missing, r.Waived, r.Consumed, r.Verdict = []gate.Problem{}, []gate.Problem{}, []gate.Problem{}, []gate.Consumed{}, gate.Pass
	for _, t := range r.Targets {
		r.Violations, r.Missing, r.Waived = append(r.Violations, t.Violations...), append(r.Missing, t.Missing...), append(r.Waived, t.Waived...)
		for _, c := range t.Consumed {
			if !slices.ContainsFunc(r.Consumed, func(have gate.Consumed) bool { return have.Digest == c.Digest }) {
				r.Consumed = append(r.Consumed, c)
			}
		}
		if t.Verdict == gate.Fail || t.Verdict == gate.Incomplete && r.Verdict == gate.Pass {
			r.Verdict = t.Verdict
		}
	}
	if len(r.Targets) == 0 {
		r.Verdict = gate.Incomplete
	}
}

func (r *gateReport) status() error {
	switch {
	case slices.ContainsFunc(r.Targets, (*gate.Result).Broken):
		return &toldError{exitIntegrity}
	case r.Verdict == gate.Fail:
		return &toldError{exitFindings}
	case r.Verdict != gate.Pass:
		return &toldError{exitIncomplete}
	}
	return nil
}

func (r *gateReport) write(w io.Writer, format string) error {
	switch format {
	case "json":
		return printJSON(w, r)
	case "text":
		return r.text(w)
	}
	out, err := report.New(format, w, report.Options{Version: version().Version, Command: "reeve gate"})
	if err != nil {
		return err
	}
	sum := &report.Summary{}
	for _, t := range r.Targets {
		sum.Files += len(t.Files)
		for k, list := range [][]gate.Problem{t.Violations, t.Missing} {
			for i := range list {
				f := findingOf(t, &list[i], k == 0)
				sum.Findings.Add(f.Rule, f.Kind, f.Severity, 1)
				if err := out.Finding(f); err != nil {
					return err
				}
			}
		}
	}
	return out.Close(sum)
}

// findingOf tells a problem as a finding.
func findingOf(t *gate.Result, p *gate.Problem, violated bool) *reeve.Finding {
	f := &reeve.Finding{
		Rule: "gate/" + p.Rule, Kind: "GATE_MISSING", Severity: reeve.SeverityMedium, Score: 1, Path: orString(p.Path, t.Target), Label: t.Label.String(),
		Message: p.Reason, Remedy: p.Remedy, Fingerprint: orString(p.Statement, p.Subject),
	}
	if violated {
		f.Kind, f.Severity = "GATE_VIOLATION", reeve.SeverityHigh
	}
	if p.Broken {
		f.Severity = reeve.SeverityCritical
	}
	if p.Command != "" {
		f.Remedy += " (" + p.Command + ")"
	}
	return f
}

func (r *gateReport) text(w io.Writer) error {
	for i, t := range r.Targets {
		if i > 0 {
			fmt.Fprintln(w)
		}
		for _, part := range []struct {
			word string
			list []gate.Problem
		}{{"violated", t.Violations}, {"missing", t.Missing}, {"waived", t.Waived}} {
			for k := range part.list {
				tellProblem(w, part.word, &part.list[k])
			}
		}
		for _, c := range t.Consumed {
			fmt.Fprintf(w, "rests on  %s by %s of %s%s\n", c.Kind, clean(strings.Join(c.Signer, ", ")), c.At.Format(time.DateOnly), untilWord(c.Until))
		}
		fmt.Fprintf(w, "%s: %s, %s, label %s%s\n", clean(t.Target), t.Verdict, counted(len(t.Files), "file"), t.Label, untilWord(t.Expires))
	}
	return nil
}

func untilWord(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + t.Format(time.DateOnly)
}

func tellProblem(w io.Writer, word string, p *gate.Problem) {
	where := ""
	if p.Path != "" {
		where = clean(p.Path) + ": "
	}
	fmt.Fprintf(w, "%-8s  %s  %s%s\n", word, p.Rule, where, clean(p.Reason))
	if p.Waiver != "" {
		fmt.Fprintf(w, "          waived by %s\n", p.Waiver)
		return
	}
	fmt.Fprintf(w, "          → %s\n", clean(p.Remedy))
	if p.Command != "" {
		fmt.Fprintf(w, "          $ %s\n", p.Command)
	}
}

// record signs a verdict and leaves word of it for the custody log.
func (f *gateFlags) record(ctx context.Context, p *gate.Policy, r *gate.Result, by attest.Who, key *attest.PrivateKey) error {
	subject := "tree:" + r.Tree.Root
	if key != nil && len(r.Files) > 0 {
		env, err := gate.Sign(r, p, by, attest.Tool{Name: "reeve", Version: version().Version}, key)
		if err != nil {
			return err
		}
		if _, err := appendStatement(f.output, env); err != nil {
			return err
		}
		subject = "statement:" + env.Digest()
	}
	if f.data == "" {
		return nil
	}
	details := map[string]string{
		"verdict": string(r.Verdict), "tree": r.Tree.Root, "policy": r.Policy, "label": r.Label.String(), "files": strconv.Itoa(r.Tree.Files),
		"violations": strconv.Itoa(len(r.Violations)), "missing": strconv.Itoa(len(r.Missing)), "waived": strconv.Itoa(len(r.Waived)), "statements": strconv.Itoa(len(r.Consumed)),
	}
	if len(r.Violations) > 0 {
		details["rule"] = r.Violations[0].Rule
	}
	return tellAct(ctx, f.data, store.Act{At: r.At, Act: "model.verdict", Subject: subject, Details: details})
}

// tellAct leaves an act for the custody log of a data directory.
func tellAct(ctx context.Context, data string, a store.Act) (err error) {
	if err := exists(data); err != nil {
		return err
	}
	db, err := store.Open(ctx, data)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, db.Close()) }()
	return db.AddAct(ctx, a)
}

func newTree(f *sourcing.Files) (attest.Tree, error) {
	if len(f.Skipped) > 0 {
		return attest.Tree{}, fmt.Errorf("hash data set: %s: %s", f.Skipped[0].Path, f.Skipped[0].Reason)
	}
	return attest.NewTree(f.Files)
}
