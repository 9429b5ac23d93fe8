package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// A statement leaves word for the custody log: its digest, the label and counts, and no path.
func TestStatementIsToldToTheLog(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "reeve-data")
	reeve := func(code int, args ...string) {
		t.Helper()
		var out strings.Builder
		if got := run(args, strings.NewReader(""), &out, &out); got != code {
			t.Fatalf("reeve %s: %d, want %d\n%s", strings.Join(args, " "), got, code, out.String())
		}
	}
	files := filepath.Join(dir, "jane-doe")
	if err := os.MkdirAll(files, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(files, "jane.doe.txt"), []byte("Write to jane.doe@corp-mail.com today.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signing, statement := filepath.Join(dir, "k"), filepath.Join(dir, "s.intoto.jsonl")
	reeve(0, "attest", "keygen", "-o", signing)
	scan := []string{"scan", "-q", "--no-cache", "--summary", "--fail-on", "none", "--statement", statement, "--sign-key", signing, "--data", data, files}
	reeve(2, scan...) // there is no such data directory, and a scan makes none
	if err := os.Remove(statement); err != nil {
		t.Fatal(err)
	}
	reeve(0, "key", "create", "--name", "x", "--data", data)
	reeve(0, scan...)
	line, err := os.ReadFile(statement)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	acts, err := db.Acts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := acts[len(acts)-1]
	if last.Act != "dataset.statement" || last.Subject != "statement:"+digestOf(line) {
		t.Errorf("%+v", last)
	}
	root := last.Details["dataset_root"]
	delete(last.Details, "dataset_root")
	want := map[string]string{"label": "confidential{PII}", "files": "1", "findings": "1", "findings_medium": "1", "not_scanned": "0"}
	if diff := cmp.Diff(want, last.Details); diff != "" || len(root) != 64 {
		t.Errorf("root %s (-want +got):\n%s", root, diff)
	}
	for _, act := range acts {
		if strings.Contains(act.Subject, "jane") || strings.Contains(strings.Join(values(act.Details), " "), "jane") {
			t.Errorf("a path is in the act: %+v", act)
		}
	}
	e, err := attest.ParseEnvelope(line)
	if err != nil || len(e.Signatures) != 1 {
		t.Errorf("%v", err)
	}
}

// A training under watch leaves a record of its own kind with digests, and no path.
func TestTrainingIsToldToTheLog(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	reeve := func(code int, args ...string) {
		t.Helper()
		var out strings.Builder
		if got := run(args, strings.NewReader(""), &out, &out); got != code {
			t.Fatalf("reeve %s: %d, want %d\n%s", strings.Join(args, " "), got, code, out.String())
		}
	}
	if err := os.WriteFile("jane-doe.jsonl", []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("REEVE_TEST_TRAINING", "jane-model.bin")
	reeve(0, "attest", "keygen", "-o", "k")
	reeve(0, "key", "create", "--name", "x", "--data", "reeve-data")
	reeve(0, "attest", "run", "--data-set", "jane-doe.jsonl", "--output", "jane-model.bin", "--key", "k", "--by", "Bo", "--data", "reeve-data", "--", program, "-test.run=^TestTrainingStandIn$")
	db, err := store.Open(t.Context(), "reeve-data")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	acts, err := db.Acts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := acts[len(acts)-1]
	if last.Act != "model.training" || eventOf(last).Kind != custody.EventTraining || !strings.HasPrefix(last.Subject, "statement:") {
		t.Errorf("%+v", last)
	}
	for _, name := range []string{"payload", "data_1", "output_1"} {
		if len(last.Details[name]) != 64 {
			t.Errorf("%s is %q", name, last.Details[name])
		}
	}
	if last.Details["result"] != "succeeded" || strings.Contains(strings.Join(values(last.Details), " "), "jane") {
		t.Errorf("%+v", last.Details)
	}
}

// TestTrainingStandIn is the training of TestTrainingIsToldToTheLog, in a process of its own.
func TestTrainingStandIn(t *testing.T) {
	name := os.Getenv("REEVE_TEST_TRAINING")
	if name == "" {
		t.Skip("it stands in for a training in another test")
	}
	if err := os.WriteFile(name, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func values(m map[string]string) []string {
	var all []string
	for _, v := range m {
		all = append(all, v)
	}
	return all
}
