package access

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// corpusFile is a file of the archive of conformance cases that lies in the module of cedar-go. In CI it must be there.
func corpusFile(t *testing.T, name string) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cedar-policy/cedar-go").Output()
	var packed []byte
	if err == nil {
		packed, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), name))
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the conformance cases must run in CI: %v", err)
		}
		t.Skipf("no %s in the module cache: %v", name, err)
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(unpacked); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if files[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

type corpusCase struct {
	Schema         string `json:"schema"`
	Policies       string `json:"policies"`
	ShouldValidate bool   `json:"shouldValidate"`
	Entities       string `json:"entities"`
	Requests       []struct {
		Principal types.EntityUID  `json:"principal"`
		Action    types.EntityUID  `json:"action"`
		Resource  types.EntityUID  `json:"resource"`
		Context   types.Record     `json:"context"`
		Decision  types.Decision   `json:"decision"`
		Reasons   []types.PolicyID `json:"reason"`
		Errors    []types.PolicyID `json:"errors"`
	} `json:"requests"`
}

// Cedar's own conformance cases, through the whole of this package: sets that do not validate are refused at load; where
// Cedar has no error and everything the request names is known, the decision and its rules are the same; everything else
// is refused.
func TestCedarCorpus(t *testing.T) {
	files := corpusFile(t, "corpus-tests.tar.gz")
	var sets, refusedSets, requests, same, errored, unknown int
	for name, text := range files {
		if !strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".entities.json") {
			continue
		}
		var c corpusCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sets++
		requests += len(c.Requests)
		src := Sources{Schemas: []Source{{c.Schema, files[c.Schema]}}, Policies: []Source{{c.Policies, files[c.Policies]}}}
		s, err := Compile(src, Options{numbered: true})
		if (err == nil) != c.ShouldValidate {
			t.Errorf("%s: should validate: %v, but: %v", name, c.ShouldValidate, err)
			continue
		}
		if err != nil {
			refusedSets++
			continue
		}
		entities, err := s.ParseEntities(c.Entities, files[c.Entities])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i, r := range c.Requests {
			d := s.Decide(Query{r.Principal, r.Action, r.Resource, r.Context, entities})
			switch {
			case len(r.Errors) > 0:
				errored++
				if d.Allow || d.Rule != "access/policy-error" && d.Rule != "access/bad-request" {
					t.Errorf("%s request %d: Cedar erred, we say allow=%v by %s", name, i, d.Allow, d.Rule)
				}
			case d.Rule == "access/bad-request":
				unknown++
				if len(d.Errors) == 0 || d.Allow {
					t.Errorf("%s request %d: refused without a word", name, i)
				}
				if !sameUnchecked(s, Query{r.Principal, r.Action, r.Resource, r.Context, entities}, r.Decision, r.Reasons) {
					t.Errorf("%s request %d: the policies picked for it decide otherwise than all of them", name, i)
				}
			default:
				var want []string
				for _, id := range r.Reasons {
					want = append(want, string(id))
				}
				slices.Sort(want)
				if same++; d.Allow != bool(r.Decision) || !slices.Equal(want, d.Rules) {
					t.Errorf("%s request %d: allow=%v by %v, want %v by %v", name, i, d.Allow, d.Rules, r.Decision, want)
				}
			}
		}
	}
	t.Logf("%d sets, %d refused at load; %d requests: %d the same, %d refused for an error, %d refused because something is not known or does not conform", sets, refusedSets, requests, same, errored, unknown)
	if sets < 7000 || requests < 50_000 {
		t.Errorf("only %d sets and %d requests in the corpus", sets, requests)
	}
}

// sameUnchecked compares the decision of the slice alone, without the checks before it, with Cedar's.
func sameUnchecked(s *Set, q Query, want types.Decision, reasons []types.PolicyID) bool {
	c := chosen{slice: s.slices[q.Action], entities: q.Entities, principal: q.Principal, resource: q.Resource}
	if c.slice == nil {
		return !bool(want)
	}
	got, diagnostic := cedar.Authorize(&c, q.Entities, types.Request{Principal: q.Principal, Action: q.Action, Resource: q.Resource, Context: q.Context})
	var by []types.PolicyID
	for _, r := range diagnostic.Reasons {
		by = append(by, r.PolicyID)
	}
	slices.Sort(by)
	slices.Sort(reasons)
	return got == want && slices.Equal(by, reasons)
}
