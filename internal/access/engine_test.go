package access_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/access"
)

func defaults(t testing.TB, modules ...string) *access.Engine {
	t.Helper()
	set, err := access.Compile(access.Default(), access.Options{Modules: modules})
	if err != nil {
		t.Fatal(err)
	}
	e, err := access.NewEngine(set)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var monday = access.Context{Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)}

// What the schema that ships declares and what the server asks about are the same actions.
func TestSchemaHasEveryAction(t *testing.T) {
	var got []access.Action
	for _, uid := range defaults(t).Set().Actions() {
		got = append(got, access.Action(uid.ID))
	}
	if diff := cmp.Diff(access.Actions(), got); diff != "" {
		t.Error("(-server +schema):\n" + diff)
	}
}
