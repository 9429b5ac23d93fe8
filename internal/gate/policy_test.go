package gate

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/docs"
	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/policies"
)

func TestThePolicyThatShipsTrustsNobody(t *testing.T) {
	p := Default()
	if len(p.Signers) != 0 || !p.Origin.Required || !p.Scan.Again || !p.Data.Required || !p.Base.Required || !p.Licence.Required {
		t.Errorf("the policy that ships is laxer than it says: %+v", p)
	}
}

// What is left out is at its strictest.
func TestAnEmptyPolicyAsksForEverything(t *testing.T) {
	p, err := Parse("gate.yaml", []byte("version: 1\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Scan{Again: true, Statement: true, Accept: []string{"clean"}}
	if diff := cmp.Diff(want, p.Scan); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if !p.Origin.Required || !p.Data.Required || !p.Base.Required || !p.Licence.Required || p.Data.NotScanned != 0 {
		t.Errorf("something is not asked for: %+v", p)
	}
}

func testKeys(t *testing.T, n int) (private []*attest.PrivateKey, read func(string) ([]byte, error)) {
	t.Helper()
	files := map[string][]byte{}
	for i := range n {
		k, err := attest.Generate(attest.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		private = append(private, k)
		files[string(rune('a'+i))+".pub"] = k.Public().MarshalPEM()
	}
	return private, func(name string) ([]byte, error) {
		if b, ok := files[name]; ok {
			return b, nil
		}
		return nil, errors.New("no such file")
	}
}

func TestMistakesInAPolicyHaveAPlace(t *testing.T) {
	_, read := testKeys(t, 2)
	for _, tt := range []struct{ name, text, want string }{
		{"version", "version: 2\n", "gate.yaml:1:10: this reeve reads version 1"},
		{"unknown key", "version: 1\nscann: {}\n", `gate.yaml:2:1: unknown field "scann"`},
		{"unknown key below", "version: 1\nscan:\n  agian: true\n", `gate.yaml:3:3: unknown field "agian"`},
		{"twice", "version: 1\nscan: {}\nscan: {}\n", `gate.yaml:3:1: mapping key "scan" already defined`},
		{"anchor", "version: 1\nscan: &a {}\n", "gate.yaml:2:7: anchors"},
		{"age", "version: 1\nscan:\n  max_age: soon\n", "gate.yaml:3:12: want a time"},
		{"negative age", "version: 1\nscan:\n  max_age: -3d\n", "gate.yaml:3:12: want a time"},
		{"verdict", "version: 1\nscan:\n  accept: [clean, malicious]\n", "gate.yaml:3:19: want one of clean, review"},
		{"severity", "version: 1\ndata:\n  findings: {sky-high: 0}\n", "gate.yaml:3:14: want numbers"},
		{"label", "version: 1\ndata:\n  max_label: secret\n", "gate.yaml:3:14: label"},
		{"denied licences", "version: 1\nlicence:\n  accept: [denied]\n", "gate.yaml:3:12: want allowed, person or unknown"},
		{"nobody", "version: 1\nsigners:\n  - {name: x, keys: [], may: [training]}\n", "gate.yaml:3:6: a signer needs at least one key"},
		{"no such key", "version: 1\nsigners:\n  - {name: x, keys: [z.pub], may: [training]}\n", "gate.yaml:3:22: the key cannot be read: no such file"},
		{"kind", "version: 1\nsigners:\n  - {name: x, keys: [a.pub], may: [everything]}\n", "gate.yaml:3:36: want one of dataset-audit"},
		{
			"one key for two persons", "version: 1\nsigners:\n  - {name: x, keys: [a.pub], may: [approval]}\n  - {name: y, keys: [a.pub], may: [approval]}\n",
			"gate.yaml:4:22: this key is also that of x",
		},
		{
			"one name for two", "version: 1\nsigners:\n  - {name: x, keys: [a.pub], may: [approval]}\n  - {name: x, keys: [b.pub], may: [approval]}\n",
			"gate.yaml:4:12: another signer has this name",
		},
		{"four eyes", "version: 1\napprovals:\n  - {label: restricted, people: 1}\n", "gate.yaml:3:33: what is restricted needs two people"},
		{"no bound", "version: 1\nevaluations:\n  - {name: safety, metrics: [{name: x}]}\n", "a metric needs a name and a bound"},
		{"ignore all", "version: 1\nfiles: {ignore: [\"*\"]}\n", "gate.yaml:2:18: want a name or a glob"},
		{"no rule", "version: 1\nwaivers: {never: [scan/*, nothing]}\n", `gate.yaml:2:27: no rule is called "nothing"`},
		{"digest", "version: 1\norigin: {others: [{name: x, files: [abc]}]}\n", "want a SHA-256"},
		{"signature by nobody", "version: 1\nsignature: {required: true}\n", "gate.yaml:2:13: say whose signature counts"},
		{"two documents", "version: 1\n---\nversion: 1\n", "2 YAML documents"},
		{"too large", "version: 1\n#" + strings.Repeat("x", 300<<10), "bytes, more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := Parse("gate.yaml", []byte(tt.text), read)
			if err == nil || p != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestDigestBindsTextAndKeys(t *testing.T) {
	const text = "version: 1\nsigners:\n  - {name: x, keys: [a.pub], may: [training]}\n"
	keysA, readA := testKeys(t, 1)
	_, readB := testKeys(t, 1)
	parse := func(text string, read func(string) ([]byte, error)) *Policy {
		p, err := Parse("gate.yaml", []byte(text), read)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := parse(text, readA)
	if again := parse(text, readA); again.Digest() != p.Digest() {
		t.Error("the same policy has two digests")
	}
	for name, other := range map[string]*Policy{
		"another key":     parse(text, readB),
		"another text":    parse(text+"scan: {again: false}\n", readA),
		"one more signer": p.Trust(Signer{Name: "mine", Keys: []*attest.PublicKey{keysA[0].Public()}, May: Kinds()}),
	} {
		if other.Digest() == p.Digest() {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(policies.Gate())
	f.Add([]byte("version: 1\nsigners:\n  - {name: x, keys: [a.pub], may: [training]}\n"))
	f.Add([]byte("version: 1\norigin: {others: [{name: x, files: [abc]}]}\napprovals: [{label: restricted, people: 2}]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := Parse("gate.yaml", text, nil)
		if (p == nil) == (err == nil) {
			t.Errorf("policy %v with error %v", p != nil, err)
		}
	})
}

// The document names every rule, and says which of them nobody may waive.
func TestTheDocumentNamesEveryRule(t *testing.T) {
	text, err := docs.Pages.ReadFile("gate.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Rules() {
		row := "| `" + r.ID + "` |"
		if r.Final {
			row = "| ● `" + r.ID + "` |"
		}
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/gate.md has no row %q", row)
		}
	}
}
