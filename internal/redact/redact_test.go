package redact

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/inspect"
)

func clock() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }

func testKey(t testing.TB, fill byte) Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{fill}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var inspector = sync.OnceValue(func() *inspect.Inspector {
	var rules []string
	for _, r := range detect.Rules() {
		rules = append(rules, r.ID)
	}
	in, err := inspect.New(inspect.Options{Detect: detect.Options{Rules: rules}})
	if err != nil {
		panic(err)
	}
	return in
})

func options(t testing.TB, specs ...string) Options {
	t.Helper()
	p, err := NewPolicy(specs)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Inspector: inspector(), Policy: p, Key: testKey(t, 1), Clock: clock}
}

// write makes a file in a folder of its own.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// redactText runs over one file and returns what was written.
func redactText(t testing.TB, o Options, name, text string) (string, *Report) {
	t.Helper()
	in := write(t, name, text)
	out := filepath.Join(t.TempDir(), name)
	rep, err := Run(context.Background(), in, out, o)
	if err != nil {
		t.Fatal(err)
	}
	if !rep.Clean {
		t.Fatalf("not clean: %+v", rep)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), rep
}

const records = `{"id":1,"name":"x","mail":"jane.doe@acme.com","note":"card 4556 7375 8689 9855, ip 93.184.216.34"}` + "\n" +
	`{"id":2,  "mail":"JOE@acme.com","phone":"+1 415-867-5309","card":4556737586899855,"n":[1,2,{"ssn":"536-22-1234"}]}` + "\n" +
	`{"id":3,"text":"caf\u00e9 says \"hi\" to jane.doe@acme.com","iban":"DE89 3704 0044 0532 0130 00"}` + "\n"

func TestOperators(t *testing.T) {
	for _, c := range []struct {
		operator string
		want     []string
	}{
		{"remove", []string{`"mail":""`, `"note":"card , ip "`, `"ssn":""`}},
		{"mask", []string{`"mail":"[EMAIL_ADDRESS]"`, `card [CREDIT_CARD], ip [IP_ADDRESS]`, `"card":"[CREDIT_CARD]"`, `to [EMAIL_ADDRESS]"`}},
		{"mask:char=*,last=4", []string{`"mail":"*************.com"`, `card ***************9855`, `"ssn":"*******1234"`}},
		{"replace:text=REDACTED", []string{`"mail":"REDACTED"`, `card REDACTED, ip REDACTED`}},
		{"hash:len=16,prefix=h-", []string{`"mail":"h-`, `card h-`}},
		{"encrypt", []string{`"mail":"[rv1:`, `card [rv1:`}},
		{"generalise", []string{`"mail":"@acme.com"`, `card ending 9855, ip 93.184.216.*`, `"ssn":"[US_SSN]"`}},
	} {
		t.Run(c.operator, func(t *testing.T) {
			got, rep := redactText(t, options(t, c.operator), "a.jsonl", records)
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s is not in\n%s", want, got)
				}
			}
			for _, leak := range []string{"jane", "4556 7375", "536-22", "867-5309", "DE89"} {
				if strings.Contains(got, leak) {
					t.Errorf("%s is still in\n%s", leak, got)
				}
			}
			if rep.Redacted < 8 || rep.Surrogates != "" || rep.Files[0].Known != 0 {
				t.Errorf("%+v", rep)
			}
		})
	}
}

func TestPseudonymise(t *testing.T) {
	got, rep := redactText(t, options(t, "pseudonymise"), "a.jsonl", records)
	mails := regexp.MustCompile(`[\w.]+@[\w.]+`).FindAllString(got, -1)
	if len(mails) != 3 || mails[0] != mails[2] || mails[0] == mails[1] || !strings.Contains(mails[0], ".example.") {
		t.Errorf("%v in %s", mails, got)
	}
	cards := regexp.MustCompile(`4000[ \d]+`).FindAllString(got, -1)
	if len(cards) != 2 || strings.ReplaceAll(cards[0], " ", "") != cards[1] {
		t.Errorf("%v in %s", cards, got)
	}
	if rep.Files[0].Known == 0 || rep.Surrogates == "" {
		t.Errorf("%+v", rep)
	}
	// Another file, the same key: the same surrogates. Another key: others.
	o := options(t, "pseudonymise")
	if again, _ := redactText(t, o, "b.txt", "write to jane.doe@acme.com"); again != "write to "+mails[0] {
		t.Errorf("%s, want %s", again, mails[0])
	}
	o.Key = testKey(t, 2)
	if other, _ := redactText(t, o, "b.txt", "write to jane.doe@acme.com"); other == "write to "+mails[0] {
		t.Error("two keys give one surrogate")
	}
}

// TestKnownSurrogates holds that a second run with the sidecar of the first changes nothing, and that the sidecar says
// nothing to who has another key.
func TestKnownSurrogates(t *testing.T) {
	dir := t.TempDir()
	in, one, two := filepath.Join(dir, "in"), filepath.Join(dir, "one"), filepath.Join(dir, "two")
	if err := os.Mkdir(in, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.jsonl": records, "b.txt": "from 93.184.216.34 by jane.doe@acme.com\n"} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := options(t, "pseudonymise")
	rep, err := Run(t.Context(), in, one, o)
	if err != nil || !rep.Clean || len(rep.Files) != 2 {
		t.Fatalf("%v %+v", err, rep)
	}
	if _, err := OpenSurrogates(SidecarName(one), testKey(t, 2)); !errors.Is(err, ErrSidecar) {
		t.Errorf("another key: %v", err)
	}
	if o.Known, err = OpenSurrogates(SidecarName(one), o.Key); err != nil {
		t.Fatal(err)
	}
	defer o.Known.Close()
	rep, err = Run(t.Context(), one, two, o)
	if err != nil || !rep.Clean || rep.Redacted != 0 {
		t.Fatalf("%v %+v", err, rep)
	}
	for _, name := range []string{"a.jsonl", "b.txt"} {
		a, _ := os.ReadFile(filepath.Join(one, name))
		b, _ := os.ReadFile(filepath.Join(two, name))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s: %s", name, cmp.Diff(string(a), string(b)))
		}
	}
	text, err := os.ReadFile(SidecarName(one))
	if err != nil || bytes.Contains(text, []byte("@")) && bytes.Contains(text, []byte("example")) {
		t.Errorf("the sidecar holds text: %v", err)
	}
}

func TestReverse(t *testing.T) {
	for _, operator := range []string{"encrypt", "encrypt:fresh=true"} {
		dir := t.TempDir()
		hidden, back := filepath.Join(dir, "hidden.jsonl"), filepath.Join(dir, "back.jsonl")
		text := strings.ReplaceAll(records, `"card":4556737586899855,`, "")
		in := write(t, "a.jsonl", text)
		o := options(t, operator)
		if rep, err := Run(t.Context(), in, hidden, o); err != nil || !rep.Clean {
			t.Fatalf("%v %+v", err, rep)
		}
		rep, err := Reverse(t.Context(), hidden, back, o)
		if err != nil || rep.Files[0].Restored != 8 {
			t.Fatalf("%v %+v", err, rep)
		}
		got, _ := os.ReadFile(back)
		if diff := cmp.Diff(text, string(got)); diff != "" {
			t.Error(diff)
		}
		o.Key = testKey(t, 2)
		o.Force = true
		if rep, err = Reverse(t.Context(), hidden, back, o); err != nil || rep.Files[0].Restored != 0 || rep.Files[0].OtherKey != 8 {
			t.Errorf("another key: %v %+v", err, rep)
		}
	}
}

func TestSecrets(t *testing.T) {
	token := "ghp_" + strings.Repeat("a1B2c3", 6)
	text := "token = \"" + token + "\" # jane.doe@acme.com\n"
	for operator, want := range map[string]string{
		"pseudonymise": "[SECRET]", "encrypt": "[SECRET]", "hash": "[SECRET]", "remove": `""`, "SECRET=remove": `""`, "secret/*=replace:text=GONE": "GONE",
		"SECRET=encrypt": "[rv1:",
	} {
		got, _ := redactText(t, options(t, operator), "a.py", text)
		if strings.Contains(got, "a1B2c3") || !strings.Contains(got, want) && operator != "SECRET=encrypt" {
			t.Errorf("%s: %s", operator, got)
		}
	}
	if _, err := NewPolicy([]string{"SECRET=pseudonymise"}); err == nil {
		t.Error("secrets can be pseudonymised")
	}
}

// field is a value of a record with something to find or not.
func field() *rapid.Generator[string] {
	return rapid.SampledFrom([]string{
		"", "plain", "jane.doe@acme.com", "a b@c.de, \"d\"", "4556 7375 8689 9855", "x\ny jane@acme.com z", "536-22-1234 536-22-1235", "ü ö jane@acme.de",
		"+1 415-867-5309 and +1 415-867-5310", "93.184.216.34 93.184.216.35", "DE89 3704 0044 0532 0130 00", "jane@acme.com.jane@acme.com", "2020-01-02", "12345",
		"IBAN DE89370400440532013000 card 4556737586899855 4556737586899855",
	})
}

var anyOperator = rapid.SampledFrom([]string{"remove", "mask", "mask:char=x,last=2", "replace:text=jane@acme.com", "replace:text=[GONE]", "hash", "encrypt", "generalise", "pseudonymise"})

// TestJSONL holds for any records and operator: the result is clean when read again, has the same records with the same
// names, and values without findings have the same bytes.
func TestJSONL(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var lines []string
		for range rapid.IntRange(1, 4).Draw(rt, "records") {
			fields := []string{}
			for i := range rapid.IntRange(1, 4).Draw(rt, "fields") {
				v, _ := json.Marshal(field().Draw(rt, "value"))
				fields = append(fields, fmt.Sprintf(`%s"f%d":%s%s`, strings.Repeat(" ", i%2), i, strings.Repeat(" ", i), v))
			}
			lines = append(lines, "{"+strings.Join(fields, ",")+"}")
		}
		text := strings.Join(lines, "\n")
		op := anyOperator.Draw(rt, "operator")
		got, _ := redactText(t, options(t, op), "a.jsonl", text)
		gotLines := strings.Split(got, "\n")
		if len(gotLines) != len(lines) {
			rt.Fatalf("%d lines became %d", len(lines), len(gotLines))
		}
		for i := range lines {
			var was, is map[string]string
			if err := json.Unmarshal([]byte(lines[i]), &was); err != nil {
				rt.Fatal(err)
			}
			if err := json.Unmarshal([]byte(gotLines[i]), &is); err != nil || len(was) != len(is) {
				rt.Fatalf("%v: %s became %s", err, lines[i], gotLines[i])
			}
		}
		if op == "replace:text=jane@acme.com" {
			return
		}
		again, rep := redactText(t, knowing(t, options(t, op), text, "a.jsonl"), "a.jsonl", got)
		if again != got || rep.Redacted != 0 {
			rt.Fatalf("a second run changed\n%s\nto\n%s", got, again)
		}
	})
}

// knowing adds the sidecar of a first run.
func knowing(t testing.TB, o Options, text, name string) Options {
	out := filepath.Join(t.TempDir(), name)
	rep, err := Run(context.Background(), write(t, name, text), out, o)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Surrogates != "" {
		if o.Known, err = OpenSurrogates(rep.Surrogates, o.Key); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { o.Known.Close() })
	}
	return o
}

// TestText holds that long text, which is read in several blocks, comes out clean and whole.
func TestText(t *testing.T) {
	var b strings.Builder
	for i := range 60000 {
		fmt.Fprintf(&b, "line %d of a text that says little; write to person%d@acme.com or not\n", i, i%977)
	}
	for _, op := range []string{"mask", "pseudonymise", "encrypt"} {
		got, rep := redactText(t, options(t, op), "a.txt", b.String())
		if strings.Contains(got, "acme.com") || strings.Count(got, "\n") != 60000 || rep.Redacted != 60000 {
			t.Errorf("%s: %d redacted", op, rep.Redacted)
		}
		if op == "mask" && strings.ReplaceAll(got, "[EMAIL_ADDRESS]", "") != regexp.MustCompile(`person\d+@acme.com`).ReplaceAllString(b.String(), "") {
			t.Error("text outside of the addresses changed")
		}
	}
}

func TestRefuses(t *testing.T) {
	in := write(t, "a.jsonl", records)
	dir := filepath.Dir(in)
	out := filepath.Join(t.TempDir(), "out.jsonl")
	o := options(t, "mask")
	if _, err := Run(t.Context(), in, in, o); !errors.Is(err, ErrInside) {
		t.Errorf("onto itself: %v", err)
	}
	if _, err := Run(t.Context(), dir, filepath.Join(dir, "x"), o); !errors.Is(err, ErrInside) {
		t.Errorf("into itself: %v", err)
	}
	if _, err := Run(t.Context(), in, out, o); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), in, out, o); !errors.Is(err, ErrExists) {
		t.Errorf("over a file: %v", err)
	}
	o.Force = true
	if _, err := Run(t.Context(), in, out, o); err != nil {
		t.Error(err)
	}
	if info, _ := os.Stat(out); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	o = options(t, "hash")
	o.Key = Key{}
	if _, err := Run(t.Context(), in, out+"2", o); !errors.Is(err, ErrNoKey) {
		t.Errorf("no key: %v", err)
	}
}

// TestCannotRewrite holds that what cannot be written back is named, and that nothing is left of the attempt.
func TestCannotRewrite(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.MkdirAll(filepath.Join(in, "sub"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.zip": "PK\x03\x04 that is no archive", "sub/b.txt": "jane@acme.com"} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rep, err := Run(t.Context(), in, out, options(t, "mask"))
	if err != nil || rep.Clean || len(rep.Skipped) != 1 || !strings.HasSuffix(rep.Skipped[0].Path, "a.zip") || len(rep.Files) != 1 {
		t.Fatalf("%v %+v", err, rep)
	}
	var got []string
	_ = filepath.WalkDir(out, func(path string, d os.DirEntry, _ error) error {
		info, _ := d.Info()
		got = append(got, fmt.Sprintf("%s %o", strings.TrimPrefix(path, out), info.Mode().Perm()))
		return nil
	})
	if diff := cmp.Diff([]string{" 700", "/sub 700", "/sub/b.txt 600"}, got); diff != "" {
		t.Error(diff)
	}
}
