package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// seed is where all choices begin.
const seed = 20260301

// sources are the files of the sample, in the order of sourcing.yaml.
var sources = [...]string{"agent-desk", "forum", "webchat"}

// record is one line of a .jsonl file.
type record struct {
	Messages []message `json:"messages"`
	Source   string    `json:"source"`
	plants   []planted
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// planted is one row of planted.json.
type planted struct {
	Kind   string `json:"kind"`
	Value  string `json:"value"`
	File   string `json:"file"`
	Record int    `json:"record"`
	Field  string `json:"field"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Source string `json:"source"`
}

// build makes every generated file of the sample, by name.
func build() (map[string][]byte, error) {
	g, err := readGrammar(topicFiles)
	if err != nil {
		return nil, err
	}
	r := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same bytes every time
	values := plants(rand.New(rand.NewPCG(seed, 2)))
	bySource := map[string][]record{}
	for _, s := range g.scenes {
		records, err := g.play(s, values, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.place, err)
		}
		bySource[s.source] = append(bySource[s.source], records...)
	}
	files := map[string][]byte{}
	var manifest []planted
	for _, source := range sources {
		records := bySource[source]
		delete(bySource, source)
		r.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		name := source + ".jsonl"
		if files[name], err = encodeLines(records); err != nil {
			return nil, err
		}
		for i, rec := range records {
			for _, p := range rec.plants {
				p.File, p.Record, p.Source = name, i+1, source
				manifest = append(manifest, p)
			}
		}
	}
	for source := range bySource {
		return nil, fmt.Errorf("source %q has no file", source)
	}
	if files["planted.json"], err = encodeManifest(manifest); err != nil {
		return nil, err
	}
	files["sourcing.yaml"] = sourcing(files)
	files["README.md"] = card(manifest, files)
	return files, nil
}

// play makes the conversations of one scene, no two alike.
func (g *grammar) play(s scene, values map[string]plant, r *rand.Rand) ([]record, error) {
	var out []record
	seen := map[string]bool{}
	for tries := 0; len(out) < s.copies; tries++ {
		if tries == 200 {
			return nil, fmt.Errorf("only %d different conversations, %d wanted", len(out), s.copies)
		}
		rec, err := g.perform(s, values, r.IntN)
		if err != nil {
			return nil, err
		}
		if key := fmt.Sprint(rec.Messages); !seen[key] {
			seen[key] = true
			out = append(out, rec)
		}
	}
	return out, nil
}

func (g *grammar) perform(s scene, values map[string]plant, pick func(int) int) (record, error) {
	rec := record{Source: s.source}
	e := expander{g: g, pick: pick, chosen: map[string]string{}}
	for i, t := range s.turns {
		text, err := e.expand(t.text)
		if err != nil {
			return rec, err
		}
		text, found, err := sow(text, values)
		if err != nil {
			return rec, err
		}
		for _, p := range found {
			p.Field = fmt.Sprintf("messages.%d.content", i)
			rec.plants = append(rec.plants, p)
		}
		if first := text[:1]; first >= "a" && first <= "z" && len(found) == 0 {
			text = strings.ToUpper(first) + text[1:]
		}
		rec.Messages = append(rec.Messages, message{t.role, text})
	}
	return rec, nil
}

// sow puts the planted values in the places of their [[key]] and says where they stand.
func sow(text string, values map[string]plant) (string, []planted, error) {
	var b strings.Builder
	var found []planted
	for {
		before, rest, more := strings.Cut(text, "[[")
		b.WriteString(before)
		if !more {
			return b.String(), found, nil
		}
		key, after, _ := strings.Cut(rest, "]]")
		p, known := values[key]
		if !known {
			return "", nil, fmt.Errorf("no planted value %q", key)
		}
		found = append(found, planted{Kind: p.kind, Value: p.value, Start: b.Len(), End: b.Len() + len(p.value)})
		b.WriteString(p.value)
		text = after
	}
}

func encodeLines(records []record) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, rec := range records {
		if err := enc.Encode(rec); err != nil {
			return nil, fmt.Errorf("encode record: %w", err)
		}
	}
	return b.Bytes(), nil
}

func encodeManifest(rows []planted) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(map[string]any{"schema_version": 1, "planted": rows})
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return b.Bytes(), nil
}

// sourcing names each source with its file. The forum has no licence: that is planted as well.
func sourcing(files map[string][]byte) []byte {
	digest := func(name string) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(files[name])) }
	return fmt.Appendf(nil, `# Where the sample claims to come from. Tindervale and its shops are invented, and one source is documented badly on
# purpose: nobody asked the owner of the forum, so there is no licence to name.
version: 1
sources:
  - name: agent-desk
    title: Questions of Tindervale's own people to their assistant
    kind: internal
    files: [agent-desk.jsonl]
    digest: %s
    licence: CC0-1.0
    rights_holder: Tindervale
    language: en
  - name: forum
    title: Posts of the Tindervale owners' forum
    kind: crawl
    files: [forum.jsonl]
    digest: %s
    url: https://forum.tindervale.example
    language: en
  - name: webchat
    title: Conversations of the shop's web chat
    kind: user
    files: [webchat.jsonl]
    digest: %s
    licence: CC0-1.0
    rights_holder: Tindervale
    language: en
`, digest("agent-desk.jsonl"), digest("forum.jsonl"), digest("webchat.jsonl"))
}
