package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
)

// fields calls f for each field of a section type that the file can set, with its key.
func fields(t reflect.Type, f func(key string, field reflect.StructField)) {
	for i := range t.NumField() {
		if field := t.Field(i); field.IsExported() {
			f(field.Tag.Get("yaml"), field)
		}
	}
}

func fieldOf(t reflect.Type, key string) (found reflect.StructField, ok bool) {
	fields(t, func(k string, field reflect.StructField) {
		if k == key {
			found, ok = field, true
		}
	})
	return found, ok
}

// walk calls f for each value below v, lists before their entries, with its path and the tag of its field.
func walk(v reflect.Value, path string, f func(path string, v reflect.Value, tag reflect.StructTag)) {
	fields(v.Type(), func(key string, field reflect.StructField) {
		inner, full := v.FieldByIndex(field.Index), join(path, key)
		switch {
		case isSection(inner.Type()):
			walk(inner, full, f)
		case inner.Kind() == reflect.Slice:
			f(full, inner, field.Tag)
			for i := range inner.Len() {
				if at := fmt.Sprintf("%s[%d]", full, i); isSection(inner.Index(i).Type()) {
					walk(inner.Index(i), at, f)
				}
			}
		default:
			f(full, inner, field.Tag)
		}
	})
}

// isSection tells a struct with keys of its own from one that is written as a single value, such as a label.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// suggest finds the key that was probably meant.
func suggest(key string, t reflect.Type) string {
	best, distance := "", len(key)/3+2
	var all []string
	fields(t, func(k string, _ reflect.StructField) {
		all = append(all, k)
		if n := edits(strings.ToLower(key), k); n < distance {
			best, distance = k, n
		}
	})
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known here: " + strings.Join(all, ", ")
}

// edits is the Levenshtein distance, and a large number for words too long to be a slip.
func edits(a, b string) int {
	if len(a) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
