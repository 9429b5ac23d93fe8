package audit_test

import (
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

func decode(t testing.TB, line string) (f reeve.Finding) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &f); err != nil {
		t.Fatal(err)
	}
	return f
}
