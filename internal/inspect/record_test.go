package inspect_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
)

// listener is a tagger that keeps what it is given and finds the last byte of it.
type listener struct{ heard []string }

func (l *listener) Tag(dst []detect.Match, text []byte) []detect.Match {
	l.heard = append(l.heard, string(text))
	return append(dst, detect.Match{Start: len(text) - 1, End: len(text)})
}
func (l *listener) RuleAt(int32) *detect.Rule { return &detect.Rule{ID: "test/last", Kind: "LAST"} }
func (l *listener) Version() string           { return "1" }

// TestRecordsAreTaggedAlone holds that a tagger sees one record at a time, so that what it finds in one does not depend on
// its neighbours in the block.
func TestRecordsAreTaggedAlone(t *testing.T) {
	l := &listener{}
	in, err := inspect.New(inspect.Options{Tagger: l})
	if err != nil {
		t.Fatal(err)
	}
	text := "a: one\nb: two\na: three\n"
	b := &dataset.Block{
		Format: dataset.JSONL, Text: []byte(text), To: len(text),
		Fields: []dataset.Field{{Start: 3, End: 6, Record: 1}, {Start: 10, End: 13, Record: 1}, {Start: 17, End: 22, Record: 2}},
	}
	var s inspect.Scratch
	hits := in.Block(nil, b, &s)
	if diff := cmp.Diff([]string{"a: one\nb: two", "a: three"}, l.heard); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if len(hits) != 2 || hits[0].Start != 12 || hits[0].Field != 1 || hits[1].Start != 21 || hits[1].Field != 2 {
		t.Errorf("hits %+v, want one at 12 in the second field and one at 21 in the third", hits)
	}
}
