package report_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// TestSARIF holds the log against the clauses of SARIF 2.1.0 that it makes use of.
func TestSARIF(t *testing.T) {
	for _, list := range [][]reeve.Finding{nil, findings()[:1], findings()} {
		var log struct {
			Schema  string `json:"$schema"`
			Version string `json:"version"`
			Runs    []struct {
				Tool struct {
					Driver struct {
						Name  string `json:"name"`
						Rules []struct {
							ID      string                  `json:"id"`
							Default struct{ Level string }  `json:"defaultConfiguration"`
							Short   struct{ Text string }   `json:"shortDescription"`
							Props   struct{ Tags []string } `json:"properties"`
							Help    struct{ Text string }   `json:"help"`
						} `json:"rules"`
					} `json:"driver"`
				} `json:"tool"`
				Results []struct {
					RuleID    string                `json:"ruleId"`
					RuleIndex *int                  `json:"ruleIndex"`
					Level     string                `json:"level"`
					Message   struct{ Text string } `json:"message"`
					Locations []struct {
						Physical struct {
							Artifact struct{ URI string } `json:"artifactLocation"`
							Region   *struct {
								StartLine  *int `json:"startLine"`
								ByteOffset *int `json:"byteOffset"`
								ByteLength *int `json:"byteLength"`
							} `json:"region"`
						} `json:"physicalLocation"`
					} `json:"locations"`
					Prints map[string]string `json:"partialFingerprints"`
				} `json:"results"`
				Invocations []struct {
					Successful *bool `json:"executionSuccessful"`
					Notes      []struct {
						Message struct{ Text string } `json:"message"`
					} `json:"toolExecutionNotifications"`
				} `json:"invocations"`
			} `json:"runs"`
		}
		if err := json.Unmarshal([]byte(write(t, "sarif", list)), &log, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		if log.Version != "2.1.0" || log.Schema == "" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name != "reeve" {
			t.Fatalf("%+v", log)
		}
		run := log.Runs[0]
		if run.Results == nil || len(run.Results) != len(list) {
			t.Errorf("%d results for %d findings: the array must be there even if it is empty (3.14.23)", len(run.Results), len(list))
		}
		if len(run.Invocations) != 1 || run.Invocations[0].Successful == nil || *run.Invocations[0].Successful || len(run.Invocations[0].Notes) != 1 {
			t.Errorf("a file was not scanned, the invocation says %+v", run.Invocations)
		}
		for i, r := range run.Results {
			if r.RuleIndex == nil || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID {
				t.Errorf("result %d: the rule index does not lead to %s", i, r.RuleID)
			}
			if !slices.Contains([]string{"none", "note", "warning", "error"}, r.Level) || r.Message.Text == "" {
				t.Errorf("result %d: level %q, message %q", i, r.Level, r.Message.Text)
			}
			for _, l := range r.Locations {
				if u, err := url.Parse(l.Physical.Artifact.URI); err != nil || u.String() != l.Physical.Artifact.URI || u.Scheme != "" {
					t.Errorf("result %d: %q is no URI reference", i, l.Physical.Artifact.URI)
				}
				if g := l.Physical.Region; g != nil && g.StartLine != nil && *g.StartLine < 1 || g != nil && g.ByteOffset != nil && (*g.ByteOffset < 0 || *g.ByteLength < 1) {
					t.Errorf("result %d: region %+v", i, g)
				}
			}
			if f := list[i]; f.Fingerprint != "" && r.Prints["reeve/v1"] != f.Fingerprint {
				t.Errorf("result %d: fingerprints %v", i, r.Prints)
			}
		}
	}
}
