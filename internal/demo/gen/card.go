package main

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed card.md
var cardText string

// card is the README of the sample: card.md with the numbers filled in.
func card(manifest []planted, files map[string][]byte) []byte {
	places, values := map[string]int{}, map[string]map[string]bool{}
	for _, p := range manifest {
		places[p.Kind]++
		if values[p.Kind] == nil {
			values[p.Kind] = map[string]bool{}
		}
		values[p.Kind][p.Value] = true
	}
	var rows strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(places)) {
		fmt.Fprintf(&rows, "| %s | %d | %d |\n", kind, len(values[kind]), places[kind])
	}
	var lines strings.Builder
	for _, source := range sources {
		name := source + ".jsonl"
		fmt.Fprintf(&lines, "| %s | %d | %s |\n", name, strings.Count(string(files[name]), "\n"), about[source])
	}
	return []byte(strings.NewReplacer("{{files}}\n", lines.String(), "{{planted}}\n", rows.String()).Replace(cardText))
}

var about = map[string]string{
	"agent-desk": "what the company's own people ask",
	"forum":      "customers among themselves; **no licence is documented**",
	"webchat":    "customers and the shop's assistant",
}
