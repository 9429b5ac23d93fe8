package guard

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve"
)

// rule writes a rule in YAML with sound values for all that the test does not care about.
func rule(id, direction, action, match string, extra ...string) string {
	return fmt.Sprintf(`  - id: %s
    direction: %s
    action: %s
    match: %s
    message: Something was found.
    remedy: Leave it out.
    legal_basis: [house rule]
    owner: security
    examples: {match: ["x"], no_match: ["y"]}
%s`, id, direction, action, match, strings.Join(extra, ""))
}

func policy(rules ...string) string { return "version: 1\nrules:\n" + strings.Join(rules, "") }

func mustParse(t testing.TB, source string) *Policy {
	t.Helper()
	p, err := Parse("guard.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestParseRefuses holds every way to get a policy wrong, with the message and the place that the author is shown.
func TestParseRefuses(t *testing.T) {
	email := `{detect: [pii/email]}`
	tests := []struct {
		name, source string
		want         []string
	}{
		{"empty", "", []string{"version must be 1"}},
		{"no version", "rules: []\n", []string{"version must be 1"}},
		{"newer version", "version: 2\nrules: []\n", []string{"guard.yaml:1:10:", "version must be 1", "^"}},
		{"unknown key", policy(rule("a", "in", "mask", email, "    acton: block\n")), []string{"guard.yaml:12:5:", `unknown field "acton"`, "^"}},
		{"unknown key on top", "version: 1\nruls: []\n", []string{"guard.yaml:2:1:", `unknown field "ruls"`, "^"}},
		{"key twice", policy(rule("a", "in", "mask", email, "    owner: b\n")), []string{"guard.yaml:12:5:", "owner", "^"}},
		{"id twice", policy(rule("a", "in", "mask", email), rule("a", "out", "mask", email)), []string{"guard.yaml:12:9:", "two rules have the id a", "^"}},
		{"bad id", policy(rule("A b", "in", "mask", email)), []string{"guard.yaml:3:9:", "an id has"}},
		{"bad direction", policy(rule("a", "sideways", "mask", email)), []string{"guard.yaml:4:16:", "in, out or both"}},
		{"bad action", policy(rule("a", "in", "redact", email)), []string{"guard.yaml:5:13:", "allow, review, mask or block"}},
		{"bad severity", policy(rule("a", "in", "mask", email, "    severity: awful\n")), []string{"guard.yaml:12:15:", "critical"}},
		{"bad mode", policy(rule("a", "in", "mask", email, "    mode: window\n")), []string{"mode must be exact"}},
		{"unknown detector", policy(rule("a", "in", "mask", `{detect: [pii/email, pii/emial]}`)), []string{"guard.yaml:6:33:", `no detector is called "pii/emial"`}},
		{"unknown class", policy(rule("a", "in", "mask", `{detect: ["pi/*"]}`)), []string{`no detector is called "pi/*"`}},
		{"nothing to match", policy(rule("a", "in", "mask", `{}`)), []string{"rule a matches nothing"}},
		{"match left out", strings.Replace(policy(rule("a", "in", "mask", email)), "    match: "+email+"\n", "", 1), []string{"rule a matches nothing"}},
		{"empty literal", policy(rule("a", "in", "mask", `{literals: [""]}`)), []string{"guard.yaml:6:24:", "1 to 255 bytes"}},
		{"bad expression", policy(rule("a", "in", "mask", `{patterns: [{expr: "(", max_len: 3}]}`)), []string{"guard.yaml:6:", "^"}},
		{"no max_len", policy(rule("a", "in", "mask", `{patterns: [{expr: "a+"}]}`)), []string{"guard.yaml:6:"}},
		{"mask with quote", policy(rule("a", "in", "mask", email, "    mask: 'a\"b'\n")), []string{"guard.yaml:12:11:", "must keep JSON valid"}},
		{"mask with control character", policy(rule("a", "in", "mask", email, "    mask: \"a\\nb\"\n")), []string{"must keep JSON valid"}},
		{"mask like a token", policy(rule("a", "in", "mask", email, "    mask: '[EMAIL_1]'\n")), []string{"token of the vault"}},
		{"mask on a block rule", policy(rule("a", "in", "block", email, "    mask: gone\n")), []string{"only a rule with action mask"}},
		{"reversible on output", policy(rule("a", "out", "mask", email, "    reversible: true\n")), []string{"reversible needs direction in"}},
		{"no examples", strings.Replace(policy(rule("a", "in", "mask", email)), "    examples: {match: [\"x\"], no_match: [\"y\"]}\n", "", 1), []string{"guard.yaml:3:5:", "no example under match"}},
		{"no negative example", strings.Replace(policy(rule("a", "in", "mask", email)), "[\"y\"]", "[]", 1), []string{"no example under no_match"}},
		{"no message", strings.Replace(policy(rule("a", "in", "mask", email)), "Something was found.", "''", 1), []string{"rule a has no message"}},
		{"no remedy", strings.Replace(policy(rule("a", "in", "mask", email)), "Leave it out.", "''", 1), []string{"rule a has no remedy"}},
		{"no legal basis", strings.Replace(policy(rule("a", "in", "mask", email)), "[house rule]", "[]", 1), []string{"rule a has no legal_basis"}},
		{"wrong type", policy(rule("a", "in", "mask", email, "    reversible: perhaps\n")), []string{"guard.yaml:12:17:", "true or false is wanted", "^"}},
		{"list for text", policy(rule("[a]", "in", "mask", email)), []string{"guard.yaml:3:9:", "text is wanted", "^"}},
		{"anchor", "version: &v 1\nrules: []\n", []string{"guard.yaml:1:", "anchors, aliases and tags"}},
		{"alias", "version: 1\nrules: *r\n", []string{"anchors, aliases and tags"}},
		{"deep nesting", "version: 1\nrules: " + strings.Repeat("[", 1000) + strings.Repeat("]", 1000), []string{"nested too deeply"}},
		{"two documents", "version: 1\n---\nversion: 1\n", []string{"2 YAML documents"}},
		{"not YAML", "version: [1\n", []string{"guard.yaml:"}},
		{"list file outside", policy(rule("a", "in", "mask", `{literals_file: ../secrets}`)), []string{"guard.yaml:6:28:", "below the folder of the policy"}},
		{"list file with absolute path", policy(rule("a", "in", "mask", `{literals_file: /etc/hostname}`)), []string{"below the folder of the policy"}},
		{"list file missing", policy(rule("a", "in", "mask", `{literals_file: nowhere.txt}`)), []string{"guard.yaml:6:28:", "nowhere.txt"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("guard.yaml", []byte(tt.source))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error lacks %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "guard.policySource") || strings.Contains(err.Error(), "ruleSource") {
				t.Errorf("error names a Go type:\n%v", err)
			}
		})
	}
}

func TestListFiles(t *testing.T) {
	source := policy(rule("names", "both", "mask", `{literals: [falcon], literals_file: lists/names.txt}`))
	tests := []struct {
		name    string
		content string
		text    string
		want    string
		err     string
	}{
		{"words, comments, blank lines and line ends", "# projects\r\n\r\n  heron \r\nosprey", "falcon heron osprey # projects", "[MASKED] [MASKED] [MASKED] # projects", ""},
		{"not UTF-8", "a\xffb\n", "", "", "not UTF-8"},
		{"word too long", strings.Repeat("w", 256), "", "", "more than 255 bytes"},
		{"too many", strings.Repeat("w\n", maxLiterals), "", "", "more than 10000"},
		{"too large", strings.Repeat("#", maxSource+1), "", "", "more than 4194304 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fsys := fstest.MapFS{"lists/names.txt": {Data: []byte(tt.content)}}
			p, err := ParseFS(fsys, "guard.yaml", []byte(source))
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("error %v, want one with %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := string(p.For(reeve.In, Scope{}).Check([]byte(tt.text), nil).Text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTenThousandLiterals holds the largest list to its budget: 4 MiB for a compiled set.
func TestTenThousandLiterals(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var list bytes.Buffer
	var last string
	for range maxLiterals {
		word := make([]byte, 8+random.IntN(16))
		for i := range word {
			word[i] = byte('a' + random.IntN(26))
		}
		last = string(word)
		fmt.Fprintln(&list, last)
	}
	source := policy(rule("names", "out", "mask", `{literals_file: list.txt, fold_case: true, whole_word: true}`))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p, err := ParseFS(fstest.MapFS{"list.txt": {Data: list.Bytes()}}, "guard.yaml", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	set := p.For(reeve.Out, Scope{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	used := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d bytes of words take %d bytes compiled", list.Len(), used)
	if used > 4<<20 {
		t.Errorf("%d bytes for 10,000 literals", used)
	}
	if got := string(set.Check([]byte("the "+strings.ToUpper(last)+"!"), nil).Text); got != "the [MASKED]!" {
		t.Errorf("got %q", got)
	}
}

// TestListFileStaysInFolder tries to read outside of the policy's folder through a symbolic link.
func TestListFileStaysInFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.txt")
	inside := t.TempDir()
	if err := os.WriteFile(outside, []byte("heron\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "link.txt")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if err := os.WriteFile(filepath.Join(inside, "list.txt"), []byte("heron\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(inside, "guard.yaml")
	if _, err := Parse(name, []byte(policy(rule("a", "in", "mask", `{literals_file: list.txt}`)))); err != nil {
		t.Errorf("a list beside the policy is refused: %v", err)
	}
	if _, err := Parse(name, []byte(policy(rule("a", "in", "mask", `{literals_file: link.txt}`)))); err == nil {
		t.Error("a link out of the folder is followed")
	}
}

func TestDigest(t *testing.T) {
	source := policy(rule("a", "in", "mask", `{literals_file: list.txt}`))
	parse := func(source, list string) string {
		p, err := ParseFS(fstest.MapFS{"list.txt": {Data: []byte(list)}}, "guard.yaml", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		return p.Digest()
	}
	base := parse(source, "heron\n")
	if again := parse(source, "heron\n"); again != base {
		t.Errorf("the same policy has the digests %s and %s", base, again)
	}
	if other := parse(source, "osprey\n"); other == base {
		t.Error("another list gives the same digest")
	}
	if other := parse(source+"# one byte more\n", "heron\n"); other == base {
		t.Error("another source gives the same digest")
	}
	if len(base) != len("sha256:")+64 || !strings.HasPrefix(base, "sha256:") {
		t.Errorf("digest %q", base)
	}
}

func TestExamples(t *testing.T) {
	source := policy(
		strings.Replace(rule("b", "out", "block", `{literals: [heron]}`), `examples: {match: ["x"], no_match: ["y"]}`,
			"examples:\n      match:\n        - the heron\n        - the osprey\n      no_match: [the finch, a heron]", 1),
		strings.Replace(rule("a", "in", "review", `{literals: [finch]}`), `{match: ["x"], no_match: ["y"]}`,
			`{match: ["finch"], no_match: ["heron"]}`, 1),
	)
	want := []ExampleFailure{{Rule: "b", List: "match", Index: 1, Line: 14}, {Rule: "b", List: "no_match", Index: 1, Line: 15}}
	got := mustParse(t, source).Test()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	for _, f := range got {
		if strings.Contains(f.String(), "heron") || strings.Contains(f.String(), "osprey") {
			t.Errorf("%q quotes the example", f)
		}
	}
}

func TestScope(t *testing.T) {
	p := mustParse(t, policy(
		rule("everywhere", "both", "mask", `{literals: [alpha]}`),
		rule("models", "both", "mask", `{literals: [bravo]}`, "    scope: {models: [\"library/*:8b\", exact]}\n"),
		rule("roles", "out", "mask", `{literals: [charlie]}`, "    scope: {roles: [user], routes: [\"/v1/*\"]}\n"),
		rule("labels", "in", "mask", `{literals: [delta]}`, "    scope: {labels: [\"confidential{*}\"]}\n"),
	))
	tests := []struct {
		dir   reeve.Direction
		scope Scope
		want  string
	}{
		{reeve.In, Scope{}, "[MASKED] bravo charlie delta"},
		{reeve.In, Scope{Model: "library/llama:8b"}, "[MASKED] [MASKED] charlie delta"},
		{reeve.In, Scope{Model: "library/llama:8bx"}, "[MASKED] bravo charlie delta"},
		{reeve.In, Scope{Model: "exact"}, "[MASKED] [MASKED] charlie delta"},
		{reeve.In, Scope{Label: "confidential{PII}"}, "[MASKED] bravo charlie [MASKED]"},
		{reeve.Out, Scope{Label: "confidential{PII}"}, "[MASKED] bravo charlie delta"},
		{reeve.Out, Scope{Role: "user", Route: "/v1/chat/completions"}, "[MASKED] bravo [MASKED] delta"},
		{reeve.Out, Scope{Role: "user", Route: "/api/chat"}, "[MASKED] bravo charlie delta"},
		{reeve.Out, Scope{Role: "admin", Route: "/v1/chat/completions"}, "[MASKED] bravo charlie delta"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v %+v", tt.dir, tt.scope), func(t *testing.T) {
			set := p.For(tt.dir, tt.scope)
			if got := string(set.Check([]byte("alpha bravo charlie delta"), nil).Text); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again := p.For(tt.dir, tt.scope); again != set {
				t.Error("the same scope has two sets")
			}
		})
	}
	if p.For(reeve.In, Scope{Model: "one"}) != p.For(reeve.In, Scope{Model: "two"}) {
		t.Error("two scopes with the same rules have two sets")
	}
}

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "a/b", true},
		{"a*", "ab", true},
		{"a*", "ba", false},
		{"*a", "ba", true},
		{"*a", "ab", false},
		{"a*b*c", "a1b2c", true},
		{"a*b*c", "acb", false},
		{"a*a", "a", false},
		{"*ab*ab*", "abab", true},
		{"*ab*ab*", "aba", false},
		{"**", "x", true},
	}
	for _, tt := range tests {
		if got := glob(tt.pattern, tt.s); got != tt.want {
			t.Errorf("glob(%q, %q) = %v", tt.pattern, tt.s, got)
		}
	}
}

// TestCacheIsBounded asks for more scopes than the cache holds.
func TestCacheIsBounded(t *testing.T) {
	p := mustParse(t, policy(rule("a", "in", "mask", `{literals: [alpha]}`)))
	for i := range maxScopes + 10 {
		p.For(reeve.In, Scope{Model: fmt.Sprint(i)})
	}
	if n := len(p.sets.Load().byScope); n > maxScopes {
		t.Errorf("%d scopes are remembered", n)
	}
	p.For(reeve.In, Scope{Model: strings.Repeat("m", maxScopeText+1)})
	for place := range p.sets.Load().byScope {
		if len(place.scope.Model) > maxScopeText {
			t.Error("a scope with a long name is remembered")
		}
	}
}

func TestForDoesNotAllocate(t *testing.T) {
	p := mustParse(t, policy(rule("a", "in", "mask", `{literals: [alpha]}`)))
	s := Scope{Route: "/v1/chat/completions", Model: "m", Role: "user", Label: "public"}
	p.For(reeve.In, s)
	if n := testing.AllocsPerRun(100, func() { p.For(reeve.In, s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestNilPolicyAllows(t *testing.T) {
	var p *Policy
	set := p.For(reeve.Out, Scope{})
	if r := set.Check([]byte("jane@example.org"), nil); string(r.Text) != "jane@example.org" || r.Verdict.Action != reeve.Allow {
		t.Errorf("got %+v", r)
	}
	st := set.NewStream(nil)
	defer st.Free()
	if out := st.Close(st.Write(nil, []byte("text"))); string(out) != "text" {
		t.Errorf("got %q", out)
	}
}

// TestBrokenSetBlocks: what cannot be compiled lets nothing pass.
func TestBrokenSetBlocks(t *testing.T) {
	set := &Set{broken: brokenRule()}
	r := set.Check([]byte("hello"), nil)
	if len(r.Text) != 0 || r.Block == nil || r.Verdict.Action != reeve.Block {
		t.Errorf("got %+v", r)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(policy(rule("a", "in", "mask", `{detect: [pii/email]}`))))
	f.Add([]byte(policy(rule("a", "both", "block", `{patterns: [{expr: "a[0-9]{3}", max_len: 4}]}`))))
	f.Add([]byte("version: &v [*v]\nrules: {<<: *v}\n"))
	f.Add([]byte("{version: 1, rules: [{id: }]}"))
	f.Fuzz(func(t *testing.T, source []byte) {
		p, err := ParseFS(fstest.MapFS{}, "guard.yaml", source)
		if (p == nil) == (err == nil) {
			t.Fatalf("policy %v and error %v", p, err)
		}
		if err != nil {
			return
		}
		p.Test()
		for _, dir := range []reeve.Direction{reeve.In, reeve.Out} {
			p.For(dir, Scope{}).Check(source, nil)
		}
	})
}
