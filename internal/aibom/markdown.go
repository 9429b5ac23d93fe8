package aibom

import (
	"fmt"
	"strings"
	"time"
)

// Markdown writes the facts as a model card for people, from the same claims as the bill of materials. Each line says how sure it is.
// What strangers wrote is escaped: it cannot become markup of the card.
func Markdown(f *Facts, o Options) ([]byte, error) {
	b := builder{f: f, o: &o}
	m := &card{b: &b}
	m.line("# %s", escape(b.name()))
	m.line("")
	m.line("Version %s · written %s by reeve %s · *declared*: somebody says so · *inferred*: read off the bytes · *verified*: computed or signed",
		escape(b.version()), o.Clock().UTC().Format(time.DateOnly), escape(o.Tool))
	m.prose("", "description")
	m.table()
	for _, x := range [][2]string{
		{"Intended use", "intended_use"},
		{"How to use it", "application"},
		{"Limitations", "limitations"},
		{"Bias and ethics", "ethics"},
		{"Safety", "safety"},
		{"Human oversight", "autonomy"},
		{"Training", "training"},
		{"Preprocessing", "preprocessing"},
		{"Personal data", "personal_data"},
		{"Explainability", "explainability"},
		{"Standards", "standards"},
		{"Environmental impact", "energy"},
		{"Evaluation", "evaluation"},
	} {
		m.prose(x[0], x[1])
	}
	m.ancestry()
	m.data()
	m.metrics()
	m.statements()
	m.flaws()
	m.files()
	return []byte(m.out.String()), nil
}

type card struct {
	b   *builder
	out strings.Builder
}

func (m *card) line(format string, args ...any) { fmt.Fprintf(&m.out, format+"\n", args...) }

func (m *card) section(title string) {
	m.line("")
	m.line("## %s", title)
	m.line("")
}

// escape takes the meaning from what Markdown and HTML would take as markup, and puts a text on one line.
func escape(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "|", "\\|", "#", "\\#", "!", "\\!", "&", "&amp;").Replace(s)
}

func (m *card) prose(title, claim string) {
	c, said := m.b.f.Claims[claim]
	if !said {
		return
	}
	if title != "" {
		m.section(title)
	} else {
		m.line("")
	}
	m.line("%s *(%s, %s)*", escape(c.Value), c.Grade, escape(c.From))
}

func (m *card) table() {
	m.section("What it is")
	m.line("| what | value | how sure |")
	m.line("|---|---|---|")
	if s := m.b.o.Supplier; s != "" {
		m.line("| supplier | %s | declared |", escape(s))
	}
	if s := m.b.o.Author; s != "" {
		m.line("| author of this card | %s | declared |", escape(s))
	}
	for _, x := range [][2]string{
		{"author", "author"},
		{"organisation", "organization"},
		{"licence", "licence"},
		{"task", "task"},
		{"architecture", "architecture"},
		{"class", "model_class"},
		{"kind", "model_type"},
		{"parameters", "parameters"},
		{"precision", "precision"},
		{"quantisation", "quantisation"},
		{"context length", "context_length"},
		{"vocabulary", "vocab_size"},
		{"tokenizer", "tokenizer_class"},
		{"tokenizer, SHA-256", "tokenizer_sha256"},
		{"chat template, SHA-256", "chat_template_sha256"},
		{"adapter", "adapter"},
		{"repository", "vcs"},
		{"paper", "paper"},
		{"website", "website"},
		{"energy", "energy_quantity"},
		{"unit of energy", "energy_unit"},
	} {
		if c, said := m.b.f.Claims[x[1]]; said {
			m.line("| %s | %s | %s (%s) |", x[0], escape(c.Value), c.Grade, escape(c.From))
		}
	}
	m.line("| digest over all files, SHA-256 | %s | verified |", m.b.f.Root)
	if s := m.b.o.Scan; s != "" {
		m.line("| scan of the files | %s | verified |", escape(s))
	}
}

func (m *card) ancestry() {
	list := m.b.ancestors()
	if len(list) == 0 {
		return
	}
	m.section("Made from")
	m.line("| model | role | digest | how sure |")
	m.line("|---|---|---|---|")
	for _, a := range list {
		m.line("| %s | %s | %s | %s (%s) |", escape(a.name), escape(a.role), escape(a.digest), a.grade, escape(a.from))
	}
}

func (m *card) data() {
	list := m.b.datasets()
	if len(list) == 0 {
		return
	}
	m.section("Data")
	m.line("| data set | licence | owner | label | digest | how sure |")
	m.line("|---|---|---|---|---|---|")
	for _, d := range list {
		m.line("| %s | %s | %s | %s | %s | %s (%s) |", escape(d.Name), escape(d.Licence), escape(d.Owner), escape(d.Classification), escape(d.Digest), d.grade, escape(d.from))
	}
}

func (m *card) metrics() {
	list := m.b.metrics()
	if len(list) == 0 {
		return
	}
	m.section("Measured")
	m.line("| metric | value | on | how sure |")
	m.line("|---|---|---|---|")
	for _, c := range list {
		name, rest, _ := strings.Cut(c.Value, "=")
		value, slice, _ := strings.Cut(rest, "@")
		m.line("| %s | %s | %s | %s (%s) |", escape(name), escape(value), escape(slice), c.Grade, escape(c.From))
	}
}

func (m *card) statements() {
	if len(m.b.o.Lineage) == 0 {
		return
	}
	m.section("Signed statements")
	for i := range m.b.o.Lineage {
		s := &m.b.o.Lineage[i]
		m.line("- %s, by %s; statement %s", escape(s.told()), escape(first(s.by(), "nobody named")), s.Digest[:16])
	}
}

func (m *card) flaws() {
	n := 0
	for i := range m.b.o.Deps {
		d := &m.b.o.Deps[i]
		for k := range d.Vulnerabilities {
			if n++; n == 1 {
				m.section("Known vulnerabilities of what it needs")
			}
			v := &d.Vulnerabilities[k]
			m.line("- %s %s: %s, %s", escape(d.Name), escape(d.Version), escape(v.ID), escape(first(v.VEX, "open")))
		}
	}
}

func (m *card) files() {
	m.section("Files")
	m.line("| file | bytes | SHA-256 |")
	m.line("|---|---|---|")
	for i, f := range m.b.f.Files {
		if i == 1000 {
			m.line("| %d more | | |", len(m.b.f.Files)-i)
			break
		}
		m.line("| %s | %d | %s |", escape(f.Path), f.Size, f.SHA256)
	}
}
