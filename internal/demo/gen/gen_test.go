package main

import (
	"encoding/base64"
	"encoding/json"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const sampleDir = "../sample"

func TestSampleIsWhatTheGeneratorWrites(t *testing.T) {
	files, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(sampleDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s differs from what the generator writes: run go generate ./internal/demo", name)
		}
	}
	entries, err := os.ReadDir(sampleDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if files[e.Name()] == nil {
			t.Errorf("%s is not written by the generator", e.Name())
		}
	}
}

func TestWriteMakesAllFiles(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir, map[string][]byte{"a": []byte("1"), "b": []byte("2")}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "b"))
	if err != nil || string(got) != "2" {
		t.Errorf("b holds %q, %v", got, err)
	}
	if err := write(filepath.Join(dir, "missing"), map[string][]byte{"a": nil}); err == nil {
		t.Error("writing to a folder that does not exist succeeded")
	}
}

// The manifest is read back and held against the lines, with checks that share no code with the generator.
func TestPlantedValuesStandWhereTheManifestSays(t *testing.T) {
	for _, p := range readManifest(t) {
		data, err := os.ReadFile(filepath.Join(sampleDir, p.File))
		if err != nil {
			t.Fatal(err)
		}
		var rec record
		if err := json.Unmarshal([]byte(strings.Split(string(data), "\n")[p.Record-1]), &rec); err != nil {
			t.Fatal(err)
		}
		var turn int
		switch p.Field {
		case "messages.0.content":
		case "messages.1.content":
			turn = 1
		case "messages.2.content":
			turn = 2
		case "messages.3.content":
			turn = 3
		default:
			t.Fatalf("unexpected field %s", p.Field)
		}
		if got := rec.Messages[turn].Content[p.Start:p.End]; got != p.Value || rec.Source != p.Source {
			t.Errorf("%s:%d %s [%d:%d] does not hold the planted %s", p.File, p.Record, p.Field, p.Start, p.End, p.Kind)
		}
	}
}

func readManifest(t *testing.T) []planted {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sampleDir, "planted.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Planted []planted }
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	return m.Planted
}

var shapes = map[string]*regexp.Regexp{
	"EMAIL_ADDRESS":  regexp.MustCompile(`^[a-z0-9._+]+@[a-z]+\.example$`),
	"PHONE_NUMBER":   regexp.MustCompile(`^\+(49 30 23125 \d{3}|44 20 7946 0\d{3}|44 7700 900\d{3}|1 \d{3}-555-01\d\d|33 1 99 00 \d\d \d\d)$`),
	"CREDIT_CARD":    regexp.MustCompile(`^(\d{16}|\d{4}( \d{4}){3})$`),
	"IBAN_CODE":      regexp.MustCompile(`^(PL\d{26}|NL\d\dDEMO\d{10}|FR\d{25}|DE\d{20})$`),
	"US_SSN":         regexp.MustCompile(`^8\d\d-\d[1-9]-\d{4}$|^8\d\d-[1-9]\d-\d{4}$`),
	"IP_ADDRESS":     regexp.MustCompile(`^(203\.0\.113\.|198\.51\.100\.|192\.0\.2\.)\d+$|^2001:db8:`),
	"SECRET":         regexp.MustCompile(`(?s)^(AKIA[A-Z2-7]{16}|ghp_[0-9A-Za-z]{36}|\w+:\w{14}|-----BEGIN PRIVATE KEY-----\n.*\n-----END PRIVATE KEY-----)$`),
	"PERSON":         regexp.MustCompile(`^\p{Lu}\p{Ll}+ \p{Lu}\p{Ll}+$`),
	"STREET_ADDRESS": regexp.MustCompile(`, \d{2}-?\d{2,3} \p{Lu}`),
}

func TestPlantedValuesAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range readManifest(t) {
		value := p.Value
		switch p.Kind {
		case "IBAN_CODE":
			value = strings.ReplaceAll(value, " ", "")
			if !mod97(value) {
				t.Errorf("%s:%d: the IBAN fails mod 97", p.File, p.Record)
			}
		case "CREDIT_CARD":
			if !passesLuhn(strings.ReplaceAll(value, " ", "")) {
				t.Errorf("%s:%d: the card number fails Luhn", p.File, p.Record)
			}
		}
		if shape := shapes[p.Kind]; shape == nil || !shape.MatchString(value) {
			t.Errorf("%s:%d: the %s has no valid form", p.File, p.Record, p.Kind)
		}
		seen[p.Kind] = true
	}
	for kind := range shapes {
		if !seen[kind] {
			t.Errorf("no %s is planted", kind)
		}
	}
}

// The two checkers are written the other way round than the generators: from the left, digit by digit.
func passesLuhn(number string) bool {
	sum := 0
	for i, c := range number {
		d := int(c - '0')
		if (len(number)-i)%2 == 0 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

func mod97(iban string) bool {
	rest := 0
	for _, c := range iban[4:] + iban[:4] {
		if c >= 'A' {
			rest = (rest*100 + int(c-'A') + 10) % 97
		} else {
			rest = (rest*10 + int(c-'0')) % 97
		}
	}
	return rest == 1
}

func TestCheckersKnowPublishedExamples(t *testing.T) {
	if !passesLuhn("4111111111111111") || passesLuhn("4111111111111112") {
		t.Error("the Luhn checker is wrong")
	}
	if !mod97("GB82WEST12345698765432") || mod97("GB82WEST12345698765433") {
		t.Error("the mod 97 checker is wrong")
	}
}

func TestSecretsAreNoSecrets(t *testing.T) {
	for _, p := range readManifest(t) {
		switch {
		case strings.HasPrefix(p.Value, "-----"):
			lines := strings.Split(p.Value, "\n")
			text, err := base64.StdEncoding.DecodeString(strings.Join(lines[1:len(lines)-1], ""))
			if err != nil || !strings.HasPrefix(string(text), "This is not a key.") {
				t.Errorf("the key block holds something else than its sentence: %v", err)
			}
		case strings.HasPrefix(p.Value, "ghp_"):
			if body, sum := p.Value[4:34], p.Value[34:]; base62(crc32.ChecksumIEEE([]byte(body))) == sum {
				t.Error("the token's check digits are right, so that it could be taken for a real one")
			}
		}
	}
}

func base62(n uint32) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := []byte("000000")
	for i := 5; n > 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out)
}

// What looks like personal data must be planted: nothing may stand in the sample that the manifest does not name.
func TestNothingElseLooksLikePersonalData(t *testing.T) {
	suspicious := regexp.MustCompile(`[^/]@|\d{6,}|\d[\d -]{7,}\d|:\w*@|-----|\d+\.\d+\.\d+|\bAKIA|ghp_`)
	files, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var pairs []string
	for _, p := range readManifest(t) {
		pairs = append(pairs, p.Value, "")
	}
	without := strings.NewReplacer(pairs...)
	for _, source := range sources {
		for i, line := range strings.Split(strings.TrimSpace(string(files[source+".jsonl"])), "\n") {
			var rec record
			if err := json.Unmarshal([]byte(line), &rec); err != nil {
				t.Fatal(err)
			}
			for _, msg := range rec.Messages {
				if at := suspicious.FindStringIndex(without.Replace(msg.Content)); at != nil {
					t.Errorf("%s.jsonl:%d looks as if something unplanted stood at %v", source, i+1, at)
				}
			}
		}
	}
}

func TestExpand(t *testing.T) {
	g := &grammar{lists: map[string][]string{"fruit": {"apple", "pear"}}}
	tests := []struct {
		pattern string
		picks   []int
		want    string
	}{
		{"plain", nil, "plain"},
		{"{a|b} c", []int{1}, "b c"},
		{"{a|b{x|y}|}", []int{1, 0}, "bx"},
		{"{a|b|}!", []int{2}, "!"},
		{"$fruit and $fruit", []int{1}, "pear and pear"},
		{"[order], [order]", []int{7}, "TV-10007, TV-10007"},
		{"[[k.v]] [x]", nil, "[[k.v]] [x]"},
	}
	for _, tt := range tests {
		e := expander{g: g, chosen: map[string]string{}, pick: func(int) int {
			n := tt.picks[0]
			tt.picks = tt.picks[1:]
			return n
		}}
		got, err := e.expand(tt.pattern)
		if err != nil || got != tt.want {
			t.Errorf("expand(%q) = %q, %v; want %q", tt.pattern, got, err, tt.want)
		}
	}
	for _, bad := range []string{"{a", "$nothing", "[[k", "{{a}|b"} {
		e := expander{g: g, chosen: map[string]string{}, pick: func(int) int { return 0 }}
		if got, err := e.expand(bad); err == nil {
			t.Errorf("expand(%q) = %q, want an error", bad, got)
		}
	}
}

func TestReadGrammar(t *testing.T) {
	g, err := readGrammar(fstest.MapFS{"topics/a.txt": {Data: []byte(
		"# note\nlist x = a | b\nsource s\n\nscene 2\nU: one\n  two\nA: three\n")}})
	if err != nil {
		t.Fatal(err)
	}
	want := []scene{{source: "s", copies: 2, place: "topics/a.txt:5", turns: []turn{{"user", "one\ntwo"}, {"assistant", "three"}}}}
	if diff := cmp.Diff(want, g.scenes, cmp.AllowUnexported(scene{}, turn{})); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"U: before\n", "scene x\n", "scene 1\nX: what\n"} {
		if _, err := readGrammar(fstest.MapFS{"topics/a.txt": {Data: []byte(bad)}}); err == nil {
			t.Errorf("grammar %q was read", bad)
		}
	}
}

func TestSow(t *testing.T) {
	values := map[string]plant{"a": {"K", "ü1"}, "b": {"L", "22"}}
	text, found, err := sow("x [[a]], [[b]] and [[a]]", values)
	if err != nil {
		t.Fatal(err)
	}
	if text != "x ü1, 22 and ü1" || len(found) != 3 {
		t.Fatalf("text %q with %d values", text, len(found))
	}
	for _, p := range found {
		if text[p.Start:p.End] != p.Value {
			t.Errorf("[%d:%d] is %q, want %q", p.Start, p.End, text[p.Start:p.End], p.Value)
		}
	}
	if _, _, err := sow("[[c]]", values); err == nil {
		t.Error("an unknown value was planted")
	}
}

func TestPlantsHoldForAnySeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "seed")
		a, b := plants(rand.New(rand.NewPCG(n, 2))), plants(rand.New(rand.NewPCG(n, 2)))
		if diff := cmp.Diff(a, b, cmp.AllowUnexported(plant{})); diff != "" {
			t.Fatal(diff)
		}
		for key, p := range a {
			switch p.kind {
			case "IBAN_CODE":
				if !mod97(strings.ReplaceAll(p.value, " ", "")) {
					t.Fatalf("%s fails mod 97", key)
				}
			case "CREDIT_CARD":
				if !passesLuhn(strings.ReplaceAll(p.value, " ", "")) {
					t.Fatalf("%s fails Luhn", key)
				}
			}
		}
	})
}
