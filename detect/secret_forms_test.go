package detect

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// assignments are the ways in which programs and their settings write a key: NAME and name are the service, VALUE the key.
var assignments = []string{
	`"nameToken" => "VALUE"`, `$nameToken .= "VALUE"`, "<nameToken>\n    VALUE\n</nameToken>", `String nameToken = "VALUE";`,
	`System.setProperty("NAME_TOKEN", "VALUE")`, `nameToken := "VALUE"`, "nameToken := `VALUE`", `nameToken = 'VALUE'`, "nameToken = VALUE",
	`nameToken="VALUE"`, "nameToken=VALUE", `name_TOKEN ::= "VALUE"`, `name_TOKEN ?= "VALUE"`, "name_token: 'VALUE'", "name_token: VALUE",
	`var nameToken string = "VALUE"`, "{\n  \"name_token\": \"VALUE\"\n}", `{"config.ini": "NAME_TOKEN=VALUE\nBACKUP=true"}`, "export NAME_KEY=VALUE",
	`name key is: VALUE`, `headers["X-Name-Key"] = "VALUE"`, `{\"nameKey\":\"VALUE\"}`,
}

// TestEveryFormInEveryAssignment draws values of every form of every rule with a fixed seed, writes them in every way and
// counts what is found by any rule.
func TestEveryFormInEveryAssignment(t *testing.T) {
	e := mustNew(t, Options{Rules: []string{"secret/*"}})
	r := rand.New(rand.NewPCG(3, 7))
	all, missed, by, example := 0, 0, map[string]int{}, map[string]string{}
	try := func(id, word, value string) {
		for _, form := range assignments {
			text := strings.NewReplacer("NAME", strings.ToUpper(word), "Name", word, "name", word, "VALUE", value).Replace(form)
			all++
			if !covers(e, text, value) {
				missed++
				by[id]++
				example[id] = text
			}
		}
	}
	for i, row := range serviceTable.rows {
		for k, word := range strings.Fields(row.words) {
			for _, f := range serviceTable.forms[i] {
				try(row.id, word, draw(r, f.class, f.min+r.IntN(f.max-f.min+1)-len(f.suffix), f.uuid, k)+f.suffix)
			}
		}
	}
	for _, table := range tokenTables() {
		for _, row := range table {
			for k, s := range row.shapes {
				parts, err := parseShape(s)
				if err != nil {
					t.Fatal(err)
				}
				var b strings.Builder
				for _, p := range parts {
					b.WriteString(p.text)
					if p.class != 0 {
						b.WriteString(draw(r, p.class, p.min+r.IntN(min(p.max-p.min, 40)+1), false, k))
					}
				}
				if row.check == nil && row.skip == 0 {
					try(row.id, "service", b.String())
				}
			}
		}
	}
	t.Logf("%d of %d missed: %v", missed, all, by)
	if missed*200 > all {
		for id, text := range example {
			t.Logf("%s: %.120q", id, text)
		}
		t.Errorf("%d of %d missed, want at most one in 200", missed, all)
	}
}

// draw returns n bytes of a class, in lower case in two of three cases, as test data often are.
func draw(r *rand.Rand, class uint16, n int, uuid bool, k int) string {
	if class&clUser != 0 {
		class = clLower | clDigit
	}
	if uuid {
		parts := []string{"", "", "", "", ""}
		for i, n := range []int{8, 4, 4, 4, 12} {
			parts[i] = draw(r, clHex, n, false, 0)
		}
		return strings.Join(parts, "-")
	}
	var alphabet []byte
	for c := byte('0'); c <= 'z'; c++ {
		in := classOf[c]&class&(clAlnum|clHex|clB32|clBech) != 0
		if in && (!isUpper(c) || class&clLower == 0 && class&clHexLow == 0 || k%3 == 2 && class != clHex) {
			alphabet = append(alphabet, c)
		}
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// covers reports whether a match covers most of the value.
func covers(e *Engine, text, value string) bool {
	at := strings.Index(text, value)
	for _, m := range e.Find(nil, []byte(text)) {
		if from, to := max(m.Start, at), min(m.End, at+len(value)); 4*(to-from) >= 3*len(value) {
			return true
		}
	}
	return false
}
