package sourcing

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The summary of training content that Regulation (EU) 2024/1689 Art. 53(1)(d) asks of providers of general-purpose
// models, in the sections of the Commission's template of 24 July 2025: general information, list of sources,
// processing. It is a draft for people: it fills in what the manifest knows and lists what it does not.

// art53 is the summary as data.
type art53 struct {
	Title   string       `json:"title"`
	Basis   string       `json:"basis"`
	General art53General `json:"general_information"`
	Sources []art53Group `json:"list_of_data_sources"`
	Process art53Process `json:"data_processing"`
	Missing []string     `json:"missing"` // what the manifest does not know, or the template asks of the model
	Notice  string       `json:"notice"`
}

type art53General struct {
	Provider   string          `json:"provider"`
	Contact    string          `json:"contact,omitzero"`
	Dataset    string          `json:"dataset"`
	Version    string          `json:"version,omitzero"`
	Model      string          `json:"model,omitzero"`
	Published  string          `json:"published,omitzero"`
	Latest     string          `json:"latest_acquisition,omitzero"`
	Modalities []art53Modality `json:"modalities"`
	Languages  []string        `json:"languages,omitzero"`
}

type art53Modality struct {
	Modality string `json:"modality"`
	Bytes    int64  `json:"bytes"`
	Records  int64  `json:"records,omitzero"`
}

type art53Group struct {
	Section string        `json:"section"`
	Title   string        `json:"title"`
	Sources []art53Source `json:"sources"`
}

type art53Source struct {
	Name       string   `json:"name"`
	URLs       []string `json:"urls,omitzero"`
	Describes  string   `json:"description,omitzero"`
	Licence    string   `json:"licence,omitzero"`
	Collected  string   `json:"collected,omitzero"`
	Collector  string   `json:"collector,omitzero"`
	Domains    []string `json:"domains,omitzero"`
	Generators []string `json:"generators,omitzero"`
	Modality   string   `json:"modality,omitzero"`
	Bytes      int64    `json:"bytes"`
}

type art53Process struct {
	OptOut  []string `json:"respect_of_rights_reservations"`
	Removal []string `json:"removal_of_illegal_content"`
	Other   []string `json:"other"`
}

// art53Sections are the sections of the template's list of sources, with the kinds that belong there.
var art53Sections = []struct{ section, title, kind string }{
	{"2.1", "Publicly available datasets", "public"},
	{"2.2", "Private non-publicly available datasets obtained from third parties", "licensed"},
	{"2.3", "Data crawled and scraped from online sources", "crawl"},
	{"2.4", "User data", "user"},
	{"2.5", "Synthetic data", "synthetic"},
	{"2.6", "Other sources of data", "internal"},
}

func (e *Export) art53() *art53 {
	d := &e.Doc.Dataset
	a := &art53{
		Title: "Summary of training content", Basis: "Regulation (EU) 2024/1689, Art. 53(1)(d); sections of the Commission's template of 24 July 2025",
		General: art53General{
			Provider: orUnknown(orElse(d.Issuer, d.Creator)), Contact: orElse(d.Contact), Dataset: orUnknown(d.Name), Version: orElse(d.Version),
			Model: e.Doc.Use.ReleaseName, Published: orElse(d.Published), Languages: languages(&e.Doc.Manifest),
		},
		Notice: "Drafted from a sourcing manifest. It states what the manifest says and lists what it does not; whether a duty is met is for a person to say.",
	}
	e.art53Sizes(a)
	e.art53Sources(a)
	e.art53Processing(a)
	e.art53Missing(a)
	return a
}

func (e *Export) art53Sizes(a *art53) {
	sizes := map[string]*art53Modality{}
	var order []string
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		m := orUnknown(s.Modality)
		if sizes[m] == nil {
			sizes[m] = &art53Modality{Modality: m}
			order = append(order, m)
		}
		sizes[m].Bytes += e.bytes(i)
		sizes[m].Records += s.Records
		if when := orElse(s.Origin.RetrievedAt); when > a.General.Latest {
			a.General.Latest = when
		}
	}
	a.General.Modalities = []art53Modality{}
	for _, m := range order {
		a.General.Modalities = append(a.General.Modalities, *sizes[m])
	}
}

func (e *Export) bytes(i int) int64 {
	if i < len(e.Result.Sources) {
		return e.Result.Sources[i].Bytes
	}
	return e.Doc.Sources[i].Bytes
}

func (e *Export) art53Sources(a *art53) {
	for _, section := range art53Sections {
		g := art53Group{Section: section.section, Title: section.title, Sources: []art53Source{}}
		for i := range e.Doc.Sources {
			s := &e.Doc.Sources[i]
			if s.Kind != section.kind && (s.Kind != Unknown || section.section != "2.6") {
				continue
			}
			x := art53Source{
				Name: orElse(s.Name, s.ID), Describes: orElse(s.Description), Licence: orElse(s.Licence.Declared), Collected: period(s), Collector: orElse(s.Origin.Retriever),
				Generators: generatorNames(s), Modality: orElse(s.Modality), Bytes: e.bytes(i),
			}
			for _, u := range s.Origin.URLs {
				if known(u) {
					x.URLs = append(x.URLs, u)
				}
			}
			if s.Kind == "crawl" {
				x.Domains = domains(x.URLs)
			}
			g.Sources = append(g.Sources, x)
		}
		a.Sources = append(a.Sources, g)
	}
}

func period(s *Source) string {
	if known(s.Origin.From) || known(s.Origin.To) {
		return strings.TrimSpace(orUnknown(s.Origin.From) + " to " + orUnknown(s.Origin.To))
	}
	return orElse(s.Origin.RetrievedAt)
}

// domains are the host names of addresses, each once, sorted.
func domains(urls []string) []string {
	var out []string
	for _, u := range urls {
		if p, err := url.Parse(u); err == nil && p.Hostname() != "" {
			out = append(out, strings.ToLower(p.Hostname()))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (e *Export) art53Processing(a *art53) {
	a.Process = art53Process{OptOut: []string{}, Removal: []string{}, Other: []string{}}
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		for _, o := range s.OptOut {
			a.Process.OptOut = append(a.Process.OptOut, fmt.Sprintf("%s: signal %s read on %s said %s", s.ID, o.Signal, orUnknown(o.RecordedAt), orUnknown(o.Result)))
		}
		// A scan for personal data and secrets is no removal of illegal content, so it does not stand under 3.2.
		for _, text := range []string{processing(s), scans(s)} {
			if text != "" {
				a.Process.Other = append(a.Process.Other, s.ID+": "+text)
			}
		}
	}
}

func (e *Export) art53Missing(a *art53) {
	miss := func(format string, args ...any) { a.Missing = append(a.Missing, fmt.Sprintf(format, args...)) }
	a.Missing = []string{}
	if a.General.Provider == Unknown {
		miss("1.1 who the provider is")
	}
	if a.General.Contact == "" {
		miss("1.1 how the provider can be reached")
	}
	if a.General.Model == "" {
		miss("1.2 which models were trained on it")
	}
	miss("1.3 size of the training data in the template's units (tokens, images, hours): the manifest counts bytes and records")
	for i := range e.Doc.Sources {
		s := &e.Doc.Sources[i]
		if !known(s.Modality) {
			miss("1.3 modality of source %s", s.ID)
		}
		if s.Kind == Unknown {
			miss("2 kind of source %s; it is listed under 2.6", s.ID)
		}
		if s.Kind == "public" && len(domains(s.Origin.URLs)) == 0 {
			miss("2.1 where dataset %s can be found", s.ID)
		}
		if s.Kind == "crawl" && (period(s) == "" || len(domains(s.Origin.URLs)) == 0) {
			miss("2.3 period and domains of crawl %s", s.ID)
		}
		if s.Kind == "crawl" && len(s.OptOut) == 0 {
			miss("3.1 which rights reservations were respected for crawl %s", s.ID)
		}
		if s.Kind == "synthetic" && len(s.Synthetic.Generators) == 0 {
			miss("2.5 which models wrote %s", s.ID)
		}
	}
	if len(a.Process.Removal) == 0 {
		miss("3.2 what was done to find and remove illegal content: the manifest has no field for it")
	}
}

func (e *Export) art53JSON() ([]byte, error) { return indented(e.art53()) }

func (e *Export) art53Markdown() ([]byte, error) {
	a := e.art53()
	var b bytes.Buffer
	fmt.Fprintf(&b, "# %s\n\n%s\n\n%s\n\n## 1 General information\n\n", a.Title, a.Basis, a.Notice)
	writeGeneral(&b, &a.General)
	b.WriteString("\n## 2 List of data sources\n")
	for _, g := range a.Sources {
		writeGroup(&b, &g)
	}
	b.WriteString("\n## 3 Data processing\n")
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"3.1 Respect of rights reservations for text and data mining", a.Process.OptOut},
		{"3.2 Removal of illegal content", a.Process.Removal},
		{"3.3 Other information", a.Process.Other},
		{"What is missing", a.Missing},
	} {
		mark := "###"
		if part.title == "What is missing" {
			mark = "##"
		}
		fmt.Fprintf(&b, "\n%s %s\n\n", mark, part.title)
		if len(part.lines) == 0 {
			b.WriteString("Nothing is recorded.\n")
		}
		for _, l := range part.lines {
			fmt.Fprintf(&b, "- %s\n", plainLine(l))
		}
	}
	return b.Bytes(), nil
}

func writeGeneral(b *bytes.Buffer, g *art53General) {
	for _, l := range []struct{ name, value string }{
		{"Provider", g.Provider},
		{"Contact", g.Contact},
		{"Data set", strings.TrimSpace(g.Dataset + " " + g.Version)},
		{"Models", g.Model},
		{"Latest acquisition of data", g.Latest},
		{"Languages", strings.Join(g.Languages, ", ")},
	} {
		fmt.Fprintf(b, "- %s: %s\n", l.name, plainLine(orUnknown(l.value)))
	}
	b.WriteString("\n| modality | bytes | records |\n|---|---|---|\n")
	for _, m := range g.Modalities {
		fmt.Fprintf(b, "| %s | %d | %d |\n", cell(m.Modality), m.Bytes, m.Records)
	}
}

func writeGroup(b *bytes.Buffer, g *art53Group) {
	fmt.Fprintf(b, "\n### %s %s\n\n", g.Section, g.Title)
	if len(g.Sources) == 0 {
		b.WriteString("None is recorded.\n")
	}
	for _, s := range g.Sources {
		fmt.Fprintf(b, "- **%s**, %d bytes", plainLine(s.Name), s.Bytes)
		for _, part := range []struct{ name, value string }{
			{"modality", s.Modality},
			{"licence", s.Licence},
			{"collected", s.Collected},
			{"by", s.Collector},
			{"written by", strings.Join(s.Generators, ", ")},
			{"domains", strings.Join(s.Domains, ", ")},
			{"at", strings.Join(s.URLs, " ")},
		} {
			if part.value != "" {
				fmt.Fprintf(b, "; %s %s", part.name, plainLine(part.value))
			}
		}
		b.WriteString("\n")
		if s.Describes != "" {
			fmt.Fprintf(b, "  %s\n", plainLine(s.Describes))
		}
	}
}
