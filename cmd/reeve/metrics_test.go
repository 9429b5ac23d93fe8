package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestDashboardAndRulesNameMetricsThatExist: what the dashboard and the alert rules ask for, a server has.
func TestDashboardAndRulesNameMetricsThatExist(t *testing.T) {
	s, _ := startServer(t, nil)
	descs := make(chan *prometheus.Desc)
	go func() { s.metrics.Describe(descs); close(descs) }()
	known, name := map[string]bool{}, regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range descs {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			known[m[1]] = true
		}
	}
	asked := 0
	for _, path := range []string{"../../integrations/grafana/reeve.json", "../../integrations/prometheus/reeve.rules.yml"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Ext(path) == ".json" && !json.Valid(text) {
			t.Errorf("%s is no JSON", path)
		}
		for _, metric := range regexp.MustCompile(`\b(reeve|process)_[a-z_]+`).FindAllString(string(text), -1) {
			asked++
			base := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(metric, "_bucket"), "_sum"), "_count")
			if !known[metric] && !known[base] {
				t.Errorf("%s asks for %s, which no server has", filepath.Base(path), metric)
			}
		}
	}
	if asked < 30 {
		t.Errorf("only %d metrics are asked for: the pattern finds too little", asked)
	}
}

// TestPrometheusRules has promtool check the rules and run their tests.
func TestPrometheusRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is not installed")
		}
		t.Skip("promtool is not installed: the Debian package prometheus has it")
	}
	for _, args := range [][]string{{"check", "rules", "reeve.rules.yml"}, {"test", "rules", "reeve.rules.test.yml"}} {
		c := exec.CommandContext(t.Context(), promtool, args...)
		c.Dir = "../../integrations/prometheus"
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
