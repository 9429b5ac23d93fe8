package guard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
)

// streamed feeds text to a stream, cut at the given offsets, and closes it. After each write it checks what every
// stream owes at any time: what is out is a beginning of the whole result, and nothing is lost between in and out.
func streamed(t testing.TB, st *Stream, text []byte, cuts []int) ([]byte, Result) {
	var out []byte
	from := 0
	for _, cut := range append(cuts, len(text)) {
		out = st.Write(out, text[from:cut])
		if held := st.Held(); held < 0 || held > cut {
			t.Fatalf("%d bytes held after %d came in", held, cut)
		}
		from = cut
	}
	out = st.Close(out)
	if st.Held() != 0 {
		t.Fatalf("%d bytes held after the end", st.Held())
	}
	if more := st.Write(nil, []byte("more")); len(more) != 0 {
		t.Fatalf("a closed stream releases %q", more)
	}
	return out, st.Result()
}

// sameAsWhole checks that a text cut at the given offsets gives the result of the whole text.
func sameAsWhole(t testing.TB, set *Set, text []byte, whole Result, cuts []int) {
	st := set.NewStream(nil)
	out, r := streamed(t, st, text, cuts)
	st.Free()
	if !bytes.Equal(out, whole.Text) {
		t.Fatalf("cut at %v: streamed %q, whole %q", cuts, out, whole.Text)
	}
	if r.Block != whole.Block || r.Verdict.Action != whole.Verdict.Action || len(r.Findings) != len(whole.Findings) {
		t.Fatalf("cut at %v: streamed %+v, whole %+v", cuts, r, whole)
	}
	if len(r.Findings) > 0 && !slices.Equal(r.Findings, whole.Findings) {
		t.Fatalf("cut at %v: findings differ:\n%s", cuts, cmp.Diff(whole.Findings, r.Findings))
	}
	if !slices.Equal(r.Verdict.Reasons, whole.Verdict.Reasons) {
		t.Fatalf("cut at %v: reasons differ:\n%s", cuts, cmp.Diff(whole.Verdict.Reasons, r.Verdict.Reasons))
	}
}

// birds is a policy in which every action has rules that overlap with those of the others.
func birds(t testing.TB) *Policy {
	return mustParse(t, policy(
		rule("z-mask-long", "both", "mask", `{literals: ["grey heron"]}`, "    mask: <bird>\n"),
		rule("a-mask-short", "both", "mask", `{literals: ["heron", "wren"]}`),
		rule("m-mask-mail", "both", "mask", `{detect: [pii/email]}`),
		rule("b-block", "both", "block", `{literals: ["heron gull"]}`),
		rule("c-block", "both", "block", `{patterns: [{expr: "x[0-9]{3,5}y", max_len: 7}]}`),
		rule("r-review", "both", "review", `{literals: ["wren", "robin"]}`),
		rule("o-allow", "both", "allow", `{literals: ["robin", "finch"]}`),
	))
}

func TestWhichRuleWins(t *testing.T) {
	set := birds(t).For(reeve.Out, Scope{})
	tests := []struct {
		text, want string
		action     reeve.Action
		reasons    []string
	}{
		{"a plain text", "a plain text", reeve.Allow, nil},
		{"", "", reeve.Allow, nil},
		{"the grey heron flies", "the <bird> flies", reeve.Mask, []string{"z-mask-long 1"}},
		{"a heron and a heron", "a [MASKED] and a [MASKED]", reeve.Mask, []string{"a-mask-short 2"}},
		{"a wren", "a [MASKED]", reeve.Mask, []string{"a-mask-short 1", "r-review 1"}},
		{"a robin", "a robin", reeve.Review, []string{"r-review 1", "o-allow 1"}},
		{"a finch", "a finch", reeve.Allow, []string{"o-allow 1"}},
		{"mail: jo@example.org, robin", "mail: [EMAIL_ADDRESS], robin", reeve.Mask, []string{"m-mask-mail 1", "r-review 1", "o-allow 1"}},
		{"see x123y here wren", "see ", reeve.Block, []string{"c-block 1"}},
		{"a wren, then x12345y", "a [MASKED], then ", reeve.Block, []string{"c-block 1", "a-mask-short 1", "r-review 1"}},
		// "grey " might have become "grey heron": it was never decided, so it stays inside.
		{"a grey heron gull", "a ", reeve.Block, []string{"b-block 1"}},
		{"x123y x123y", "", reeve.Block, []string{"c-block 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			r := set.Check([]byte(tt.text), nil)
			var reasons []string
			for _, reason := range r.Verdict.Reasons {
				reasons = append(reasons, fmt.Sprintf("%s %d", reason.Rule, reason.Count))
			}
			if string(r.Text) != tt.want || r.Verdict.Action != tt.action || !slices.Equal(reasons, tt.reasons) {
				t.Errorf("got %q %v %v, want %q %v %v", r.Text, r.Verdict.Action, reasons, tt.want, tt.action, tt.reasons)
			}
			if r.Changed != (tt.text != tt.want) {
				t.Errorf("Changed is %v", r.Changed)
			}
			if (r.Block != nil) != (tt.action == reeve.Block) {
				t.Errorf("Block is %v", r.Block)
			}
		})
	}
}

// TestRuleOrderDoesNotMatter shuffles the rules of a policy.
func TestRuleOrderDoesNotMatter(t *testing.T) {
	rules := []string{
		rule("a", "out", "mask", `{literals: [heron]}`, "    mask: A\n"),
		rule("b", "out", "mask", `{literals: [heron, gull]}`, "    mask: B\n"),
		rule("c", "out", "mask", `{detect: [pii/email]}`, "    mask: C\n"),
		rule("d", "out", "mask", `{detect: ["pii/*"]}`, "    mask: D\n"),
		rule("e", "out", "mask", `{patterns: [{expr: "gull[0-9]", max_len: 5}]}`, "    mask: E\n"),
	}
	const text = "heron, gull, gull1 and mail: jo@example.org"
	const want = "A, B, E and mail: C"
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		random.Shuffle(len(rules), func(i, j int) { rules[i], rules[j] = rules[j], rules[i] })
		set := mustParse(t, policy(rules...)).For(reeve.Out, Scope{})
		if got := string(set.Check([]byte(text), nil).Text); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}

func TestFindings(t *testing.T) {
	p := mustParse(t, policy(
		rule("mail", "out", "mask", `{detect: [pii/email]}`),
		rule("project", "out", "review", `{literals: [heron]}`, "    severity: critical\n"),
	))
	text := "heron: jo@example.org"
	want := []reeve.Finding{
		{Rule: "project", Kind: "LITERAL", Severity: reeve.SeverityCritical, Score: 1, Start: 0, End: 5, In: "field", Message: "Something was found.", Remedy: "Leave it out."},
		{Rule: "pii/email", Kind: "EMAIL_ADDRESS", Severity: reeve.SeverityMedium, Score: 1, Start: 7, End: 21, In: "field", Message: "Something was found.", Remedy: "Leave it out."},
	}
	got := p.For(reeve.Out, Scope{}).Check([]byte(text), nil).Findings
	for i := range got {
		if got[i].Score <= 0 || got[i].Score > 1 {
			t.Errorf("score %v", got[i].Score)
		}
		got[i].Score = 1
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// TestFindingsAreBounded gives more matches than are kept; the count goes on.
func TestFindingsAreBounded(t *testing.T) {
	set := birds(t).For(reeve.Out, Scope{})
	r := set.Check([]byte(strings.Repeat("wren ", MaxFindings+5)), nil)
	if len(r.Findings) != MaxFindings || r.Verdict.Reasons[0].Count != MaxFindings+5 {
		t.Errorf("%d findings, count %d", len(r.Findings), r.Verdict.Reasons[0].Count)
	}
}

// TestNothingAfterBlock writes on after a block.
func TestNothingAfterBlock(t *testing.T) {
	st := birds(t).For(reeve.Out, Scope{}).NewStream(nil)
	defer st.Free()
	out := st.Write(nil, []byte("see x123y"))
	if st.Blocked() == nil || st.Blocked().ID != "c-block" {
		t.Fatalf("blocked by %v", st.Blocked())
	}
	out = st.Close(st.Write(out, []byte(" and more")))
	if string(out) != "see " {
		t.Errorf("released %q", out)
	}
	if r := st.Result(); r.Verdict.Action != reeve.Block || r.Block == nil || r.Text != nil {
		t.Errorf("got %+v", r)
	}
}

// TestFreeForgets uses one stream of the pool after another.
func TestFreeForgets(t *testing.T) {
	set := birds(t).For(reeve.Out, Scope{})
	for _, text := range []string{"see x123y", "a wren", "grey hero", "plain"} {
		whole := set.Check([]byte(text), nil)
		for range 3 {
			sameAsWhole(t, set, []byte(text), whole, []int{len(text) / 2})
		}
	}
}

// TestStreamEqualsWhole draws texts from the words of the policy and arbitrary cuts.
func TestStreamEqualsWhole(t *testing.T) {
	set := birds(t).For(reeve.Out, Scope{})
	words := []string{
		"grey", "heron", "gull", "wren", "robin", "finch", "grey heron", "heron gull", "x123y", "x12", "y", "jo@example.org",
		"mail:", " ", "  ", "\n", "é", "\xff", "[[", "]]", "@", "jane.doe", "example.org", "x1234567y",
	}
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 12).Draw(t, "words"), ""))
		whole := set.Check(text, nil)
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(text)), 0, len(text)+2).Draw(t, "cuts")
		slices.Sort(cuts)
		st := set.NewStream(nil)
		defer st.Free()
		var out []byte
		from := 0
		for _, cut := range append(cuts, len(text)) {
			out = st.Write(out, text[from:cut])
			from = cut
			if !bytes.HasPrefix(whole.Text, out) {
				t.Fatalf("released %q, whole %q", out, whole.Text)
			}
		}
		out = st.Close(out)
		r := st.Result()
		r.Text, r.Changed = whole.Text, whole.Changed
		if !bytes.Equal(out, whole.Text) {
			t.Fatalf("released %q, whole %q", out, whole.Text)
		}
		if diff := cmp.Diff(whole.Verdict, r.Verdict); diff != "" {
			t.Fatal(diff)
		}
		if len(whole.Findings)+len(r.Findings) > 0 {
			if diff := cmp.Diff(whole.Findings, r.Findings); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// FuzzStream gives any bytes, cut in any way, to every kind of stream and compares with the whole text.
func FuzzStream(f *testing.F) {
	f.Add([]byte("mail: jo@example.org and a grey heron gull"), []byte{3, 1, 4, 1, 5})
	f.Add([]byte(`{"to":"jo\u0040example.org","n":4111111111111111}`), []byte{1})
	f.Add([]byte("[[EMAIL_1]] [[[A_1]] [[EMAIL_"), []byte{2, 7})
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----"), []byte{5, 0, 9})
	var sets []*Set
	for _, p := range []*Policy{birds(f), shipped(f)} {
		sets = append(sets, p.For(reeve.In, Scope{}), p.For(reeve.Out, Scope{}))
	}
	f.Fuzz(func(t *testing.T, text, cuts []byte) {
		for _, s := range sets {
			st := s.NewStream(filled())
			fuzzed(t, st, s.Check(text, filled()), text, cuts)
			st = s.NewJSONStream(filled())
			fuzzed(t, st, s.CheckJSON(text, filled()), text, cuts)
		}
	})
}

// filled is a vault that holds one value.
func filled() *Vault {
	v := NewVault()
	v.token("EMAIL", []byte("jo@example.org"))
	return v
}

// fuzzed feeds text in pieces whose lengths come from cuts, over and over, and compares with the whole result.
func fuzzed(t *testing.T, st *Stream, whole Result, text, cuts []byte) {
	defer st.Free()
	var out []byte
	rest := text
	for i := 0; len(rest) > 0; i++ {
		n := len(rest)
		if len(cuts) > 0 && i < 2*len(text) {
			n = min(n, int(cuts[i%len(cuts)]%16))
		}
		out = st.Write(out, rest[:n])
		rest = rest[n:]
	}
	out = st.Close(out)
	if !bytes.Equal(out, whole.Text) {
		t.Fatalf("streamed %q, whole %q", out, whole.Text)
	}
	r := st.Result()
	if diff := cmp.Diff(whole.Verdict, r.Verdict); diff != "" {
		t.Fatal(diff)
	}
	if !slices.Equal(whole.Findings, r.Findings) {
		t.Fatal(cmp.Diff(whole.Findings, r.Findings))
	}
}
