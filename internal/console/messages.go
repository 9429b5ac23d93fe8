package console

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// catalogue is messages.txt: blocks of a key and one line for each language, in the order of languages.
//
//go:embed messages.txt
var catalogue string

// languages are those of the catalogue. The first one is that of who asks for none of them.
var languages = []string{"en", "de"}

var matcher = language.NewMatcher([]language.Tag{language.English, language.German})

// messages are the texts of one language by their key.
type messages map[string]string

var texts = mustRead(catalogue)

// readMessages reads a catalogue: every key once, with a line for every language.
func readMessages(text string) (map[string]messages, error) {
	out := map[string]messages{}
	for _, lang := range languages {
		out[lang] = messages{}
	}
	for block := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		lines := strings.Split(strings.TrimSpace(block), "\n")
		key := lines[0]
		if len(lines) != 1+len(languages) || strings.Contains(key, " ") || out[languages[0]][key] != "" {
			return nil, fmt.Errorf("message %q: want a key of its own and %d lines", key, len(languages))
		}
		for i, lang := range languages {
			out[lang][key] = lines[1+i]
		}
	}
	return out, nil
}

func mustRead(text string) map[string]messages {
	m, err := readMessages(text)
	if err != nil {
		panic(err)
	}
	return m
}

// T is a message in the language of the view. A key that nobody wrote shows itself; a test looks for those.
func (v *view) T(key string, args ...any) string {
	text, known := texts[v.lang][key]
	if !known {
		return key
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

// Has reports whether there is such a message.
func (v *view) Has(key string) bool { _, known := texts[v.lang][key]; return known }

// languageOf is the language of a request: the one that was chosen, else the one that the browser asks for.
func languageOf(r *http.Request) string {
	if c, err := r.Cookie(langCookie); err == nil {
		for _, l := range languages {
			if c.Value == l {
				return l
			}
		}
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return languages[0]
	}
	_, i, _ := matcher.Match(tags...)
	return languages[i]
}
