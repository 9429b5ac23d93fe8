package main

import (
	"sync"

	"github.com/reeve-ai/reeve/detect"
)

// identifying are the kinds that lead to one person.
var identifying = map[detect.Kind]bool{
	detect.KindEmail: true, detect.KindPhone: true, detect.KindIBAN: true, detect.KindCard: true, detect.KindUSSSN: true,
	detect.KindRecordNumber: true, detect.KindHealthPlan: true, detect.KindAccount: true,
}

// sureScore is the score from which a match is taken for what it looks like.
const sureScore = 0.5

// identifierEngine is made at first use: only custody.index_identifiers needs it.
var identifierEngine = sync.OnceValues(func() (*detect.Engine, error) {
	return detect.New(detect.Options{Rules: []string{"pii/*"}, MinScore: sureScore})
})

// identifiersIn are the identifiers of persons that a text names.
func identifiersIn(text []byte) []string {
	engine, err := identifierEngine()
	if err != nil {
		return nil // the built-in rules compile; a test holds it
	}
	var out []string
	for _, m := range engine.Find(nil, text) {
		if identifying[engine.RuleAt(m.Rule).Kind] {
			out = append(out, string(text[m.Start:m.End]))
		}
	}
	return out
}
