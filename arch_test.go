package reeve_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/reeve-ai/reeve"

// floor gives every room its floor. A room imports lower floors only. The root package ("") is the vocabulary.
var floor = map[string]int{
	"":                  0,
	"policies":          0,
	"docs":              0,
	"internal/strict":   0,
	"detect":            1,
	"detect/names":      1,
	"internal/label":    1,
	"internal/license":  1,
	"internal/access":   1,
	"internal/keyring":  1,
	"internal/store":    1,
	"internal/oidc":     1,
	"internal/scim":     1,
	"internal/tlog":     1,
	"internal/upstream": 1,
	"internal/demo":     1,
	"internal/demo/gen": 1, // writes the sample data of demo, beside it
	"internal/report":   1,
	"internal/pickle":   1,
	"internal/jinja":    1,
	"internal/hdf5":     1,
	"internal/model":    3,
	"internal/oms":      3,
	"internal/aibom":    4,
	"internal/transit":  1,
	"internal/posture":  1,
	"internal/deps":     1,
	"internal/vulndb":   3,
	"internal/attest":   2,
	"internal/lineage":  3,
	"internal/custody":  2,
	"internal/dataset":  2,
	"internal/guard":    2,
	"internal/identity": 2,
	"internal/witness":  2,
	"internal/gateway":  3,
	"internal/gate":     3,
	"internal/admin":    3,
	"internal/control":  3,

	"internal/lifecycle": 3,
	"internal/people":    3,

	"internal/monitor/record":   3, // leaves as what watching needs of them
	"internal/monitor/rollup":   3,
	"internal/monitor/drift":    3, // rates against their own past
	"internal/monitor/alert":    3, // whom to tell, once
	"internal/monitor/incident": 3, // what people made of it
	"internal/monitor/probe":    3, // canary prompts through the gateway
	"internal/monitor/otlp":     3, // OpenTelemetry
	"internal/monitor/deliver":  3, // events to files, syslog and webhooks

	"internal/inspect":  3,
	"internal/sourcing": 3,
	"internal/backup":   3, // a data directory copied while a server works in it, and put back
	"internal/config":   4,
	"internal/console":  4,
	"internal/audit":    4,
	"cmd/reeve":         5,

	"internal/admission": 3,

	"internal/redact/surrogate": 2,
	"internal/redact/risk":      3,
	"internal/redact":           4,

	"internal/access/analysis": 2,

	"detect/names/sequence": 0,
	"detect/names/onnx":     4, // only with the tag onnx: a model of the user's own
	"detect/names/train":    1, // makes the weights that detect/names embeds
}

// arrow is an import of one room by another.
type arrow struct{ from, to string }

// sideways lists the arrows on one floor that are allowed all the same, each with the reason.
var sideways = map[arrow]string{
	{"detect/names", "detect"}:                 "shares Match and Rule",
	{"internal/lifecycle", "internal/control"}: "its calls are served on the socket",

	{"internal/monitor/rollup", "internal/monitor/record"}:   "what it counts",
	{"internal/monitor/otlp", "internal/monitor/record"}:     "what it tells",
	{"internal/monitor/drift", "internal/monitor/rollup"}:    "has the counters",
	{"internal/monitor/incident", "internal/monitor/rollup"}: "finds the records",
	{"internal/monitor/alert", "internal/monitor/deliver"}:   "posts to webhooks",
	{"internal/monitor/deliver", "internal/lifecycle"}:       "words the events that it delivers",
	{"internal/admin", "internal/people"}:                    "its queue is served under /admin/v1/reviews",
	{"internal/admin", "internal/admission"}:                 "how models stand is served under /admin/v1/admission",
	{"internal/admin", "internal/monitor/incident"}:          "incidents are served under /admin/v1/incidents",
	{"internal/admin", "internal/monitor/alert"}:             "alerts are served under /admin/v1/alerts",
	{"internal/people", "internal/control"}:                  "its calls are served on the socket",
}

// beside are folders whose programs are no part of the product: they may import anything, and nothing imports them.
var beside = []string{"bench", "e2e"}

// pure are the rooms that only compute. What they must not reach, not even through another package, has its reason.
var (
	pure      = []string{"detect", "detect/names", "detect/names/sequence", "internal/label", "internal/license", "internal/access", "internal/access/analysis", "internal/tlog", "internal/pickle", "internal/jinja", "internal/hdf5"}
	forbidden = map[string]string{
		"net":          "a pure room talks to nobody",
		"net/http":     "a pure room talks to nobody",
		"os/exec":      "a pure room starts nothing",
		"database/sql": "a pure room remembers nothing",
	}
)

// pkg is what "go list" says of a package.
type pkg struct {
	ImportPath string
	Imports    []string // without those of tests
	Deps       []string
}

func TestArchitecture(t *testing.T) {
	for _, problem := range check(list(t), floor, sideways) {
		t.Error(problem)
	}
}

func list(t *testing.T) []pkg {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Deps", "./...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []pkg
	for stream := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := stream.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// check compares the packages with the tables and returns one message for each thing that does not fit.
func check(packages []pkg, floor map[string]int, sideways map[arrow]string) []string {
	var problems []string
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	rooms, arrows := map[string]bool{}, map[arrow]bool{}
	for _, p := range packages {
		from, ours := roomOf(p.ImportPath)
		_, planned := floor[from]
		if !ours || isBeside(from) {
			continue
		}
		if rooms[from] = true; !planned {
			say("%s has no floor: add it to the plan or remove it", name(from))
			continue
		}
		for _, path := range p.Imports {
			to, ours := roomOf(path)
			if !ours {
				continue
			}
			a := arrow{from, to}
			arrows[a] = true
			if _, known := floor[to]; !known {
				say("%s (floor %d) must not import %s, which has no floor", name(from), floor[from], name(to))
			} else if _, allowed := sideways[a]; floor[to] >= floor[from] && !(allowed && floor[to] == floor[from]) {
				say("%s (floor %d) must not import %s (floor %d)", name(from), floor[from], name(to), floor[to])
			}
		}
		if slices.Contains(pure, from) {
			for _, dep := range p.Deps {
				if reason, bad := forbidden[dep]; bad {
					say("%s must not reach %s: %s", name(from), dep, reason)
				}
			}
		}
	}
	for room := range floor {
		if !rooms[room] {
			say("the table floor has a row for %s, but there is no such package", name(room))
		}
	}
	for a, reason := range sideways {
		if !arrows[a] || reason == "" {
			say("the table sideways has a row from %s to %s that no import uses or no reason explains", name(a.from), name(a.to))
		}
	}
	slices.Sort(problems)
	return problems
}

// roomOf is the import path without the module's.
func roomOf(path string) (room string, ours bool) {
	rest, ours := strings.CutPrefix(path, module)
	if !ours || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.Trim(rest, "/"), true
}

func isBeside(room string) bool {
	top, _, _ := strings.Cut(room, "/")
	return slices.Contains(beside, top)
}

func name(room string) string {
	if room == "" {
		return "the root package"
	}
	return room
}

// A check that cannot fail is worth nothing: each case brings one thing that does not fit, and its message.
func TestCheckNamesWhatDoesNotFit(t *testing.T) {
	at := func(room string, imports ...string) pkg {
		p := pkg{ImportPath: strings.TrimSuffix(module+"/"+room, "/")}
		for _, i := range imports {
			if !strings.HasPrefix(i, "!") {
				p.Imports = append(p.Imports, strings.TrimSuffix(module+"/"+i, "/"))
			} else {
				p.Imports = append(p.Imports, i[1:])
			}
		}
		return p
	}
	good := func() []pkg {
		return []pkg{at("", "!fmt"), at("detect", "!strings"), at("low", ""), at("twin", "", "low", "!net/http"), at("high", "low", "", "twin"), at("bench/x", "high")}
	}
	floors := map[string]int{"": 0, "detect": 1, "low": 1, "twin": 1, "high": 2}
	allowed := map[arrow]string{{"twin", "low"}: "twins share"}
	for _, tt := range []struct {
		name  string
		wrong func(p []pkg, f map[string]int, s map[arrow]string) []pkg
		want  []string
	}{
		{"all fits", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return p }, nil},
		{
			"upwards", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return append(p, at("low", "high")) },
			[]string{"low (floor 1) must not import high (floor 2)"},
		},
		{
			"sideways without a row", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return append(p, at("low", "twin")) },
			[]string{"low (floor 1) must not import twin (floor 1)"},
		},
		{
			"the root imports", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return append(p, at("", "low")) },
			[]string{"the root package (floor 0) must not import low (floor 1)"},
		},
		{"a row for sideways does not open the way up", func(p []pkg, _ map[string]int, s map[arrow]string) []pkg {
			s[arrow{"low", "high"}] = "please"
			return append(p, at("low", "high"))
		}, []string{"low (floor 1) must not import high (floor 2)"}},
		{
			"a package without a floor", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return append(p, at("attic", "high")) },
			[]string{"attic has no floor: add it to the plan or remove it"},
		},
		{
			"an import without a floor", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg { return append(p, at("high", "bench/x")) },
			[]string{"high (floor 2) must not import bench/x, which has no floor"},
		},
		{
			"a dead row of floor", func(p []pkg, f map[string]int, _ map[arrow]string) []pkg { f["gone"] = 1; return p },
			[]string{"the table floor has a row for gone, but there is no such package"},
		},
		{
			"a dead row of sideways", func(p []pkg, _ map[string]int, s map[arrow]string) []pkg { s[arrow{"low", "twin"}] = "once"; return p },
			[]string{"the table sideways has a row from low to twin that no import uses or no reason explains"},
		},
		{
			"no reason", func(p []pkg, _ map[string]int, s map[arrow]string) []pkg { s[arrow{"twin", "low"}] = ""; return p },
			[]string{"the table sideways has a row from twin to low that no import uses or no reason explains"},
		},
		{
			"a pure room that reaches the network", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg {
				p[1].Deps = []string{"fmt", "net"}
				return p
			},
			[]string{"detect must not reach net: a pure room talks to nobody"},
		},
		{"a module whose name begins alike", func(p []pkg, _ map[string]int, _ map[arrow]string) []pkg {
			return append(p, pkg{ImportPath: module + "-other/high"})
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, s := maps.Clone(floors), maps.Clone(allowed)
			if diff := cmp.Diff(tt.want, check(tt.wrong(good(), f, s), f, s)); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}
