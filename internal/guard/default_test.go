package guard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/policies"
)

func shipped(t testing.TB) *Policy {
	t.Helper()
	p, err := Parse(policies.GuardName, policies.Guard())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestShippedPolicy(t *testing.T) {
	for _, f := range shipped(t).Test() {
		t.Error(policies.GuardName, f)
	}
}

// TestShippedDecisions states, in one place, what the shipped policy does with each kind of text.
func TestShippedDecisions(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIGFuIGV4YW1wbGUga2V5IHRoYXQgaXMgbm9uZSE=\n-----END PRIVATE KEY-----"
	tests := []struct{ text, in, out string }{
		{"mail: jo@example.org", "mail: [EMAIL_ADDRESS]", "mail: [EMAIL_ADDRESS]"},
		{"Call (212) 555-0134.", "Call [PHONE_NUMBER].", "Call [PHONE_NUMBER]."},
		{"Charge 4111 1111 1111 1111 now", "Charge [CREDIT_CARD] now", "Charge [CREDIT_CARD] now"},
		{"to DE89 3704 0044 0532 0130 00.", "to [IBAN_CODE].", "to [IBAN_CODE]."},
		{"SSN 536-22-1234", "SSN [US_SSN]", "SSN [US_SSN]"},
		{"from 203.0.113.5, port 22", "from [IP_ADDRESS], port 22", "from [IP_ADDRESS], port 22"},
		{"the key " + key + " is", "the key [SECRET] is", "the key "},
		{"redis://:9fkw03mfs8@cache:6379", "redis://[SECRET]@cache:6379", "redis://[SECRET]@cache:6379"},
		{"the Forbidden Phrase is", "the [GUARD_TEST] is", "the [GUARD_TEST] is"},
	}
	p := shipped(t)
	for _, tt := range tests {
		for dir, want := range map[reeve.Direction]string{reeve.In: tt.in, reeve.Out: tt.out} {
			if got := string(p.For(dir, Scope{}).Check([]byte(tt.text), nil).Text); got != want {
				t.Errorf("%v: %q became %q, want %q", dir, tt.text, got, want)
			}
		}
	}
}

// plants are texts around which the examples of the rules are put: each ends or begins in another way, so that matches
// stand after words, after cues, in lines of their own and at both ends.
var plants = []struct{ before, after string }{
	{"", ""}, {"We spoke of ", " and left."}, {"Ünïcode — ", "…\nnext line"}, {"a,b;", ";"},
}

// TestNoLeakAtAnySplit is promise P1 and P2: every example of every rule, planted in every surrounding, in both
// directions, cut in two at every place and in many pieces at random, gives the output, findings and verdict of the whole
// text, and that output holds no byte of any match. It runs some 1.2 million ways of cutting; REEVE_CHUNKINGS sets
// another number.
func TestNoLeakAtAnySplit(t *testing.T) {
	budget := 1_200_000
	if s := os.Getenv("REEVE_CHUNKINGS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		budget = n
	} else if testing.Short() {
		budget = 100_000
	}
	type scene struct {
		set   *Set
		text  []byte
		whole Result
	}
	var scenes []scene
	p := shipped(t)
	for _, r := range p.rules {
		for _, example := range r.examples.Match {
			for _, plant := range plants {
				text := []byte(plant.before + example + plant.after)
				for _, dir := range []reeve.Direction{reeve.In, reeve.Out} {
					if dir == reeve.In && !r.In || dir == reeve.Out && !r.Out {
						continue
					}
					set := p.For(dir, Scope{})
					whole := set.Check(text, nil)
					if whole.Verdict.Action < r.Action {
						t.Fatalf("%v: rule %s leaves %q at %v", dir, r.ID, text, whole.Verdict.Action)
					}
					withoutMatches(t, text, whole)
					scenes = append(scenes, scene{set, text, whole})
				}
			}
		}
	}
	ways := 0
	for _, s := range scenes {
		for cut := range len(s.text) + 1 {
			sameAsWhole(t, s.set, s.text, s.whole, []int{cut})
			ways++
		}
		for n := 1; n < 8; n++ {
			sameAsWhole(t, s.set, s.text, s.whole, slices.Collect(steps(n, len(s.text))))
			ways++
		}
	}
	random := rand.New(rand.NewPCG(20, 26))
	var cuts []int
	for ; ways < budget; ways++ {
		s := &scenes[random.IntN(len(scenes))]
		cuts = cuts[:0]
		for range 1 + random.IntN(6) {
			cuts = append(cuts, random.IntN(len(s.text)+1))
		}
		slices.Sort(cuts)
		sameAsWhole(t, s.set, s.text, s.whole, cuts)
	}
	t.Logf("%d texts, %d ways of cutting, 0 bytes leaked", len(scenes), ways)
}

// TestNoLeakInToolArguments plants the examples in documents that travel as the arguments of a tool call, as they are
// and with every character escaped: the verdict is the same for both, cut at every place, and the documents stay valid.
func TestNoLeakInToolArguments(t *testing.T) {
	p := shipped(t)
	for _, r := range p.rules {
		for _, example := range r.examples.Match {
			dir := r.anyDirection()
			set := p.For(dir, Scope{})
			var escaped strings.Builder
			for _, u := range utf16.Encode([]rune(example)) {
				fmt.Fprintf(&escaped, `\u%04x`, u)
			}
			plain, err := json.Marshal(example)
			if err != nil {
				t.Fatal(err)
			}
			var first Result
			for i, value := range []string{string(plain), `"` + escaped.String() + `"`} {
				doc := []byte(`{"to": [` + value + `], "n": 1}`)
				whole := set.CheckJSON(doc, nil)
				if whole.Verdict.Action < r.Action {
					t.Fatalf("rule %s leaves %s at %v", r.ID, doc, whole.Verdict.Action)
				}
				if whole.Block == nil && !json.Valid(whole.Text) {
					t.Fatalf("%s became %s", doc, whole.Text)
				}
				if i == 0 {
					first = whole
				} else if !bytes.Equal(whole.Text, first.Text) || !slices.Equal(whole.Findings, first.Findings) {
					t.Fatalf("%s became %s, without escapes %s", doc, whole.Text, first.Text)
				}
				for cut := range len(doc) {
					st := set.NewJSONStream(nil)
					out, result := streamed(t, st, doc, []int{cut})
					st.Free()
					if !bytes.Equal(out, whole.Text) || !slices.Equal(result.Findings, whole.Findings) {
						t.Fatalf("cut at %d: %s became %s, whole %s", cut, doc, out, whole.Text)
					}
				}
			}
		}
	}
}

// withoutMatches rebuilds the output from the findings alone, which say where the matches stand, and compares.
func withoutMatches(t *testing.T, text []byte, whole Result) {
	t.Helper()
	var want []byte
	at := 0
	for _, f := range whole.Findings {
		if f.Start < at {
			t.Fatalf("findings overlap in %q: %+v", text, whole.Findings)
		}
		want = append(want, text[at:f.Start]...)
		at = f.End
		if whole.Block != nil && f.End == whole.Findings[len(whole.Findings)-1].End {
			if !bytes.HasPrefix(want, whole.Text) {
				t.Fatalf("%q was blocked after %q, beyond the match", text, whole.Text)
			}
			return
		}
		mask := "[" + f.Kind + "]"
		if f.Kind == "LITERAL" {
			mask = "[GUARD_TEST]"
		}
		want = append(want, mask...)
	}
	if want = append(want, text[at:]...); !bytes.Equal(want, whole.Text) {
		t.Fatalf("%q became %q, without the matches it is %q", text, whole.Text, want)
	}
}

// prose is authored for this test: benign text of the kind that people read in answers, in several languages.
const prose = `Thank you for asking. A good loaf needs four things: flour, water, salt and time. Mix the flour with most of the water, wait half an hour, then add the salt and the starter. Fold the dough every thirty minutes for three hours; it should grow by about half. Shape it, let it rest overnight in the fridge, and bake it in a hot oven with steam for the first quarter of an hour. When it sounds hollow, it is done.

Der Zug fährt am frühen Nachmittag ab und kommt am Abend an. Wer früher da sein will, nimmt den Bus; er braucht zwar länger, hält aber direkt vor dem Haus. Bitte denken Sie an warme Kleidung, denn oben liegt noch Schnee.

Le musée ouvre à dix heures, sauf le lundi. Les billets coûtent 12 euros, 8 pour les étudiants, et l'entrée est gratuite le premier dimanche du mois. On peut y passer une bonne partie de la journée sans s'ennuyer.

El río baja con mucha agua en primavera, así que el puente viejo se cierra de marzo a mayo. Hay otro camino por el bosque: es más largo, pero la vista vale la pena.

In short: yes, it can be done, and no, it is not hard. The first step is always the same: find out what people need, not what they say they want. After that, the rest follows. Most of the work lies in the details, such as names, limits, and errors; most of the joy lies in seeing it run for the first time. However, do not forget to rest. Nobody writes well when they are tired, and nobody reads well either.

The town was founded by fishermen who had followed the herring south. They built their huts on the only hill that stayed dry in spring, and when the harbour silted up two centuries later the hill was all that was left of the trade. The church tower still carries the mark of the great flood, a little above the door, where children are measured on the first day of school. Visitors often ask why the streets are so narrow. The answer is that nobody planned them: each house was built as close to its neighbour as the wind demanded, and the lanes are simply what remained between them. Today the old net lofts are workshops, and on summer evenings you can hear someone sawing, someone singing, and the gulls complaining about both. If you come in winter you will have the place to yourself, apart from the woman who runs the bakery and the two brothers who argue about the ferry.

A contract is a promise that a court will enforce. For that to be so, one side must offer something, the other must accept it, and both must give something of value in return. Silence does not usually count as acceptance, and a promise to make a gift is not usually binding. There are many exceptions, which is why it pays to write down what was agreed while everybody still remembers it. This is general information and not legal advice; a lawyer who knows your case can tell you more.
`

// technical is authored for this test: lists, code, tables and figures, in which far more bytes could begin an address, a
// number or a key than in prose.
const technical = `Here is how I would plan the week:
1. Monday: read the report and write down what is missing.
2. Tuesday: speak with the team about the two open questions, and agree on who answers them.
3. Wednesday to Friday: build, test, and write the page for the users.

The function below sums the even numbers of a list. It is simple, so there is not much to say about it:

    def even_sum(numbers):
        total = 0
        for n in numbers:
            if n % 2 == 0:
                total += n
        return total

    print(even_sum([1, 2, 3, 4]))  # prints 6

If you want it faster, use a generator: sum(n for n in numbers if n % 2 == 0). For a million numbers, this takes about 60 ms instead of 75 ms on my machine; measure it on yours. In 2024 the difference was larger.

| city | people | area |
|------|--------|------|
| Lund | 94,000 | 26 km2 |
| Brno | 380,000 | 230 km2 |

The square root of 2 is about 1.41421, and pi is about 3.14159. The boiling point of water falls by roughly 1 degree for each 285 metres of height. For example, at 2,000 metres it boils at about 93 degrees, which is why eggs take longer there. A short answer is therefore: wait 2 minutes more.
`

// tokens cuts text in the way that language models do: a word with the space before it, long words in parts, digits in
// groups of up to three, punctuation by itself.
func tokens(text string) [][]byte {
	var out [][]byte
	for i := 0; i < len(text); {
		j := i
		if text[j] == ' ' && j+1 < len(text) {
			j++
		}
		switch c := text[j]; {
		case letter(c):
			for k := 0; j < len(text) && letter(text[j]) && k < 7; k++ {
				j++
			}
		case c-'0' < 10:
			for k := 0; j < len(text) && text[j]-'0' < 10 && k < 3; k++ {
				j++
			}
		default:
			for first := j; j < len(text) && text[j] == text[first]; {
				j++
			}
		}
		out = append(out, []byte(text[i:j]))
		i = j
	}
	return out
}

func letter(c byte) bool { return c|0x20-'a' < 26 || c >= 0x80 }

// TestBenignTokensAreReleased measures the share of tokens of benign text after which nothing is held back. The aim for
// prose is 95 %; what is asked for here lies a little below what the detectors reach, so that it cannot get worse unseen.
// Held are, above all, the first word of a line or after a colon, which may begin an e-mail address, a colon, digits, and
// "for", with which the phrase of the self-test begins.
func TestBenignTokensAreReleased(t *testing.T) {
	tests := []struct {
		name, text string
		least      float64 // percent
	}{{"prose", prose, 93}, {"technical", technical, 65}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := shipped(t).For(reeve.Out, Scope{}).NewStream(nil)
			defer st.Free()
			all := tokens(tt.text)
			free, sum := 0, 0
			held := map[string]int{}
			var out []byte
			for _, token := range all {
				out = st.Write(out, token)
				sum += st.Held()
				if st.Held() == 0 {
					free++
				} else {
					held[string(token)]++
				}
			}
			if out = st.Close(out); string(out) != tt.text {
				t.Errorf("benign text was changed: %+v", st.Result().Findings)
			}
			share := 100 * float64(free) / float64(len(all))
			t.Logf("%d tokens, %.2f %% released at once, %.2f bytes held on average; most often held:%s",
				len(all), share, float64(sum)/float64(len(all)), mostOften(held))
			if share < tt.least {
				t.Errorf("only %.2f %% of benign tokens are released at once, want %v %%", share, tt.least)
			}
		})
	}
}

func mostOften(counts map[string]int) string {
	var lines []string
	for token, n := range counts {
		lines = append(lines, fmt.Sprintf("%3d %q", n, token))
	}
	slices.Sort(lines)
	slices.Reverse(lines)
	return strings.Join(lines[:min(len(lines), 20)], ",")
}
