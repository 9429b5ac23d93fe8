// Package sourcing keeps the documented origin of a data set: the manifest sourcing.yaml, drafts of it, checks of it
// against the files, and exports to the formats of others.
//
// A check answers with findings. Some say that something is wrong, others that evidence is missing: an empty field is
// never taken for the answer that would please. Nothing here says that a law is kept.
package sourcing

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/strict"
)

// limits bound a manifest. A source takes about 80 lines.
var limits = strict.Limits{Bytes: 1 << 20, Marks: 20_000, Depth: 12}

const maxSources = 500

// Doc is a manifest with the places of its fields.
type Doc struct {
	Manifest
	Name  string // of the file, for messages
	Text  []byte // as it was read
	place *strict.Doc
}

// Read reads the manifest at path.
func Read(path string) (*Doc, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read sourcing manifest: %w", err)
	}
	return Parse(path, text)
}

// Parse reads a manifest strictly. Errors tell line and column and show the place; name is for messages.
func Parse(name string, text []byte) (*Doc, error) {
	d := &Doc{Name: name, Text: text}
	var err error
	if d.place, err = strict.Decode(name, text, &d.Manifest, limits); err != nil {
		return nil, err
	}
	if d.Version != 1 {
		return nil, d.place.At("this reeve reads version 1", "version")
	}
	if len(d.Sources) > maxSources {
		return nil, fmt.Errorf("%s: %d sources, more than %d", name, len(d.Sources), maxSources)
	}
	if err := d.values(reflect.ValueOf(d.Manifest), nil); err != nil {
		return nil, err
	}
	return d, d.sources()
}

// line is the line of a field, for findings.
func (d *Doc) line(path ...any) int { return d.place.Line(path...) }

// values checks single values by the tags that the schema is made from.
func (d *Doc) values(v reflect.Value, path []any) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return d.values(v.Elem(), path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := d.values(v.Index(i), append(slices.Clone(path), i)); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			at := append(slices.Clone(path), key)
			if message := wrong(v.Field(i), f.Tag.Get("jsonschema")); message != "" {
				return d.place.At(message, at...)
			}
			if err := d.values(v.Field(i), at); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrong says what is wrong with a value, or nothing.
func wrong(v reflect.Value, tag string) string {
	if v.Kind() == reflect.Int64 && v.Int() < 0 {
		return "want a number that is not negative"
	}
	if v.Kind() != reflect.String || v.String() == "" {
		return ""
	}
	var choices []string
	for part := range strings.SplitSeq(tag, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "enum":
			choices = append(choices, value)
		case "format":
			if _, err := day(v.String()); err != nil && v.String() != Unknown {
				return "want a date, such as 2026-11-21"
			}
		case "pattern":
			if !regexp.MustCompile(value).MatchString(v.String()) {
				return "want text that matches " + value
			}
		}
	}
	if len(choices) > 0 && !slices.Contains(choices, v.String()) {
		return "want one of " + strings.Join(choices, ", ")
	}
	return ""
}

// sources checks what one value alone cannot show.
func (d *Doc) sources() error {
	seen := map[string]bool{}
	for i := range d.Sources {
		s := &d.Sources[i]
		switch {
		case s.ID == "":
			return d.place.At("a source needs an id", "sources", i)
		case seen[s.ID]:
			return d.place.At("two sources have this id", "sources", i, "id")
		case len(s.Files) == 0:
			return d.place.At("a source needs files: one glob or more", "sources", i)
		}
		seen[s.ID] = true
		for k, g := range s.Files {
			if err := checkGlob(g); err != nil {
				return d.place.At(err.Error(), "sources", i, "files", k)
			}
		}
		if known(s.Classification) {
			if _, err := reeve.ParseLabel(s.Classification); err != nil {
				return d.place.At(err.Error(), "sources", i, "classification")
			}
		}
	}
	for k, g := range d.Dataset.Documents {
		if err := checkGlob(g); err != nil {
			return d.place.At(err.Error(), "dataset", "documents", k)
		}
	}
	return nil
}

// day reads a date; a time in RFC 3339 gives its day too.
func day(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, errors.New("no date")
}

// Marshal writes a manifest as YAML that Parse reads back.
func Marshal(m *Manifest) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(m, yaml.Indent(2), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write sourcing manifest: %w", err)
	}
	return text, nil
}

// MarshalOptOut writes one entry of opt_out.
func MarshalOptOut(o *OptOut) ([]byte, error) {
	text, err := yaml.MarshalWithOptions([]*OptOut{o}, yaml.Indent(2))
	if err != nil {
		return nil, fmt.Errorf("write opt-out entry: %w", err)
	}
	return text, nil
}
