package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/store"
)

// What the gate decides is left for the custody log, by digests and counts, and becomes a record of the gate's kind.
func TestTheGateLeavesWordForTheLog(t *testing.T) {
	dir := t.TempDir()
	data, model := filepath.Join(dir, "d"), filepath.Join(dir, "jane-doe")
	reeve := func(code int, args ...string) {
		t.Helper()
		var out strings.Builder
		if got := run(args, strings.NewReader(""), &out, &out); got != code {
			t.Fatalf("reeve %s: %d, want %d\n%s", strings.Join(args, " "), got, code, out.String())
		}
	}
	if err := os.MkdirAll(model, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(model, "jane.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	reeve(0, "key", "create", "--name", "x", "--data", data)
	reeve(3, "gate", model, "--data", data)
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
	if ev := eventOf(last); ev.Kind != custody.EventGate || last.Act != "model.verdict" || last.Subject != "tree:"+last.Details["tree"] {
		t.Errorf("%+v", last)
	}
	delete(last.Details, "tree")
	delete(last.Details, "policy")
	want := map[string]string{"verdict": "incomplete", "label": "restricted", "files": "1", "violations": "0", "missing": "3", "waived": "0", "statements": "0"}
	if diff := cmp.Diff(want, last.Details); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if strings.Contains(strings.Join(values(last.Details), " ")+last.Subject, "jane") {
		t.Errorf("a path is in the act: %+v", last)
	}
}
