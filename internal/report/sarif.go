package report

import (
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/reeve-ai/reeve"
)

// sarif writes SARIF 2.1.0 (OASIS, errata 01). Results go out as they come; the rules that they name by index follow
// them, which is as good: the members of a JSON object have no order.
type sarif struct {
	w       io.Writer
	version string
	rules   []sarifRule
	index   map[string]int
	buf     []byte
}

type (
	sarifText struct {
		Text string `json:"text"`
	}
	sarifRule struct {
		ID      string         `json:"id"`
		Short   sarifText      `json:"shortDescription"`
		Help    sarifText      `json:"help"`
		Default sarifLevel     `json:"defaultConfiguration"`
		Props   map[string]any `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints,omitzero"`
		Props        map[string]any    `json:"properties"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitzero"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitzero"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine  int  `json:"startLine,omitzero"`
		ByteOffset *int `json:"byteOffset,omitzero"`
		ByteLength *int `json:"byteLength,omitzero"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifNote struct {
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations,omitzero"`
	}
)

func newSARIF(w io.Writer, o Options) (*sarif, error) {
	_, err := io.WriteString(w, `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[`)
	return &sarif{w: w, version: o.Version, index: map[string]int{}}, err
}

func (s *sarif) Finding(f *reeve.Finding) error {
	at, known := s.index[f.Rule]
	if !known {
		at = len(s.rules)
		s.index[f.Rule] = at
		s.rules = append(s.rules, ruleOf(f))
	}
	file, _ := outer(f.Path)
	r := sarifResult{
		RuleID: f.Rule, RuleIndex: at, Level: level(f.Severity), Message: sarifText{sentence(f)},
		Locations: []sarifLocation{{Physical: sarifPhysical{Artifact: sarifArtifact{uri(file)}, Region: region(f)}}},
		Props:     map[string]any{"kind": f.Kind, "severity": f.Severity.String(), "score": f.Score, "label": f.Label},
	}
	if f.Fingerprint != "" {
		r.Fingerprints = map[string]string{"reeve/v1": f.Fingerprint}
	}
	if place := logical(f); place != "" {
		r.Locations[0].Logical = []sarifLogical{{place, "member"}}
	}
	if f.In != "" {
		r.Props["in"], r.Props["start"], r.Props["end"] = f.In, f.Start, f.End
	}
	if f.Value != "" {
		r.Props["value"] = f.Value
	}
	b, err := json.Marshal(&r, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fmt.Errorf("encode result: %w", err)
	}
	s.buf = s.buf[:0]
	if len(s.buf) == 0 && (at > 0 || known) {
		s.buf = append(s.buf, ',')
	}
	_, err = s.w.Write(append(append(s.buf, '\n'), b...))
	return err
}

func (s *sarif) Close(sum *Summary) error {
	notes := []sarifNote{}
	for _, skip := range sum.NotScanned {
		file, _ := outer(skip.Path)
		notes = append(notes, sarifNote{
			Level: "error", Message: sarifText{"not scanned: " + skip.Reason},
			Locations: []sarifLocation{{Physical: sarifPhysical{Artifact: sarifArtifact{uri(file)}}}},
		})
	}
	rest := map[string]any{
		"tool": map[string]any{"driver": map[string]any{
			"name": "reeve", "version": s.version, "rules": append([]sarifRule{}, s.rules...),
		}},
		"invocations": []any{map[string]any{
			"executionSuccessful": sum.Skipped == 0 && !sum.Interrupt, "toolExecutionNotifications": notes,
		}},
		"properties": map[string]any{"summary": sum},
	}
	b, err := json.Marshal(rest, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fmt.Errorf("encode run: %w", err)
	}
	_, err = fmt.Fprintf(s.w, "\n],%s]}\n", b[1:])
	return err
}

// ruleOf describes a rule by the first finding that names it.
func ruleOf(f *reeve.Finding) sarifRule {
	return sarifRule{
		ID: f.Rule, Short: sarifText{f.Message}, Help: sarifText{f.Remedy}, Default: sarifLevel{level(f.Severity)},
		Props: map[string]any{"kind": f.Kind, "tags": []string{"security", "privacy"}, "security-severity": cvss(f.Severity)},
	}
}

func region(f *reeve.Finding) *sarifRegion {
	r := sarifRegion{StartLine: f.Line}
	if f.In == "" && !nested(f.Path) {
		length := f.End - f.Start
		r.ByteOffset, r.ByteLength = &f.Start, &length
	}
	if nested(f.Path) {
		r.StartLine = 0 // a line of the member is none of the archive
	}
	if r == (sarifRegion{}) {
		return nil
	}
	return &r
}

func nested(path string) bool {
	_, member := outer(path)
	return member != ""
}

// level is the SARIF word (3.27.10).
func level(s reeve.Severity) string {
	switch {
	case s >= reeve.SeverityHigh:
		return "error"
	case s == reeve.SeverityMedium:
		return "warning"
	}
	return "note"
}

// cvss is the number by which GitHub sorts: over 9 critical, 7 high, 4 medium, else low.
func cvss(s reeve.Severity) string {
	return [...]string{"1.0", "3.0", "5.5", "8.0", "9.5"}[min(int(s), 4)]
}
