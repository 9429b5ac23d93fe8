package gateway

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesAreBounded(t *testing.T) {
	n := NewNames(3)
	var got []string
	for _, name := range []string{"llama3:8b", "confidential{PII}", "a\nb", "", "ünï", strings.Repeat("x", 200), "mistral", "llama3:8b", "late"} {
		got = append(got, n.Bound(name))
	}
	want := []string{"llama3:8b", "confidential{PII}", "other", "other", "other", "other", "mistral", "llama3:8b", "other"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestTeamsAreBounded(t *testing.T) {
	teams := newTeams()
	teams.add("", true)
	for i := range 3 * maxTeams {
		teams.add(fmt.Sprintf("team-%d", i), i%2 == 0)
	}
	got := teams.Snapshot()
	if len(got) != maxTeams+1 || got["other"] != (Team{2 * maxTeams, maxTeams}) || got["team-0"] != (Team{1, 1}) {
		t.Errorf("%d teams, other %+v, first %+v", len(got), got["other"], got["team-0"])
	}
}
