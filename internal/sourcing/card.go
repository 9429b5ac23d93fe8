package sourcing

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/reeve-ai/reeve/internal/license"
	"github.com/reeve-ai/reeve/internal/strict"
)

// cardLimits bound the head of a Hugging Face card. Lists of languages and configurations can be long.
var cardLimits = strict.Limits{Bytes: 256 << 10, Marks: 10_000, Depth: 16}

// Card is what is taken from the head of a Hugging Face data set card (README.md), a YAML block between lines of "---".
type Card struct {
	Licence     string // SPDX expression; "" where there is none
	LicenceName string // license_name of a licence that the hub does not know
	LicenceURL  string
	Name        string
	Languages   []string
	Sources     []string // source_datasets
	Tags        []string
	Synthetic   bool // the card says that machines wrote or annotated it
	Sizes       []string
	Tasks       []string
	AnnotatedBy []string
}

// ErrNoCard says that a text has no head of a card.
var ErrNoCard = errors.New("no card: the file does not begin with a YAML block between lines of \"---\"")

// ReadCard reads the head of a card. Keys that are not known are left aside: cards carry many.
func ReadCard(name string, text []byte) (*Card, error) {
	head, err := frontMatter(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	keys := map[string]any{}
	if _, err := strict.Decode(name, head, &keys, cardLimits); err != nil {
		return nil, err
	}
	c := &Card{
		Name: one(keys["pretty_name"]), Languages: many(keys["language"]), Sources: many(keys["source_datasets"]), Tags: many(keys["tags"]),
		Sizes: many(keys["size_categories"]), Tasks: many(keys["task_categories"]), LicenceName: one(keys["license_name"]), LicenceURL: one(keys["license_link"]),
		AnnotatedBy: many(keys["annotations_creators"]),
	}
	c.Licence = cardLicence(many(keys["license"]), c.LicenceName)
	c.Synthetic = slices.Contains(c.Tags, "synthetic") || slices.Contains(many(keys["language_creators"]), "machine-generated")
	return c, nil
}

// cardLicence turns the hub's names into an expression. Several stand for a choice nobody explains, so all apply.
func cardLicence(values []string, custom string) string {
	var ids []string
	for _, v := range values {
		id := ""
		switch row := license.ByHF(v); {
		case v == "other" && custom != "":
			id = refOf(custom)
		case row != nil && row.SPDX != "NONE":
			id = row.SPDX
		case row == nil:
			if listed, ok := license.Listed(v); ok {
				id = listed
			} else if v != "" && v != "unknown" {
				id = refOf(v)
			}
		}
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, " AND ")
}

// refOf makes a LicenseRef of any name; a row of the table keeps its own.
func refOf(name string) string {
	if row := license.ByHF(name); row != nil && row.SPDX != "NONE" {
		return row.SPDX
	}
	if listed, ok := license.Listed(name); ok {
		return listed
	}
	clean := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name), "-")
	if clean == "" {
		return ""
	}
	return "LicenseRef-" + clean
}

func frontMatter(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if string(bytes.TrimRight(first, "\r ")) != "---" {
		return nil, ErrNoCard
	}
	at := 0
	for line := range bytes.Lines(rest) {
		if string(bytes.TrimRight(line, "\r\n ")) == "---" {
			return rest[:at], nil
		}
		at += len(line)
	}
	return nil, ErrNoCard
}

// one and many read values that cards write as text or as a list.
func one(v any) string {
	if all := many(v); len(all) > 0 {
		return all[0]
	}
	return ""
}

func many(v any) []string {
	switch v := v.(type) {
	case string:
		if v = strings.TrimSpace(v); v != "" {
			return []string{v}
		}
	case bool: // "no" for Norwegian, in YAML 1.1
		if !v {
			return []string{"no"}
		}
	case []any:
		var out []string
		for _, x := range v {
			if s, ok := x.(string); ok && s != "" {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// HFCard writes the head of a Hugging Face card, and below it what the manifest says in words.
func HFCard(d *Doc, r *Result) ([]byte, error) {
	m := &d.Manifest
	head := yaml.MapSlice{}
	put := func(key string, value any) { head = append(head, yaml.MapItem{Key: key, Value: value}) }
	var hub []string
	for _, id := range licenceIDs(m) {
		name := "other"
		if row := license.BySPDX(id); row != nil && row.HF != "" {
			name = row.HF
		}
		if !slices.Contains(hub, name) {
			hub = append(hub, name)
		}
	}
	switch len(hub) {
	case 0:
		put("license", "unknown")
	case 1:
		put("license", hub[0])
	default:
		put("license", hub)
	}
	if slices.Contains(hub, "other") {
		put("license_name", strings.ToLower(strings.Join(licenceIDs(m), "-and-")))
	}
	if langs := languages(m); len(langs) > 0 {
		put("language", langs)
	}
	put("pretty_name", m.Dataset.Name)
	if size := sizeCategory(m); size != "" {
		put("size_categories", []string{size})
	}
	if from := derived(m); len(from) > 0 {
		put("source_datasets", from)
	}
	tags := slices.Clone(m.Dataset.Keywords)
	for i := range m.Sources {
		if m.Sources[i].Kind == "synthetic" && !slices.Contains(tags, "synthetic") {
			tags = append(tags, "synthetic")
		}
	}
	if len(tags) > 0 {
		put("tags", tags)
	}
	text, err := yaml.MarshalWithOptions(head, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write card: %w", err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "---\n%s---\n\n# %s\n\n%s\n", text, plainLine(m.Dataset.Name), plainLine(m.Dataset.Description))
	writeSources(&b, m, r)
	return b.Bytes(), nil
}

// writeSources tells about each source in Markdown.
func writeSources(b *bytes.Buffer, m *Manifest, r *Result) {
	b.WriteString("\n## Sources\n\n| source | kind | licence | origin | personal data | files | bytes |\n|---|---|---|---|---|---|---|\n")
	for i := range m.Sources {
		s := &m.Sources[i]
		files, size := 0, s.Bytes
		if r != nil && i < len(r.Sources) {
			files, size = r.Sources[i].Files, r.Sources[i].Bytes
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %d | %d |\n", cell(s.ID), cell(s.Kind), cell(s.Licence.Declared), cell(strings.Join(s.Origin.URLs, " ")), cell(orUnknown(s.PersonalData.Present)), files, size)
	}
	for _, part := range []struct {
		title string
		of    func(*Source) []string
	}{{"Biases", func(s *Source) []string { return s.Bias }}, {"Limits", func(s *Source) []string { return s.Limitations }}, {"Must not be used for", func(s *Source) []string { return s.Uses.Prohibited }}} {
		var lines []string
		for i := range m.Sources {
			for _, text := range part.of(&m.Sources[i]) {
				lines = append(lines, fmt.Sprintf("- %s: %s\n", plainLine(m.Sources[i].ID), plainLine(text)))
			}
		}
		if len(lines) > 0 {
			fmt.Fprintf(b, "\n## %s\n\n%s", part.title, strings.Join(lines, ""))
		}
	}
}

// cell and plainLine keep values in their place: one line, no table bars, no markup that a reader would run.
func cell(s string) string { return strings.ReplaceAll(plainLine(s), "|", "\\|") }

func plainLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer("<", "&lt;", ">", "&gt;", "`", "'").Replace(s)
}

func sizeCategory(m *Manifest) string {
	var n int64
	for i := range m.Sources {
		if m.Sources[i].Records == 0 {
			return ""
		}
		n += m.Sources[i].Records
	}
	for _, step := range []struct {
		below int64
		name  string
	}{{1e3, "n<1K"}, {1e4, "1K<n<10K"}, {1e5, "10K<n<100K"}, {1e6, "100K<n<1M"}, {1e7, "1M<n<10M"}, {1e8, "10M<n<100M"}, {1e9, "100M<n<1B"}} {
		if n < step.below && n > 0 {
			return step.name
		}
	}
	if n == 0 {
		return ""
	}
	return "n>1B"
}

func languages(m *Manifest) []string {
	return union(m, func(s *Source) []string { return s.Languages })
}

func derived(m *Manifest) []string {
	return union(m, func(s *Source) []string { return s.Lineage.DerivedFrom })
}

// union collects from all sources, each value once, in order.
func union(m *Manifest, of func(*Source) []string) []string {
	var all []string
	for i := range m.Sources {
		for _, v := range of(&m.Sources[i]) {
			if known(v) && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// licenceIDs are the identifiers of the whole: those of the data set if it names a licence, else those of its sources.
func licenceIDs(m *Manifest) []string {
	expressions := []string{m.Dataset.Licence}
	if !known(m.Dataset.Licence) {
		expressions = nil
		for i := range m.Sources {
			expressions = append(expressions, m.Sources[i].Licence.Declared)
		}
	}
	var ids []string
	for _, text := range expressions {
		e, err := license.Parse(text)
		if err != nil {
			continue
		}
		for _, id := range e.IDs() {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
