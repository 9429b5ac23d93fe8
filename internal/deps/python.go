package deps

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/pelletier/go-toml/v2"
)

// requirement is a line of a requirements file (PEP 508, pip's requirements file format).
var requirement = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)$`)

// pinned is a single clause (PEP 440, version specifiers): a pin, or a bound whose version is itself allowed.
var pinned = regexp.MustCompile(`^\(?\s*(={2,3}|>=|<=|~=)\s*([^\s,;)#*<>=!~]+)\s*\)?$`)

// parseRequirements reads requirements.txt and what pip freeze prints. Options, URLs and paths are no packages with a version.
func parseRequirements(text []byte) ([]Package, error) {
	var out []Package
	line := 0
	joined := ""
	from := 0
	for raw := range bytes.Lines(text) {
		line++
		s := strings.TrimRight(string(raw), "\r\n")
		if joined == "" {
			from = line
		}
		if strings.HasSuffix(s, `\`) {
			joined += strings.TrimSuffix(s, `\`) + " "
			continue
		}
		if p, ok := requirementOf(joined + s); ok {
			p.Line = from
			out = append(out, p)
		}
		joined = ""
	}
	return out, nil
}

func requirementOf(s string) (Package, bool) {
	s = strings.TrimSpace(strings.TrimPrefix(s, "\ufeff"))
	if k := strings.Index(" "+s, " #"); k >= 0 {
		s = strings.TrimSpace(s[:max(k-1, 0)])
	}
	if s == "" || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "-") || variable.MatchString(s) {
		return Package{}, false
	}
	s, _, _ = strings.Cut(s, ";")
	if k := strings.Index(s, " --"); k >= 0 { // hashes
		s = s[:k]
	}
	m := requirement.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil || strings.Contains(s, "://") && !strings.Contains(m[2], "@") || strings.HasPrefix(m[2], "/") {
		return Package{}, false
	}
	p := Package{Name: m[1], Ecosystem: "PyPI"}
	if v := pinned.FindStringSubmatch(strings.TrimSpace(m[2])); v != nil {
		p.Version = v[2]
		if v[1][0] != '=' {
			p.Constraint = v[1] + v[2]
		}
	}
	return p, true
}

// variable is what pip replaces from the environment: nobody can say what it would be.
var variable = regexp.MustCompile(`\$\{[A-Z0-9_]+\}`)

var included = regexp.MustCompile(`^\s*(?:-r|--requirement)[\s=]*(\S+)`)

// Includes are the files that a requirements file includes (-r), relative to it, in their order. There are at most 100.
func Includes(text []byte) []string {
	var out []string
	for raw := range bytes.Lines(text) {
		if m := included.FindSubmatch(raw); m != nil && len(out) < 100 {
			out = append(out, string(m[1]))
		}
	}
	return out
}

// allRequirements reports whether each line of a text could be a requirement and some are pinned.
func allRequirements(text []byte) bool {
	pins := 0
	for raw := range bytes.Lines(text) {
		s := strings.TrimSpace(string(raw))
		if s == "" || strings.HasPrefix(s, "#") || strings.HasPrefix(s, "-") {
			continue
		}
		p, ok := requirementOf(s)
		if !ok || p.Version == "" || p.Constraint != "" {
			return false
		}
		pins++
	}
	return pins > 0
}

// parsePythonTOML reads uv.lock, poetry.lock and pdm.lock. Packages out of a folder or a repository count by the name and version that
// they give themselves: what is known of the published ones may hold of them, too.
func parsePythonTOML(text []byte) ([]Package, error) {
	var f struct {
		Package []struct {
			Name    string         `toml:"name"`
			Version string         `toml:"version"`
			Source  map[string]any `toml:"source"`
		} `toml:"package"`
	}
	if err := toml.Unmarshal(text, &f); err != nil {
		return nil, tomlError(err)
	}
	var out []Package
	for _, p := range f.Package {
		if p.Name != "" && p.Source["virtual"] != "." { // the project itself
			out = append(out, Package{Name: p.Name, Version: p.Version, Ecosystem: "PyPI"})
		}
	}
	return out, nil
}

// parsePylock reads pylock.toml (PEP 751).
func parsePylock(text []byte) ([]Package, error) {
	var f struct {
		Packages []struct {
			Name    string `toml:"name"`
			Version string `toml:"version"`
		} `toml:"packages"`
	}
	if err := toml.Unmarshal(text, &f); err != nil {
		return nil, tomlError(err)
	}
	out := make([]Package, 0, len(f.Packages))
	for _, p := range f.Packages {
		out = append(out, Package{Name: p.Name, Version: p.Version, Ecosystem: "PyPI"})
	}
	return out, nil
}

func tomlError(err error) error {
	var d *toml.DecodeError
	if errors.As(err, &d) {
		row, column := d.Position()
		return &placeError{row, column, "no sound TOML"}
	}
	return errors.New("no sound TOML")
}

func parsePipfile(text []byte) ([]Package, error) {
	var sections struct {
		Default map[string]pipfileEntry `json:"default"`
		Develop map[string]pipfileEntry `json:"develop"`
	}
	if err := json.Unmarshal(text, &sections); err != nil {
		return nil, errors.New("no sound JSON")
	}
	var out []Package
	for _, section := range []map[string]pipfileEntry{sections.Default, sections.Develop} {
		for _, name := range sortedKeys(section) {
			p, _ := requirementOf(name + section[name].Version)
			out = append(out, Package{Name: name, Version: p.Version, Constraint: p.Constraint, Ecosystem: "PyPI"})
		}
	}
	return out, nil
}

type pipfileEntry struct {
	Version string `json:"version"`
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
