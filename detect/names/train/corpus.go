package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// word is a token of a corpus with its BIO tag.
type word struct{ text, tag string }

// readCorpus reads name.conll: a token, a tab and a BIO tag on each line, an empty line after each sentence. Each
// sentence comes twice: joined as people write it, and with a space between all tokens, because both will be met.
func readCorpus(dir, name string) ([]sequence.Example, error) {
	f, err := os.Open(filepath.Join(dir, name+".conll"))
	if err != nil {
		return nil, fmt.Errorf("read corpus: %w", err)
	}
	defer f.Close()
	var out []sequence.Example
	var sentence []word
	flush := func() {
		if len(sentence) > 0 {
			cleaned := clean(sentence)
			out = append(out, join(cleaned, true), join(split(cleaned), false))
			sentence = sentence[:0]
		}
	}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text, tag, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			flush()
			continue
		}
		sentence = append(sentence, word{text, tag})
	}
	flush()
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read corpus %s: %w", name, err)
	}
	return out, nil
}

// clean unlabels handles and hashtags, which some corpora count as names, and ends entities that are addresses.
func clean(sentence []word) []word {
	for i := range sentence {
		w := &sentence[i]
		handle := strings.HasPrefix(w.text, "@") || strings.HasPrefix(w.text, "#") || strings.Contains(w.text, "://")
		if i > 0 && (sentence[i-1].text == "@" || sentence[i-1].text == "#") {
			handle = true
		}
		if !handle {
			continue
		}
		w.tag = "O"
		if i+1 < len(sentence) && strings.HasPrefix(sentence[i+1].tag, "I-") {
			sentence[i+1].tag = "B-" + sentence[i+1].tag[2:]
		}
		if w.text == "@" && i+1 < len(sentence) {
			sentence[i+1].text = "@" + sentence[i+1].text // a handle again
			w.text = ""
		}
	}
	return sentence
}

// split parts words at hyphens, as some tokenisers do: al-Sadr becomes al - Sadr.
func split(sentence []word) []word {
	var out []word
	for _, w := range sentence {
		parts := strings.Split(w.text, "-")
		if len(parts) == 1 || strings.Contains(w.text, "://") || slices.Contains(parts, "") {
			out = append(out, w)
			continue
		}
		inside := w.tag
		if rest, ok := strings.CutPrefix(w.tag, "B-"); ok {
			inside = "I-" + rest
		}
		for i, p := range parts {
			if i > 0 {
				out = append(out, word{"-", inside})
				w.tag = inside
			}
			out = append(out, word{p, w.tag})
		}
	}
	return out
}

// titles are words before names that are not part of them here.
var titles = strings.Fields("mr mr. mrs mrs. ms ms. dr dr. prof prof. professor president senator sen. gov. governor rep. capt. captain sgt. lt. col. gen. general minister judge sheikh rev. miss mister doctor coach officer")

var kinds = map[string]sequence.Label{
	"PER": sequence.BeginPerson, "ORG": sequence.BeginOrganization, "LOC": sequence.BeginPlace,
}

// join makes a text of tokens.
func join(sentence []word, natural bool) sequence.Example {
	var x sequence.Example
	open, quoted := "", false
	for _, w := range sentence {
		if w.text == "" {
			continue
		}
		if len(x.Text) > 0 && !(natural && tight(string(x.Text[len(x.Text)-1:]), w.text, quoted)) {
			x.Text = append(x.Text, ' ')
		}
		if w.text == `"` || w.text == "``" || w.text == "''" {
			quoted = !quoted
		}
		start := len(x.Text)
		x.Text = append(x.Text, w.text...)
		tag, kind, _ := strings.Cut(w.tag, "-")
		label, ok := kinds[kind]
		if ok && label == sequence.BeginPerson && tag == "B" && slices.Contains(titles, strings.ToLower(w.text)) {
			ok = false
		}
		switch {
		case !ok:
			open = ""
		case tag == "I" && open == kind:
			x.Spans[len(x.Spans)-1].End = len(x.Text)
		default:
			open = kind
			x.Spans = append(x.Spans, sequence.Span{Start: start, End: len(x.Text), Label: label})
		}
	}
	return x
}

// tight reports whether people write no space between the last character and the token. quoted is true inside quotes.
func tight(last, token string, quoted bool) bool {
	switch token {
	case ".", ",", "!", "?", ";", ":", ")", "]", "%", "n't", "...", "'":
		return true
	case `"`, "''":
		return quoted
	}
	if strings.HasPrefix(token, "'") && len(token) <= 3 {
		return true
	}
	return last == "(" || last == "[" || last == "$" || last == "#" || last == `"` && quoted
}

// held reports whether a word is held out of the lists for every other made text, so that the model learns names that
// no list has.
func held(word string) bool {
	h := fnv.New32a()
	h.Write([]byte(word))
	return h.Sum32()%10 < 4
}
