package scim

import (
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

const ana = `{"userName":"Ana.Berg","active":true,"externalId":"E1","displayName":"","n":7,"meta":{"lastModified":"2026-03-01T12:00:00Z"},
	"name":{"familyName":"Berg"},"emails":[{"value":"ana@example.org","type":"work","primary":true},{"value":"a@home.example","type":"home"}],
	"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"NLP"}}`

func TestFilter(t *testing.T) {
	o := object(t, ana)
	for _, tt := range []struct {
		filter string
		want   bool
	}{
		{`userName eq "ana.berg"`, true},
		{`USERNAME Eq "ANA.BERG"`, true},
		{`userName eq "ana"`, false},
		{`userName ne "ana"`, true},
		{`externalId eq "e1"`, false}, // case-exact
		{`userName sw "ana" and userName ew "berg"`, true},
		{`userName co ".b" and not (active eq false)`, true},
		{`not (userName co "x") and (active eq false or active eq true)`, true},
		{`active eq true or userName eq "x" and active eq false`, true}, // and binds tighter
		{`title pr`, false},
		{`displayName pr`, false},
		{`userName pr`, true},
		{`title eq null`, true},
		{`title ne "x"`, true},
		{`name.familyName eq "berg"`, true},
		{`emails eq "ana@example.org"`, true},
		{`emails.type eq "home"`, true},
		{`emails[type eq "work" and value co "example.org"]`, true},
		{`emails[type eq "home" and value co "example.org"]`, false}, // both of one entry
		{`emails[type eq "home"] and active eq true`, true},
		{`meta.lastModified gt "2026-01-01T00:00:00Z"`, true},
		{`n ge 7 and n lt 8`, true},
		{`n gt "6"`, false},
		{`urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "nlp"`, true},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ana.berg"`, true},
		{`userName eq "a\u006ea.berg"`, true},
	} {
		f, err := ParseFilter(tt.filter)
		if err != nil {
			t.Errorf("%s: %v", tt.filter, err)
			continue
		}
		if got := f.Match(o); got != tt.want {
			t.Errorf("%s: %v", tt.filter, got)
		}
	}
}

func TestBadFilters(t *testing.T) {
	deep := ""
	for range 20 {
		deep += "("
	}
	for _, filter := range []string{
		``, ` `, `userName`, `userName eq`, `userName eq x`, `userName eq "x`, `userName like "x"`, `userName eq "x" and`, `and`, `(userName pr`, `userName pr)`,
		`emails[type eq "x"`, `not userName pr`, `active gt true`, `n co 7`, `userName eq {"a":1}`, `1 eq 1`, `a..b eq 1`, `urn:x:y eq 1`, `n eq NaN`, `n eq 0x10`,
		`userName eq "x" userName eq "y"`, deep + `userName pr`, `userName eq "` + string(make([]byte, 5000)) + `"`, `userName; drop table users`, `"userName" eq "x"`,
	} {
		if _, err := ParseFilter(filter); TypeOf(err) != "invalidFilter" {
			t.Errorf("%.60q: %v", filter, err)
		}
	}
}

func multi(name string) bool { return name == "emails" || name == "members" }

func TestPatch(t *testing.T) {
	for _, tt := range []struct{ name, before, patch, after string }{
		{"replace", `{"a":1}`, `[{"op":"replace","path":"a","value":2}]`, `{"a":2}`},
		{"replace in capitals", `{"active":true}`, `[{"op":"Replace","path":"Active","value":false}]`, `{"active":false}`},
		{"without a path", `{"a":1}`, `[{"op":"replace","value":{"A":3,"b":2,"id":"x"}}]`, `{"a":3,"b":2}`},
		{"add to a list", `{}`, `[{"op":"add","path":"members","value":[{"value":"1"},{"value":"2"},{"value":"1"}]}]`, `{"members":[{"value":"1"},{"value":"2"}]}`},
		{"add what is there", `{"members":[{"value":"1"}]}`, `[{"op":"add","path":"members","value":{"value":"1"}}]`, `{"members":[{"value":"1"}]}`},
		{"remove by filter", `{"members":[{"value":"1"},{"value":"2"}]}`, `[{"op":"remove","path":"members[value eq \"1\"]"}]`, `{"members":[{"value":"2"}]}`},
		{"remove by value", `{"members":[{"value":"1"},{"value":"2"}]}`, `[{"op":"remove","path":"members","value":[{"value":"2"}]}]`, `{"members":[{"value":"1"}]}`},
		{"remove all", `{"members":[{"value":"1"}]}`, `[{"op":"remove","path":"members"}]`, `{}`},
		{"remove what is not there", `{}`, `[{"op":"remove","path":"members[value eq \"1\"]"}]`, `{"members":[]}`},
		{"replace a list", `{"members":[{"value":"1"}]}`, `[{"op":"replace","path":"members","value":[{"value":"3"}]}]`, `{"members":[{"value":"3"}]}`},
		{"member of an entry", `{"emails":[{"type":"work","value":"a"}]}`, `[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"}]`, `{"emails":[{"type":"work","value":"b"}]}`},
		{"complex", `{"name":{"familyName":"x"}}`, `[{"op":"replace","path":"name.familyName","value":"y"},{"op":"add","path":"name.givenName","value":"z"}]`, `{"name":{"familyName":"y","givenName":"z"}}`},
		{"extension", `{}`, `[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"d"}]`, `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"d"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := object(t, tt.before)
			var ops []Operation
			if err := json.Unmarshal([]byte(tt.patch), &ops); err != nil {
				t.Fatal(err)
			}
			if err := Patch(o, ops, multi); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(object(t, tt.after), o); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}

func TestBadPatches(t *testing.T) {
	for patch, want := range map[string]string{
		`[]`:                         "invalidSyntax",
		`[{"op":"move","path":"a"}]`: "invalidSyntax",
		`[{"op":"remove"}]`:          "noTarget",
		`[{"op":"add","value":7}]`:   "invalidValue",
		`[{"op":"replace","path":"id","value":"x"}]`:                        "mutability",
		`[{"op":"replace","path":"groups","value":[]}]`:                     "mutability",
		`[{"op":"add","path":"emails[type eq \"x\"].value","value":"y"}]`:   "noTarget",
		`[{"op":"replace","path":"members[value eq","value":"y"}]`:          "invalidPath",
		`[{"op":"replace","path":"members[value]","value":"y"}]`:            "invalidFilter",
		`[{"op":"replace","path":"emails[type eq \"x\"]evil","value":"y"}]`: "invalidPath",
		`[{"op":"replace","path":"emails.value","value":"y"}]`:              "invalidPath",
		`[{"op":"replace","path":"../a","value":"y"}]`:                      "invalidPath",
		`[{"op":"replace","path":"urn:other:schema:x","value":"y"}]`:        "invalidPath",
	} {
		var ops []Operation
		if err := json.Unmarshal([]byte(patch), &ops); err != nil {
			t.Fatal(err)
		}
		if err := Patch(object(t, `{"emails":[]}`), ops, multi); TypeOf(err) != want {
			t.Errorf("%s: %v (%s)", patch, err, TypeOf(err))
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `emails[type eq "work"].value pr`, `not (a sw "b") or c pr`, `((((`, `a eq "\`} {
		f.Add(s)
	}
	o := object(f, ana)
	f.Fuzz(func(t *testing.T, text string) {
		filter, err := ParseFilter(text)
		if err != nil {
			if TypeOf(err) == "" {
				t.Fatalf("an error without a type: %v", err)
			}
			return
		}
		filter.Match(o)
	})
}

func FuzzPatch(f *testing.F) {
	f.Add(`[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"}]`)
	f.Add(`[{"op":"add","value":{"a":{"b":1}}},{"op":"remove","path":"name.familyName"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		var ops []Operation
		if json.Unmarshal([]byte(text), &ops) != nil {
			return
		}
		o := object(t, ana)
		if err := Patch(o, ops, multi); err != nil && TypeOf(err) == "" {
			t.Fatalf("an error without a type: %v", err)
		}
		if _, err := json.Marshal(o); err != nil {
			t.Fatalf("no JSON any more: %v", err)
		}
	})
}
