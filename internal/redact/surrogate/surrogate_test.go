package surrogate

import (
	"bytes"
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/detect"
)

func maker(t testing.TB, fill byte, o Options) *Maker {
	t.Helper()
	m, err := New(bytes.Repeat([]byte{fill}, KeySize), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rule(t testing.TB, kind detect.Kind) *detect.Rule {
	t.Helper()
	for _, r := range detect.Rules() {
		if r.Kind == kind {
			return &r
		}
	}
	return &detect.Rule{ID: "test/" + strings.ToLower(string(kind)), Kind: kind}
}

// noSurrogate reports rules whose values must not have one, or whose checks no draw meets.
func noSurrogate(r *detect.Rule) bool {
	switch r.Kind {
	case detect.KindSecret, "DATE_TIME", "DATE_OF_BIRTH", "AGE":
		return true
	}
	return strings.HasPrefix(r.ID, "special/")
}

// TestEveryRule makes a surrogate for each true positive of each rule and has the rule judge it in the same place.
func TestEveryRule(t *testing.T) {
	m, twin, other := maker(t, 1, Options{}), maker(t, 1, Options{}), maker(t, 2, Options{})
	twin.rules, other.rules = m.rules, m.rules // compiled once
	for _, r := range detect.Rules() {
		if noSurrogate(&r) {
			continue
		}
		made, missed, refused := 0, 0, 0
		tm := m.template(&r)
		for _, around := range tm.around {
			value := positive(t, tm, &r, around)
			got, ok := m.Make(&r, value)
			if !ok {
				missed++
				continue
			}
			made++
			if bytes.Equal(got, value) {
				t.Errorf("%s: the surrogate is the value", r.ID)
			}
			if again, _ := twin.Make(&r, value); !bytes.Equal(got, again) {
				t.Errorf("%s: two surrogates for one value and key", r.ID)
			}
			if x, ok := other.Make(&r, value); ok && bytes.Equal(x, got) && len(onlyDigits(value)) > 7 {
				t.Errorf("%s: one surrogate under two keys", r.ID)
			}
			if r.Kind != detect.KindUSSSN && tm.finds(around, value) && !tm.finds(around, got) {
				refused++
			}
		}
		if made == 0 && len(tm.around) > 0 {
			t.Errorf("%s: no surrogate for any of %d true positives", r.ID, len(tm.around))
		}
		if missed > 0 {
			t.Logf("%s: no surrogate for %d of %d", r.ID, missed, len(tm.around))
		}
		if refused > 0 {
			t.Errorf("%s: does not accept %d of %d surrogates", r.ID, refused, made)
		}
	}
}

// positive is what the rule finds between the two texts in its true positives.
func positive(t *testing.T, tm *template, r *detect.Rule, around [2][]byte) []byte {
	t.Helper()
	for _, text := range r.Positives {
		for _, f := range tm.engine.Find(nil, []byte(text)) {
			if text[:f.Start] == string(around[0]) && text[f.End:] == string(around[1]) {
				return []byte(text[f.Start:f.End])
			}
		}
	}
	t.Fatalf("%s: no positive for its own template", r.ID)
	return nil
}

func TestForms(t *testing.T) {
	m := maker(t, 7, Options{})
	for _, c := range []struct {
		kind  detect.Kind
		value string
		want  string // regular expression
	}{
		{detect.KindCard, "4556 7375 8689 9855", `^4000 00\d\d \d{4} \d{4}$`},
		{detect.KindCard, "3782 822463 10005", `^3700 00\d{4} \d{5}$`},
		{detect.KindIBAN, "DE89 3704 0044 0532 0130 00", `^DE\d\d 0000 \d{4} \d{4} \d{4} \d\d$`},
		{detect.KindIBAN, "GB82WEST12345698765432", `^GB\d\dXXXX\d{14}$`},
		{detect.KindUSSSN, "536-22-1234", `^9\d\d-[0-4]\d-\d{4}$`},
		{detect.KindEmail, "jane.doe@acme.com", `^[a-z]+\.[a-z]+\d\d@[a-z]+\.example\.(com|net|org)$`},
		{detect.KindEmail, "JANE_DOE@ACME.COM", `^[A-Z]+_[A-Z]+\d\d@[A-Z]+\.EXAMPLE\.(COM|NET|ORG)$`},
		{detect.KindPhone, "(415) 867-5309", `^\(\d{3}\) 555-01\d\d$`},
		{detect.KindPhone, "+1 415-867-5309", `^\+1 \d{3}-555-01\d\d$`},
		{detect.KindPhone, "+44 20 7123 4567", `^\+44 \d\d \d{4} \d{4}$`},
		{detect.KindPhone, "07123 456789", `^07700 900\d{3}$`},
		{detect.KindPhone, "06 12 34 56 78", `^06 39 98 \d\d \d\d$`},
		{detect.KindPhone, "0412 345 678", `^0491 570 \d{3}$`},
		{detect.KindPhone, "+49 (0)171 1234567", `^\+49 \(0\)17\d[ \d]+$`},
		{detect.KindPhone, "+46 70 123 45 67", `^\+46 70 174 06 [1-9]\d$`},
		{detect.KindPhone, "+1 415 867 5309 ext. 42", `^\+1 \d{3} 555 01\d\d ext\. \d\d$`},
		{detect.KindIP, "93.184.216.34", `^198\.1[89]\.\d+\.\d+$`},
		{detect.KindIP, "2a00:1450:4001:82a::200e", `^2001:db8:`},
		{"MAC_ADDRESS", "3C:22:FB:12:34:56", `^[0-9A-F][26AE](:[0-9A-F]{2}){5}$`},
		{"MAC_ADDRESS", "3c22.fb12.3456", `^[0-9a-f][26ae][0-9a-f]{2}\.[0-9a-f]{4}\.[0-9a-f]{4}$`},
		{"DEVICE_ID", "550E8400-E29B-41D4-A716-446655440000", `^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`},
		{"PERSON", "Jane van der Berg", `^[A-Z][a-z]+ van der [A-Z][a-z]+$`},
		{"PERSON", "DR. J. DOE-SMITH JR", `^DR\. [A-Z]\. [A-Z]+-[A-Z]+ JR$`},
		{"PERSON", "jane doe", `^[a-z]+ [a-z]+$`},
		{"ORGANIZATION", "Acme Widgets GmbH", `^[A-Z][a-z]+ [A-Z][a-z]+ GmbH$`},
		{"STREET_ADDRESS", "12 Main Street, Springfield 62704", `^[1-9]\d [A-Z][a-z]+ Street, [A-Z][a-z]+ [1-9]\d{4}$`},
		{"URL", "https://acme.com/u/jane?x=1", `^https://[a-z]+\.example\.(com|net|org)/[a-z]/[a-z]{4}\?[a-z]=\d$`},
	} {
		r := rule(t, c.kind)
		got, ok := m.Make(r, []byte(c.value))
		if !ok || !regexp.MustCompile(c.want).Match(got) {
			t.Errorf("%s %q: got %q, want %s", c.kind, c.value, got, c.want)
		}
	}
}

// TestSameValue holds that spelling does not matter.
func TestSameValue(t *testing.T) {
	m := maker(t, 7, Options{})
	for _, c := range []struct {
		kind detect.Kind
		a, b string
	}{
		{detect.KindCard, "4556 7375 8689 9855", "4556737586899855"},
		{detect.KindIBAN, "DE89 3704 0044 0532 0130 00", "de89370400440532013000"},
		{detect.KindEmail, "Jane.Doe@acme.com", "jane.doe@ACME.com"},
		{detect.KindPhone, "+44 20 7123 4567", "020 7123 4567"},
		{detect.KindPhone, "+1 (415) 867-5309", "415.867.5309"},
		{detect.KindUSSSN, "536-22-1234", "536 22 1234"},
		{"PERSON", "Jane Doe", "JANE DOE"},
		{"MAC_ADDRESS", "3C:22:FB:12:34:56", "3c-22-fb-12-34-56"},
	} {
		r := rule(t, c.kind)
		a, ok1 := m.Make(r, []byte(c.a))
		b, ok2 := m.Make(r, []byte(c.b))
		plain := func(s []byte) string {
			s = bytes.ToLower(onlySymbols(s))
			if c.kind == detect.KindPhone {
				s = s[len(s)-9:]
			}
			return string(s)
		}
		if !ok1 || !ok2 || plain(a) != plain(b) {
			t.Errorf("%s: %q became %q, %q became %q", c.kind, c.a, a, c.b, b)
		}
	}
	doe, _ := m.Make(rule(t, "PERSON"), []byte("Doe, Jane"))
	jane, _ := m.Make(rule(t, "PERSON"), []byte("Jane"))
	if !bytes.HasSuffix(doe, jane) {
		t.Errorf("Jane is %q alone and in %q not", jane, doe)
	}
}

func TestIPNetworks(t *testing.T) {
	for _, o := range []Options{{}, {KeepPrefix: true}} {
		m := maker(t, 3, o)
		seen := map[string]bool{}
		for i := range 256 {
			out := string(m.ip([]byte(netip.AddrFrom4([4]byte{203, 10, 7, byte(i)}).String())))
			if seen[out] {
				t.Fatalf("%v: two hosts of one network became %s", o, out)
			}
			seen[out] = true
		}
		nets := map[string]bool{}
		for a := range seen {
			nets[a[:strings.LastIndexByte(a, '.')]] = true
		}
		if len(nets) != 1 {
			t.Errorf("%v: one network became %d", o, len(nets))
		}
	}
}

func TestKeepDomain(t *testing.T) {
	got := maker(t, 3, Options{KeepDomain: true}).email([]byte("jane@acme.com"))
	if !bytes.HasSuffix(got, []byte("@acme.com")) || bytes.HasPrefix(got, []byte("jane")) {
		t.Errorf("%s", got)
	}
}

// TestShape holds what is true for any value of any rule: no panic, the separators stay, an answer never is the value.
func TestShape(t *testing.T) {
	m := maker(t, 9, Options{})
	rules := detect.Rules()
	rapid.Check(t, func(t *rapid.T) {
		r := rules[rapid.IntRange(0, len(rules)-1).Draw(t, "rule")]
		value := rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 40), rapid.Map(rapid.StringMatching(`[0-9A-Za-z .:@+()/-]{0,40}`), func(s string) []byte { return []byte(s) })).Draw(t, "value")
		before := bytes.Clone(value)
		out, ok := m.Make(&r, value)
		if !bytes.Equal(before, value) {
			t.Fatalf("%s changed its argument", r.ID)
		}
		if ok && bytes.Equal(out, value) {
			t.Fatalf("%s: %q stayed", r.ID, value)
		}
		again, ok2 := m.Make(&r, value)
		if ok != ok2 || !bytes.Equal(out, again) {
			t.Fatalf("%s: %q became %q and %q", r.ID, value, out, again)
		}
	})
}

func TestShortKey(t *testing.T) {
	if _, err := New(make([]byte, KeySize-1), Options{}); err == nil {
		t.Error("a short key was taken")
	}
}

// TestLittleStays holds that a surrogate does not keep most of its value where the rule would have accepted others: at most
// half of the symbols stand where they stood.
func TestLittleStays(t *testing.T) {
	m := maker(t, 1, Options{})
	for _, r := range detect.Rules() {
		if noSurrogate(&r) || kinds[r.Kind] != nil {
			continue
		}
		tm := m.template(&r)
		same, all := 0, 0
		for _, around := range tm.around {
			value := positive(t, tm, &r, around)
			got, _ := m.Make(&r, value)
			v, g := onlySymbols(value), onlySymbols(got)
			for i := range min(len(v), len(g)) {
				all++
				if v[i] == g[i] {
					same++
				}
			}
		}
		if 2*same > all {
			t.Errorf("%s: %d of %d symbols stay", r.ID, same, all)
		}
	}
}
