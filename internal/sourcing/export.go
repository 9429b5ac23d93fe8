package sourcing

import (
	"fmt"
	"slices"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Export is a manifest with what a check of it found, to be written in the formats of others. Missing facts are left
// out or written as unknown, never filled in.
type Export struct {
	Doc    *Doc
	Result *Result
	Now    time.Time
	Tool   string // "reeve" with its version
}

// Formats are the names that Write takes.
func Formats() []string {
	return []string{"croissant", "cyclonedx", "spdx3", "dta", "art53", "art53-json", "hf-card"}
}

// Write writes the export in a format. The result depends on its inputs alone.
func (e *Export) Write(format string) ([]byte, error) {
	switch format {
	case "croissant":
		return e.croissant()
	case "cyclonedx":
		return e.cycloneDX(cdx.SpecVersion1_6)
	case "cyclonedx-1.7":
		return e.cycloneDX(cdx.SpecVersion1_7)
	case "spdx3":
		return e.spdx3()
	case "dta":
		return e.dta()
	case "art53":
		return e.art53Markdown()
	case "art53-html":
		return e.art53HTML()
	case "art53-json":
		return e.art53JSON()
	case "hf-card":
		return HFCard(e.Doc, e.Result)
	}
	return nil, fmt.Errorf("export format %q is not one of %s", format, strings.Join(Formats(), ", "))
}

func indented(v any) ([]byte, error) {
	b, err := json.Marshal(v, jsontext.WithIndent("  "), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write export: %w", err)
	}
	return append(b, '\n'), nil
}

type object = map[string]any

// put sets a member that says something.
func put(o object, key string, v any) {
	switch v := v.(type) {
	case string:
		if known(v) {
			o[key] = v
		}
	case []string:
		v = slices.DeleteFunc(slices.Clone(v), func(s string) bool { return !known(s) })
		if len(v) > 0 {
			o[key] = v
		}
	default:
		o[key] = v
	}
}

// orElse is the first that says something.
func orElse(values ...string) string {
	for _, v := range values {
		if known(v) {
			return v
		}
	}
	return ""
}

// sentence joins what is known about several things into one text.
func sentence(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p = strings.TrimSpace(p); known(p) {
			out = append(out, strings.TrimSuffix(p, "."))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return strings.Join(out, ". ") + "."
}

// labelled puts a name before a text that says something.
func labelled(name, text string) string {
	if !known(text) {
		return ""
	}
	return name + ": " + text
}

// perSource writes one sentence for each source that has something to say.
func (e *Export) perSource(of func(*Source) string) string {
	var out []string
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		if text := of(s); known(text) {
			out = append(out, s.ID+": "+strings.TrimSuffix(text, "."))
		}
	}
	return sentence(out...)
}

// personal is what the sources say together: yes where one does, no where all do.
func (e *Export) personal() string {
	all := "no"
	for i := range e.Doc.Sources {
		switch e.Doc.Sources[i].PersonalData.Present {
		case "yes":
			return "yes"
		case "no":
		default:
			all = Unknown
		}
	}
	return all
}

// processing tells what was done to the data, in order.
func processing(s *Source) string {
	var steps []string
	for _, t := range s.Lineage.Transformations {
		steps = append(steps, sentence(t.Name, labelled("program", t.Code)))
	}
	return strings.Join(steps, " ")
}

// scans tells what scans found, by kind.
func scans(s *Source) string {
	var out []string
	for _, scan := range s.Scans {
		out = append(out, sentence(labelled("scanned", scan.At), counted("found before", scan.Before), counted("found after", scan.After), labelled("residual risk", scan.Residual)))
	}
	return strings.Join(out, " ")
}

func counted(name string, m map[string]int64) string {
	var parts []string
	for k, n := range m {
		parts = append(parts, fmt.Sprintf("%d %s", n, k))
	}
	slices.Sort(parts)
	return labelled(name, strings.Join(parts, ", "))
}

// published is the date of publication, or of the export.
func (e *Export) published() string {
	return orElse(e.Doc.Dataset.Published, e.Now.UTC().Format(time.DateOnly))
}

// address is the data set's address: its page, or a name made of its digest.
func (e *Export) address() string {
	return orElse(e.Doc.Dataset.URL, "urn:sha256:"+e.Result.Tree.Root)
}

// contentSize writes bytes as schema.org does.
func contentSize(n int64) string { return fmt.Sprintf("%d B", n) }

func sortedKeys(m map[string]int64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
