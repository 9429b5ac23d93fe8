package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NameKey checks the name of a user or a group and returns what names that look alike have in common. Two accounts whose
// names have one key cannot exist, so nobody passes for somebody else in a list, a share or a record.
//
// The rules follow Unicode Technical Standard #39: the name must be in normal form NFKC; it holds letters, digits, marks
// and . _ @ + - only, of one script beside digits and signs (section 5.2, "single script", with Japanese and Korean mixtures of
// ideographs allowed); and its key is a skeleton (section 4), after case folding, by the confusable letters of Latin,
// Cyrillic, Greek and Armenian. Spaces are allowed in names of groups, one at a time.
func NameKey(name string, spaces bool) (string, error) {
	if name == "" || len(name) > maxName {
		return "", invalid("a name must have 1 to %d bytes", maxName)
	}
	if !norm.NFKC.IsNormalString(name) {
		return "", invalid("the name holds characters that stand for others (it is not in Unicode normal form NFKC)")
	}
	script := ""
	for i, r := range name {
		switch {
		case r == ' ' && spaces && i > 0 && i < len(name)-1 && name[i-1] != ' ':
		case strings.ContainsRune("._@+-", r) || spaces && strings.ContainsRune("/:()&,'", r):
		case !unicode.In(r, unicode.L, unicode.Nd, unicode.Mn, unicode.Mc) || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			return "", invalid("the name holds a character that names may not have (%U)", r)
		default:
			of := scriptOf(r)
			if of != "" && script != "" && of != script {
				return "", invalid("the name mixes letters of two scripts (%s and %s), which look alike", script, of)
			}
			if of != "" {
				script = of
			}
		}
	}
	return skeleton(name), nil
}

// scriptOf is the script of a letter; "" for digits, signs and marks that go with any.
func scriptOf(r rune) string {
	switch {
	case r < 0x80:
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return ""
	case unicode.In(r, unicode.Common, unicode.Inherited):
		return ""
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo):
		return "East Asian"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "unknown"
}

// skeleton maps letters that look alike to one of them.
func skeleton(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(strings.ToLower(name)) {
		if unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
			continue
		}
		if to, ok := lookalikes[r]; ok {
			r = to
		}
		b.WriteRune(r)
	}
	return strings.NewReplacer("rn", "m", "vv", "w", "cl", "d").Replace(norm.NFC.String(b.String()))
}

// lookalikes are letters that a reader takes for the Latin one, in small letters. From what the letters look like in
// common typefaces; the pairs also stand in the data of UTS #39.
var lookalikes = map[rune]rune{
	'0': 'o', '1': 'l', 'i': 'l', 'ı': 'l', '|': 'l',
	// Cyrillic
	'а': 'a', 'в': 'b', 'е': 'e', 'з': '3', 'і': 'l', 'ј': 'j', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'с': 'c',
	'т': 't', 'у': 'y', 'х': 'x', 'ѕ': 's', 'һ': 'h', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'ѵ': 'v', 'ӏ': 'l', 'г': 'r', 'п': 'n', 'ь': 'b',
	// Greek
	'α': 'a', 'β': 'b', 'γ': 'y', 'ε': 'e', 'η': 'n', 'ι': 'l', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o', 'τ': 't', 'υ': 'u',
	'χ': 'x', 'ω': 'w', 'ϲ': 'c', 'ϳ': 'j',
	// Armenian
	'օ': 'o', 'ս': 'u', 'ո': 'n', 'հ': 'h', 'զ': 'q', 'ց': 'g', 'յ': 'j', 'լ': 'l',
	// Latin of other shapes
	'ɑ': 'a', 'ɡ': 'g', 'ɩ': 'l', 'ʋ': 'u', 'ʏ': 'y', 'ꜱ': 's', 'ɴ': 'n', 'ʀ': 'r', 'ᴀ': 'a', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ᴏ': 'o',
}
