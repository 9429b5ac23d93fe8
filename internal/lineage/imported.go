package lineage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/strict"
)

// Imported is what a file of another tool says, as predicates. Everything in them is declared: nobody here saw it happen.
type Imported struct {
	Predicates []attest.Predicate // without who, when and with what; with the file that they are from
	NotRead    []string           // what the file says and no predicate holds
}

// importLimits bound the files of other tools.
var importLimits = strict.Limits{Bytes: 4 << 20, Marks: 100_000, Depth: 24}

// maxValue bounds a value that is taken over, in bytes.
const maxValue = 4 << 10

// fields reads YAML of another tool: unknown keys stay, what an attacker could use is refused.
func fields(name string, text []byte) (map[string]any, error) {
	out := map[string]any{}
	_, err := strict.Decode(name, text, &out, importLimits)
	return out, err
}

// source is the file that an import is from.
func source(name string, text []byte) *attest.Resource {
	sum := sha256.Sum256(text)
	return &attest.Resource{Name: name, Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}}
}

// declaredFrom is the head of an imported predicate.
func declaredFrom(r *attest.Resource) attest.Origin {
	return attest.Origin{Grade: attest.Declared, Imported: r}
}

// one is a scalar as text, "" for anything else.
func one(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int, int64, uint64:
		return fmt.Sprint(v)
	}
	return ""
}

// many is a scalar or a list of scalars as texts.
func many(v any) []string {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var out []string
	for _, x := range list {
		if s := one(x); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// table is a mapping, an empty one for anything else.
func table(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// tables is a list of mappings.
func tables(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, x := range list {
		if m, ok := x.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// number is a value that is a number, as such or as text. Percentages and the like are none: what they mean is not known.
func number(v any) (float64, bool) {
	f, err := strconv.ParseFloat(one(v), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// note adds a value to a table of parameters, where it is one and short.
func note(to map[string]string, name string, v any) bool {
	s := one(v)
	if s == "" || len(s) > maxValue || name == "" || len(name) > maxValue {
		return false
	}
	to[name] = s
	return true
}

// flat adds the scalars of nested mappings to a table of parameters, with dots between the names. It returns what it left out.
func flat(to map[string]string, prefix string, m map[string]any) (left []string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if deeper, ok := m[k].(map[string]any); ok {
			left = append(left, flat(to, prefix+k+".", deeper)...)
			continue
		}
		v := m[k]
		if list, ok := v.([]any); ok {
			v = strings.Join(many(list), ", ")
		}
		if !note(to, prefix+k, v) {
			left = append(left, prefix+k)
		}
	}
	return left
}

func named(names []string) []attest.Material {
	var out []attest.Material
	for _, n := range names {
		out = append(out, attest.Material{Name: n, Grade: attest.Declared})
	}
	return out
}
