package lineage

import (
	"regexp"
	"strings"

	"github.com/reeve-ai/reeve/detect"
)

// masked stands for a secret.
const masked = "[masked]"

// Masker takes secrets out of command lines. It is safe for concurrent use.
type Masker struct{ engine *detect.Engine }

// NewMasker compiles the rules for secrets.
func NewMasker() (*Masker, error) {
	e, err := detect.New(detect.Options{Rules: []string{"secret/*"}})
	return &Masker{e}, err
}

// Command returns a command line in which secrets are masked: what a rule recognises, values in the user part of an address, and
// values whose flag or variable is named for a secret, as --hf-token is.
func (m *Masker) Command(args []string) []string {
	out := make([]string, 0, len(args))
	flag := "" // whose value the next argument is
	for _, arg := range args {
		was := flag
		flag = ""
		name, value, joined := strings.Cut(arg, "=")
		switch {
		case was != "" && (!strings.HasPrefix(arg, "-") || secretName(was)):
			out = append(out, m.value(was, arg))
		case joined && isName(name):
			out = append(out, name+"="+m.value(name, value))
		case strings.HasPrefix(arg, "-"):
			flag = arg
			out = append(out, m.text(arg))
		default:
			out = append(out, m.text(arg))
		}
	}
	return out
}

func (m *Masker) value(name, value string) string {
	if secretName(name) && value != "" {
		return masked
	}
	found := m.engine.FindField(nil, strings.TrimLeft(name, "-"), []byte(value))
	return m.text(replace(value, found))
}

// words are those of a command line within an argument, such as that of sh -c; quoted parts stay whole.
var words = regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+|\s+|["']`)

func (m *Masker) text(s string) string {
	if parts := words.FindAllString(s, -1); len(parts) > 1 {
		var args []string
		for _, p := range parts {
			if strings.TrimSpace(p) != "" {
				args = append(args, p)
			}
		}
		if len(args) > 1 {
			args = m.Command(args)
			for i, p := range parts {
				if strings.TrimSpace(p) != "" {
					parts[i], args = args[0], args[1:]
				}
			}
			s = strings.Join(parts, "")
		}
	}
	return userinfo.ReplaceAllString(replace(s, m.engine.Find(nil, []byte(s))), "${1}"+masked+"@")
}

func replace(s string, found []detect.Match) string {
	var b strings.Builder
	at := 0
	for _, f := range found {
		if f.Start < at {
			continue
		}
		b.WriteString(s[at:f.Start] + masked)
		at = f.End
	}
	return b.String() + s[at:]
}

// userinfo is the user part of an address (RFC 3986 § 3.2.1).
var userinfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@?#]+@`)

var nameOnly = regexp.MustCompile(`^-{0,2}[A-Za-z_][A-Za-z0-9_.-]*$`)

func isName(s string) bool { return nameOnly.MatchString(s) }

// secretName reports whether a flag or variable is named for a secret. Tokens of a vocabulary are none.
func secretName(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' })
	for i, w := range words {
		before := ""
		if i > 0 {
			before = words[i-1]
		}
		switch w {
		case "secret", "password", "passwd", "pwd", "passphrase", "credential", "credentials", "apikey", "bearer", "authorization":
			return true
		case "token":
			if !vocabulary[before] && i == len(words)-1 {
				return true
			}
		case "key":
			if before == "api" || before == "access" || before == "private" || before == "secret" || before == "auth" {
				return true
			}
		}
	}
	return false
}

var vocabulary = map[string]bool{"pad": true, "eos": true, "bos": true, "unk": true, "sep": true, "cls": true, "mask": true, "per": true, "special": true, "image": true, "trigger": true}
