package identity

import (
	"hash/crc32"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeyText(t *testing.T) {
	form := regexp.MustCompile(`^rv_[a-z2-7]{10}_[0-9A-Za-z]{49}$`)
	seen := map[string]bool{}
	for range 200 {
		id, secret := newID(), newSecret()
		text := formatKey(id, secret)
		if !form.MatchString(text) || seen[id] || seen[secret] {
			t.Fatalf("the key for id %s has another form, or was seen before", id)
		}
		seen[id], seen[secret] = true, true
		gotID, gotSecret, ok := parseKey(text)
		if !ok || gotID != id || gotSecret != secret {
			t.Fatalf("id %s is read as %s, %v", id, gotID, ok)
		}
	}
}

func TestCheckIsCRC32(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.String().Draw(t, "body")
		var sum uint32
		for _, b := range checkOf(body) {
			sum = sum*62 + uint32(strings.IndexByte(base62, b))
		}
		if want := crc32.ChecksumIEEE([]byte(body)); sum != want {
			t.Fatalf("check of %q is %08x, want %08x", body, sum, want)
		}
	})
}

// Every letter of the alphabets is drawn about equally often.
func TestRandomTextIsEven(t *testing.T) {
	const n = 62000
	counts := map[rune]int{}
	for _, r := range randomText(n, base62) {
		counts[r]++
	}
	for _, r := range base62 {
		if c := counts[r]; c < 800 || c > 1200 { // 1000 ± 6 standard deviations
			t.Errorf("%c was drawn %d times of %d", r, c, n)
		}
	}
}

// Any one character changed, whatever it is changed to, is noticed by the check or by the alphabet.
func TestEveryTypingErrorIsNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(formatKey(newID(), newSecret()))
		i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		b := rapid.Byte().Draw(t, "to")
		if text[i] == b {
			t.Skip("no change")
		}
		text[i] = b
		if _, _, ok := parseKey(string(text)); ok {
			t.Fatalf("byte %d changed to %q is not noticed", i, b)
		}
	})
}

// What is read is exactly what would be written: a key has one spelling.
func FuzzParseKey(f *testing.F) {
	good := formatKey("abcdefghi2", strings.Repeat("aZ9", 14)+"x")
	for _, seed := range []string{good, good[1:], good + "x", "", "rv_", "rv__", strings.ToUpper(good), "\x00" + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, secret, ok := parseKey(text)
		if ok && formatKey(id, secret) != text {
			t.Error("two spellings of one key")
		}
		if !ok && (id != "" || secret != "") && len(id)+len(secret) != idLen+secretLen {
			t.Error("parts of a broken key have broken lengths")
		}
	})
}

func FuzzMatchGlob(f *testing.F) {
	f.Add("a*b", "axxb")
	f.Add("*", "")
	f.Add("**a", "a")
	f.Fuzz(func(t *testing.T, glob, name string) {
		if len(glob) > 64 || len(name) > 256 {
			t.Skip()
		}
		parts := strings.Split(glob, "*")
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		want, err := regexp.Compile(`(?s)^(?:` + strings.Join(parts, `.*`) + `)$`)
		if err != nil || strings.ToValidUTF8(glob+name, "") != glob+name {
			t.Skip() // the yardstick reads runes
		}
		if got := matchGlob(glob, name); got != want.MatchString(name) {
			t.Errorf("matchGlob(%q, %q) = %v", glob, name, got)
		}
	})
}
