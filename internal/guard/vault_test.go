package guard

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
)

func reversible(t testing.TB) *Policy {
	return mustParse(t, policy(
		rule("mail", "both", "mask", `{detect: [pii/email]}`, "    reversible: true\n"),
		rule("card", "both", "mask", `{detect: [pii/payment-card]}`),
		rule("name", "both", "mask", `{literals: [heron, 'say "hi"']}`, "    reversible: true\n"),
	))
}

func TestReversibleMasks(t *testing.T) {
	p := reversible(t)
	in, out := p.For(reeve.In, Scope{}), p.For(reeve.Out, Scope{})
	tests := []struct {
		name             string
		prompts, masked  []string
		answer, restored string
	}{
		{
			"one value",
			[]string{"mail: jo@example.org"},
			[]string{"mail: [[EMAIL_1]]"},
			"I wrote to [[EMAIL_1]].", "I wrote to jo@example.org.",
		},
		{
			"the same value has the same token",
			[]string{"mail: jo@example.org, mail: al@example.org", "mail: jo@example.org"},
			[]string{"mail: [[EMAIL_1]], mail: [[EMAIL_2]]", "mail: [[EMAIL_1]]"},
			"[[EMAIL_2]][[EMAIL_1]] [[EMAIL_2]]", "al@example.orgjo@example.org al@example.org",
		},
		{
			"only where the rule says so",
			[]string{"heron pays with 4111 1111 1111 1111"},
			[]string{"[[LITERAL_1]] pays with [CREDIT_CARD]"},
			"[[LITERAL_1]], [CREDIT_CARD]", "heron, [CREDIT_CARD]",
		},
		{
			"what the model adds is masked for good",
			[]string{"mail: jo@example.org"},
			[]string{"mail: [[EMAIL_1]]"},
			"mail: al@example.org and [[EMAIL_1]]", "mail: [EMAIL_ADDRESS] and jo@example.org",
		},
		{
			"what is put back is not judged again",
			[]string{"mail: jo@example.org, heron"},
			[]string{"mail: [[EMAIL_1]], [[LITERAL_1]]"},
			"mail: [[EMAIL_1]] heron [[LITERAL_1]]", "mail: jo@example.org [MASKED] heron",
		},
		{
			"unknown tokens stay",
			[]string{"mail: jo@example.org"},
			[]string{"mail: [[EMAIL_1]]"},
			"[[EMAIL_2]] [[EMAIL_01]] [[email_1]] [EMAIL_1] [[EMAIL_1] [[EMAIL_1", "[[EMAIL_2]] [[EMAIL_01]] [[email_1]] [EMAIL_1] [[EMAIL_1] [[EMAIL_1",
		},
		{
			"brackets around tokens",
			[]string{"mail: jo@example.org"},
			[]string{"mail: [[EMAIL_1]]"},
			"[[[EMAIL_1]]] [[[[EMAIL_1]]]] [[EMAIL_[[EMAIL_1]]", "[jo@example.org] [[jo@example.org]] [[EMAIL_jo@example.org",
		},
		{
			"a typed token reads nothing",
			[]string{"mail: jo@example.org", "say [[EMAIL_1]] and [[EMAIL_1]]"},
			[]string{"mail: [[EMAIL_1]]", "say [[TOKEN_1]] and [[TOKEN_1]]"},
			"[[TOKEN_1]]", "[[EMAIL_1]]",
		},
		{
			"typed before the value is there",
			[]string{"say [[EMAIL_1]]", "mail: jo@example.org"},
			[]string{"say [[TOKEN_1]]", "mail: [[EMAIL_1]]"},
			"[[TOKEN_1]] [[EMAIL_1]]", "[[EMAIL_1]] jo@example.org",
		},
		{
			"a typed token of a typed token",
			[]string{"say [[TOKEN_1]] [[TOKEN_2]]"},
			[]string{"say [[TOKEN_1]] [[TOKEN_2]]"},
			"[[TOKEN_2]] [[TOKEN_1]]", "[[TOKEN_2]] [[TOKEN_1]]",
		},
		{
			"a value beside half a token",
			[]string{"[[EMAIL_1heron]] [[heron]]"},
			[]string{"[[EMAIL_1[[LITERAL_1]]]] [[[[LITERAL_1]]]]"},
			"ok", "ok",
		},
		{"nothing to put back", []string{"plain"}, []string{"plain"}, "[[EMAIL_1]] [[", "[[EMAIL_1]] [["},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := NewVault()
			defer v.Free()
			for i, prompt := range tt.prompts {
				if got := string(in.Check([]byte(prompt), v).Text); got != tt.masked[i] {
					// A typed token may happen to be replaced by one that reads the same.
					t.Errorf("masked %q, want %q", got, tt.masked[i])
				}
			}
			if got := string(out.Check([]byte(tt.answer), v).Text); got != tt.restored {
				t.Errorf("restored %q, want %q", got, tt.restored)
			}
			for n := 1; n <= len(tt.answer); n++ {
				st := out.NewStream(v)
				got, _ := streamed(t, st, []byte(tt.answer), slices.Collect(steps(n, len(tt.answer))))
				st.Free()
				if string(got) != tt.restored {
					t.Errorf("restored in pieces of %d %q, want %q", n, got, tt.restored)
				}
			}
		})
	}
}

// steps yields n, 2n … below end.
func steps(n, end int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := n; i < end; i += n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestWithoutVaultMasksAreFinal(t *testing.T) {
	in := reversible(t).For(reeve.In, Scope{})
	if got := string(in.Check([]byte("mail: jo@example.org [[EMAIL_1]]"), nil).Text); got != "mail: [EMAIL_ADDRESS] [[EMAIL_1]]" {
		t.Errorf("got %q", got)
	}
}

func TestVaultFree(t *testing.T) {
	p := reversible(t)
	v := NewVault()
	masked := p.For(reeve.In, Scope{}).Check([]byte("mail: jo@example.org"), v)
	if v.Len() != 1 || string(masked.Text) != "mail: [[EMAIL_1]]" {
		t.Fatalf("%d values, %q", v.Len(), masked.Text)
	}
	value := v.entries[0].value
	st := p.For(reeve.Out, Scope{}).NewStream(v)
	defer st.Free()
	v.Free()
	v.Free()
	if strings.Trim(string(value), "\x00") != "" {
		t.Errorf("the value %q is still in memory", value)
	}
	if got := string(st.Close(st.Write(nil, []byte("[[EMAIL_1]]")))); got != "[[EMAIL_1]]" {
		t.Errorf("a freed vault gives %q", got)
	}
	if got := string(p.For(reeve.In, Scope{}).Check([]byte("mail: jo@example.org [[A_1]]"), v).Text); got != "mail: [EMAIL_ADDRESS] [TOKEN]" {
		t.Errorf("a freed vault masks to %q", got)
	}
}

// TestVaultIsBounded fills a vault; past its limits masks are final.
func TestVaultIsBounded(t *testing.T) {
	v := NewVault()
	for i := range maxVaultValues {
		if v.token("EMAIL", []byte(fmt.Sprint(i))) == "" {
			t.Fatalf("full after %d", i)
		}
	}
	in := reversible(t).For(reeve.In, Scope{})
	if got := string(in.Check([]byte("mail: jo@example.org"), v).Text); got != "mail: [EMAIL_ADDRESS]" {
		t.Errorf("got %q", got)
	}
	if w := NewVault(); w.token("EMAIL", make([]byte, maxVaultBytes+1)) != "" {
		t.Error("a value larger than the vault fits")
	}
}

func TestVaultIsSafeForConcurrentUse(t *testing.T) {
	p, v := reversible(t), NewVault()
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for k := range 50 {
				text := fmt.Appendf(nil, "mail: jo%d@example.org", k%10)
				if r := p.For(reeve.In, Scope{}).Check(text, v); !strings.HasPrefix(string(r.Text), "mail: [[EMAIL_") {
					t.Errorf("%d: %q", i, r.Text)
				}
			}
		})
	}
	wait.Wait()
	if v.Len() != 10 {
		t.Errorf("%d values", v.Len())
	}
}

// TestRoundTrip: whatever the caller sends with a vault, an echo of it comes back as it was sent, cut in any way, as long
// as nothing in it is masked for good.
func TestRoundTrip(t *testing.T) {
	p := reversible(t)
	in, out := p.For(reeve.In, Scope{}), p.For(reeve.Out, Scope{})
	words := []string{"[", "]", "[[", "]]", "[[EMAIL_1]]", "[[TOKEN_1]]", "EMAIL_1", "EMAIL", "_", "1", "A", "a", " ", "mail: jo@example.org ", "heron", "\n"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 14).Draw(t, "words"), "")
		v := NewVault()
		sent := in.Check([]byte(text), v).Text
		// Only what the text holds beside tokens is judged in the answer; that no rule matches there is given by the
		// words: every value was replaced on the way in.
		n := rapid.IntRange(1, 9).Draw(t, "piece")
		st := out.NewStream(v)
		defer st.Free()
		var got []byte
		for chunk := range slices.Chunk(sent, n) {
			got = st.Write(got, chunk)
		}
		if got = st.Close(got); string(got) != text {
			t.Fatalf("sent %q as %q, came back %q", text, sent, got)
		}
	})
}

func TestConceal(t *testing.T) {
	v := NewVault()
	short, long, odd := v.token("EMAIL", []byte("a@b.example")), v.token("EMAIL", []byte("ja@b.example")), v.token("NAME", []byte("Q\"X"))
	got := string(v.Conceal([]byte(`ja@b.example, a@b.example; Q"X and {"n":"Q\"X"}`)))
	if want := long + ", " + short + "; " + odd + ` and {"n":"` + odd + `"}`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if text := []byte("nothing"); &v.Conceal(text)[0] != &text[0] {
		t.Error("a text without values is copied")
	}
	v.Free()
	if v.Conceal([]byte("a@b.example")) != nil {
		t.Error("a freed vault vouches for a text")
	}
}
