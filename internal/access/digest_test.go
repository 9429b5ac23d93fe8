package access

import (
	"testing"

	"github.com/cedar-policy/cedar-go/types"
)

// Equal entities have equal digests, however they were made; every difference shows.
func TestEntityDigest(t *testing.T) {
	entity := func(attributes types.RecordMap, parents ...types.EntityUID) types.Entity {
		return types.Entity{UID: uid("User", "u"), Attributes: types.NewRecord(attributes), Parents: types.NewEntityUIDSet(parents...)}
	}
	s := func(v ...types.Value) types.Set { return types.NewSet(v...) }
	a := entity(types.RecordMap{"x": s(types.String("a"), types.String("b")), "y": types.Long(1)}, uid("Role", "r"), uid("Role", "s"))
	b := entity(types.RecordMap{"y": types.Long(1), "x": s(types.String("b"), types.String("a"), types.String("b"))}, uid("Role", "s"), uid("Role", "r"))
	if entityDigest(a) != entityDigest(b) {
		t.Error("equal entities have two digests")
	}
	seen := map[[32]byte]int{entityDigest(a): -1}
	for i, e := range []types.Entity{
		entity(types.RecordMap{"x": s(types.String("a"), types.String("b")), "y": types.Long(1)}, uid("Role", "r")),
		entity(types.RecordMap{"x": s(types.String("ab")), "y": types.Long(1)}, uid("Role", "r"), uid("Role", "s")),
		entity(types.RecordMap{"x": s(types.String("a")), "y": types.Long(1)}), entity(types.RecordMap{"x": types.String("a"), "y": types.Long(1)}),
		entity(types.RecordMap{"x": s(), "y": types.Long(11)}), entity(types.RecordMap{"x": s(types.Long(1), types.Long(1_1)), "y": types.Long(1)}),
		entity(types.RecordMap{"x": s(), "y": types.Long(1)}), entity(types.RecordMap{"x": types.NewRecord(nil), "y": types.Long(1)}),
		entity(types.RecordMap{"x": types.True}), entity(types.RecordMap{"x": types.String("true")}), entity(types.RecordMap{"x": uid("A", "b")}),
		entity(types.RecordMap{"x": uid("Ab", "")}), entity(types.RecordMap{"x": types.NewRecord(types.RecordMap{"y": types.Long(1)})}),
		{UID: uid("User", "v")},
		{UID: uid("User", "u")},
		{UID: uid("User", "u"), Tags: types.NewRecord(types.RecordMap{"x": types.True})},
		entity(types.RecordMap{"x": types.NewDatetimeFromMillis(1)}), entity(types.RecordMap{"x": types.NewDurationFromMillis(1)}),
	} {
		if j, twice := seen[entityDigest(e)]; twice {
			t.Errorf("entities %d and %d have one digest", j, i)
		}
		seen[entityDigest(e)] = i
	}
}
