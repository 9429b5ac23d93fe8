package aibom

import (
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/reeve-ai/reeve/internal/license"
)

// cardFront is the metadata at the head of a model card.
type cardFront struct {
	Licence     any    `yaml:"license"`
	LicenceName string `yaml:"license_name"`
	LicenceLink string `yaml:"license_link"`
	Datasets    any    `yaml:"datasets"`
	BaseModel   any    `yaml:"base_model"`
	Relation    string `yaml:"base_model_relation"`
	Language    any    `yaml:"language"`
	Tags        any    `yaml:"tags"`
	Task        string `yaml:"pipeline_tag"`
	Library     string `yaml:"library_name"`
	Name        string `yaml:"model_name"`
	Version     string `yaml:"version"`
	Emissions   any    `yaml:"co2_eq_emissions"`
	Domain      any    `yaml:"domain"`
	Index       []struct {
		Results []struct {
			Task    map[string]any `yaml:"task"`
			Dataset map[string]any `yaml:"dataset"`
			Metrics []struct {
				Type  string `yaml:"type"`
				Value any    `yaml:"value"`
			} `yaml:"metrics"`
		} `yaml:"results"`
	} `yaml:"model-index"`
}

// card reads a model card: the metadata at its head, and its sections by their titles.
func (f *Facts) card(rel, text string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if rest, ok := strings.CutPrefix(text, "---\n"); ok {
		if front, body, ok := strings.Cut(rest, "\n---"); ok {
			f.front(rel, front)
			text = body
		}
	}
	f.sections(rel, text)
	f.named(rel, text)
}

func (f *Facts) front(rel, text string) {
	c, ok := parseFront(text)
	if !ok {
		return
	}
	for _, l := range texts(c.Licence) {
		f.claim("licence", spdxOf(l, c.LicenceName), Declared, rel)
	}
	f.claim("licence_link", c.LicenceLink, Declared, rel)
	f.claim("task", c.Task, Declared, rel)
	f.claim("library", c.Library, Declared, rel)
	f.claim("name", c.Name, Declared, rel)
	f.claim("version", c.Version, Declared, rel)
	f.claim("relation", c.Relation, Declared, rel)
	for name, v := range map[string]any{"dataset": c.Datasets, "base_model": c.BaseModel, "language": c.Language, "tag": c.Tags} {
		for _, s := range texts(v) {
			f.list(name, s, Declared, rel)
		}
	}
	f.claim("domain", strings.Join(texts(c.Domain), ", "), Declared, rel)
	emissions := c.Emissions
	if e, ok := emissions.(map[string]any); ok {
		emissions = e["emissions"]
	}
	f.claim("emissions", oneText(emissions), Declared, rel)
	for _, tag := range f.Lists["tag"] {
		if id, is := strings.CutPrefix(tag.Value, "arxiv:"); is && arxivID.MatchString(id) {
			f.claim("paper", "https://arxiv.org/abs/"+id, Declared, rel)
		}
	}
	for _, m := range c.Index {
		for _, r := range m.Results {
			for _, x := range r.Metrics {
				if v := oneText(x.Value); v != "" && x.Type != "" {
					f.list("metric", x.Type+"="+v+"@"+oneText(r.Dataset["name"]), Declared, rel)
				}
			}
		}
	}
}

// parseFront reads YAML written by strangers. The library answers some malformed input with a panic.
func parseFront(text string) (c cardFront, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if len(text) > 1<<20 {
		return c, false
	}
	return c, yaml.Unmarshal([]byte(text), &c) == nil
}

// texts are the strings of a value that may be one or several.
func texts(v any) []string {
	switch v := v.(type) {
	case []any:
		var out []string
		for _, x := range v {
			if s := oneText(x); s != "" {
				out = append(out, s)
			}
		}
		return out
	case nil:
		return nil
	}
	if s := oneText(v); s != "" {
		return []string{s}
	}
	return nil
}

// spdxOf is the SPDX name of what a model hub calls a licence, or what the card itself calls it.
func spdxOf(hub, name string) string {
	if id, ok := license.Listed(hub); ok {
		return id
	}
	if l := license.ByHF(hub); l != nil && hub != "other" && l.SPDX != "NONE" {
		return l.SPDX
	}
	if hub == "other" {
		return name
	}
	return hub
}

func (f *Facts) licenceText(rel string, b []byte) {
	if e := license.Expression(license.InText(b)); e != "" {
		f.claim("licence", e, Inferred, rel)
		f.list("licence_text", e, Inferred, rel)
	}
}

var heading = regexp.MustCompile(`(?m)^(#{1,4})\s+(.+?)\s*#*$`)

// sectionClaims are the sections of a card by the words of their titles, in the order in which they are tried.
var sectionClaims = []struct {
	claim string
	title *regexp.Regexp
}{
	{"limitations", regexp.MustCompile(`(?i)limitation|known issue`)},
	{"preprocessing", regexp.MustCompile(`(?i)preprocess|data preparation`)},
	{"explainability", regexp.MustCompile(`(?i)explainab|interpretab|model examination`)},
	{"autonomy", regexp.MustCompile(`(?i)autonomy|human (?:oversight|review|in the loop)`)},
	{"standards", regexp.MustCompile(`(?i)complian|standards|regulat`)},
	{"threshold", regexp.MustCompile(`(?i)threshold`)},
	{"personal_data", regexp.MustCompile(`(?i)personal|privacy|sensitive`)},
	{"ethics", regexp.MustCompile(`(?i)ethic|bias|fairness`)},
	{"safety", regexp.MustCompile(`(?i)safety|risk|misuse|out-of-scope`)},
	{"intended_use", regexp.MustCompile(`(?i)intended|direct use|^uses?(?: cases?)?$`)},
	{"application", regexp.MustCompile(`(?i)downstream|how to (?:use|get started)|^usage|application|get started`)},
	{"domain", regexp.MustCompile(`(?i)^domain`)},
	{"energy", regexp.MustCompile(`(?i)environment|energy|carbon|emission`)},
	{"training", regexp.MustCompile(`(?i)training (?:data|procedure|details|process|set-?up|hyper)|^training$|fine-?tuning`)},
	{"evaluation", regexp.MustCompile(`(?i)evaluation|results|benchmark|metrics`)},
	{"description", regexp.MustCompile(`(?i)description|overview|summary|^about|model details`)},
}

// bullets are the lines of a card that name one thing, as the template of the model hub has them.
var bullets = []struct {
	claim string
	line  *regexp.Regexp
}{
	{"author", regexp.MustCompile(`(?im)^\s*[-*]\s*\**(?:developed by|author|authors)\b[^:\n]*:\**\s*(.+)$`)},
	{"organization", regexp.MustCompile(`(?im)^\s*[-*]\s*\**(?:shared by|published by|organi[sz]ation)\b[^:\n]*:\**\s*(.+)$`)},
	{"model_type", regexp.MustCompile(`(?im)^\s*[-*]\s*\**model type\b[^:\n]*:\**\s*(.+)$`)},
	{"vcs", regexp.MustCompile(`(?im)^\s*[-*]\s*\**(?:repository|source code)\b[^:\n]*:\**\s*(.+)$`)},
	{"paper", regexp.MustCompile(`(?im)^\s*[-*]\s*\**paper\b[^:\n]*:\**\s*(.+)$`)},
	{"website", regexp.MustCompile(`(?im)^\s*[-*]\s*\**(?:website|homepage|demo|project page)\b[^:\n]*:\**\s*(.+)$`)},
	{"url", regexp.MustCompile(`(?im)^\s*[-*]\s*\**download\b[^:\n]*:\**\s*(.+)$`)},
}

var (
	link     = regexp.MustCompile(`https?://[^\s<>()\[\]"']+`)
	arxivID  = regexp.MustCompile(`^\d{4}\.\d{4,5}$`)
	quantity = regexp.MustCompile(`(?i)(\d[\d.,]*)\s*(kWh|MWh|GWh|Wh|MJ|GJ)\b`)
)

// named takes what bullets of a card name. Where a link is wanted, the first one of the line is it.
func (f *Facts) named(rel, text string) {
	for _, b := range bullets {
		m := b.line.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		value := plainText(m[1])
		switch b.claim {
		case "vcs", "paper", "website", "url":
			value = strings.TrimRight(link.FindString(m[1]), ".,;")
		}
		f.claim(b.claim, value, Declared, rel)
	}
	if m := quantity.FindStringSubmatch(f.Claims["energy"].Value); m != nil {
		f.claim("energy_quantity", m[1], Inferred, rel)
		f.claim("energy_unit", m[2], Inferred, rel)
	}
}

// sections takes the text under titles that say what a bill of materials asks for. A placeholder says nothing.
func (f *Facts) sections(rel, text string) {
	marks := heading.FindAllStringSubmatchIndex(text, 500)
	shared := map[string]string{} // of titles that name several: a section of its own comes first
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		body := plainText(text[m[1]:end])
		title := text[m[4]:m[5]]
		for _, s := range sectionClaims {
			if s.title.MatchString(title) && body != "" {
				f.claim(s.claim, body, Declared, rel)
				break
			}
		}
		for _, name := range []string{"limitations", "ethics", "safety"} {
			if sectionTitle(name).MatchString(title) && shared[name] == "" {
				shared[name] = body
			}
		}
		if i == 0 && body != "" {
			f.weak("description", body, Declared, rel)
		}
	}
	for name, body := range shared {
		f.weak(name, body, Declared, rel)
	}
}

func sectionTitle(claim string) *regexp.Regexp {
	for _, s := range sectionClaims {
		if s.claim == claim {
			return s.title
		}
	}
	return nil
}

var (
	comments    = regexp.MustCompile(`(?s)<!--.*?-->`)
	placeholder = regexp.MustCompile(`(?i)\[?more information needed\]?`)
)

// plainText is the beginning of a section in one line, at most 1,000 characters.
func plainText(s string) string {
	s = placeholder.ReplaceAllString(comments.ReplaceAllString(s, ""), "")
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000]) + "…"
	}
	return s
}
