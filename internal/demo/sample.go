package demo

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed sample/*
var sampleFiles embed.FS

// Message is one turn of a conversation in the OpenAI shape.
type Message struct {
	Role    string `json:"role"` // "system", "user" or "assistant"
	Content string `json:"content"`
}

// Conversation is one line of the sample.
type Conversation struct {
	Messages []Message `json:"messages"`
	Source   string    `json:"source"` // name of a source in sourcing.yaml
	File     string    `json:"-"`      // file of the sample, such as "webchat.jsonl"
	Record   int       `json:"-"`      // line in the file, the first is 1
}

// Plant is one planted value: where it stands and what it is. The values are invented, but have the right form.
type Plant struct {
	Kind   string `json:"kind"`   // as the detector names it, such as "EMAIL_ADDRESS"; what is no secret and no number is PERSON or STREET_ADDRESS
	Value  string `json:"value"`  // the value as it stands in the message
	File   string `json:"file"`   // file of the sample
	Record int    `json:"record"` // line in the file, the first is 1
	Field  string `json:"field"`  // such as "messages.1.content"
	Start  int    `json:"start"`  // first byte in the decoded field
	End    int    `json:"end"`    // byte after the last
	Source string `json:"source"` // source of the record
}

// Load returns the conversations of the sample, file by file in alphabetical order.
func Load() ([]Conversation, error) {
	files, err := Files()
	if err != nil {
		return nil, err
	}
	return Read(files)
}

// Read returns the conversations of a folder of .jsonl files, file by file in alphabetical order.
func Read(files fs.FS) ([]Conversation, error) {
	names, err := fs.Glob(files, "*.jsonl")
	if err != nil {
		return nil, fmt.Errorf("list sample: %w", err)
	}
	var convs []Conversation
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read sample: %w", err)
		}
		for i, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
			c := Conversation{File: name, Record: i + 1}
			if err := json.Unmarshal(line, &c); err != nil {
				return nil, fmt.Errorf("read sample %s line %d: %w", c.File, c.Record, err)
			}
			convs = append(convs, c)
		}
	}
	return convs, nil
}

// Planted returns everything that is planted in the sample, in the order of the files.
func Planted() ([]Plant, error) {
	data, err := sampleFiles.ReadFile("sample/planted.json")
	if err != nil {
		return nil, fmt.Errorf("read sample: %w", err)
	}
	var manifest struct {
		Planted []Plant `json:"planted"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, fmt.Errorf("read planted.json: %w", err)
	}
	return manifest.Planted, nil
}

// Files is the sample as it ships: the .jsonl files, sourcing.yaml, planted.json and README.md. `reeve demo` writes
// them out so that a user can look at them and scan them.
func Files() (fs.FS, error) {
	sub, err := fs.Sub(sampleFiles, "sample")
	if err != nil {
		return nil, fmt.Errorf("open sample: %w", err)
	}
	return sub, nil
}

// Replacer returns a function for [Clean] that puts [KIND] in the place of every planted value. It is the ideal cleaner,
// which knows what to look for; a detector has to find it.
func Replacer(planted []Plant) func(text string) string {
	sorted := slices.Clone(planted)
	slices.SortFunc(sorted, func(a, b Plant) int { return len(b.Value) - len(a.Value) }) // a value may contain another
	pairs := make([]string, 0, 2*len(sorted))
	for _, p := range sorted {
		pairs = append(pairs, p.Value, "["+p.Kind+"]")
	}
	return strings.NewReplacer(pairs...).Replace
}
