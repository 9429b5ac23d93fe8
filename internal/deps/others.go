package deps

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/mod/modfile"
)

// placeError is an error at a place of a file.
type placeError struct {
	row, column int
	message     string
}

func (e *placeError) Error() string { return fmt.Sprintf("%d:%d: %s", e.row, e.column, e.message) }

// parseGoMod reads go.mod: requirements after replacements. The version of Go that it asks for is the least that builds the module, not the
// one that does: the standard library is listed without a version. A program knows its own: see Program.
func parseGoMod(text []byte) ([]Package, error) {
	f, err := modfile.Parse("go.mod", text, nil)
	if err != nil { // directives of a newer Go; without replacements
		f, err = modfile.ParseLax("go.mod", text, nil)
	}
	if err != nil {
		return nil, errors.New("no sound go.mod")
	}
	replaced := map[string]string{}
	for _, r := range f.Replace {
		key := r.Old.Path + "@" + r.Old.Version
		replaced[key] = r.New.Path + "@" + r.New.Version
	}
	var out []Package
	for _, r := range f.Require {
		name, version := r.Mod.Path, r.Mod.Version
		by, is := replaced[name+"@"+version]
		if !is {
			by, is = replaced[name+"@"]
		}
		if is {
			name, version, _ = strings.Cut(by, "@")
			if version == "" { // a folder
				continue
			}
		}
		out = append(out, Package{Name: name, Version: strings.TrimPrefix(version, "v"), Ecosystem: "Go", Line: r.Syntax.Start.Line})
	}
	if f.Toolchain != nil && strings.HasPrefix(f.Toolchain.Name, "go") {
		out = append(out, Package{Name: "stdlib", Constraint: ">=" + toolchain(f.Toolchain.Name), Ecosystem: "Go", Line: f.Toolchain.Syntax.Start.Line})
	} else if f.Go != nil {
		out = append(out, Package{Name: "stdlib", Constraint: ">=" + f.Go.Version, Ecosystem: "Go", Line: f.Go.Syntax.Start.Line})
	}
	return out, nil
}

// toolchain is the version of a toolchain's name, such as go1.26.8-custom.
func toolchain(name string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(name, "go"), "-")
	return version
}

// parseCargo reads Cargo.lock. Crates out of a folder or a repository count by the name and version that they give themselves.
func parseCargo(text []byte) ([]Package, error) {
	var f struct {
		Package []struct {
			Name    string `toml:"name"`
			Version string `toml:"version"`
		} `toml:"package"`
	}
	if err := toml.Unmarshal(text, &f); err != nil {
		return nil, tomlError(err)
	}
	var out []Package
	for _, p := range f.Package {
		out = append(out, Package{Name: p.Name, Version: p.Version, Ecosystem: "crates.io"})
	}
	return out, nil
}

type npmEntry struct {
	Name         string              `json:"name"`
	Version      string              `json:"version"`
	Link         bool                `json:"link"`
	Dependencies map[string]npmEntry `json:"dependencies"`
}

// parseNPM reads package-lock.json of versions 1, 2 and 3.
func parseNPM(text []byte) ([]Package, error) {
	var f struct {
		Packages     map[string]jsonRaw  `json:"packages"`
		Dependencies map[string]npmEntry `json:"dependencies"`
	}
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, errors.New("no sound JSON")
	}
	var out []Package
	for _, place := range sortedKeys(f.Packages) {
		e := f.Packages[place]
		if place == "" || e.Link || e.Version == "" {
			continue
		}
		name := place // a workspace
		if k := strings.LastIndex(place, "node_modules/"); k >= 0 {
			name = place[k+len("node_modules/"):]
		} else if dir, base := path.Split(place); !strings.HasPrefix(path.Base(dir), "@") {
			name = base
		} else {
			name = path.Base(dir) + "/" + base
		}
		if e.Name != "" {
			name = e.Name
		}
		out = append(out, Package{Name: name, Version: e.Version, Ecosystem: "npm"})
	}
	if len(f.Packages) == 0 {
		out = npmTree(out, f.Dependencies, 0)
	}
	return out, nil
}

type jsonRaw struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Link    bool   `json:"link"`
}

func npmTree(out []Package, tree map[string]npmEntry, depth int) []Package {
	if depth > 200 {
		return out
	}
	for _, name := range sortedKeys(tree) {
		e := tree[name]
		version := e.Version
		if alias, is := strings.CutPrefix(version, "npm:"); is {
			if k := strings.LastIndexByte(alias, '@'); k > 0 {
				name, version = alias[:k], alias[k+1:]
			}
		}
		if !strings.ContainsAny(version, ":/") && version != "" {
			out = append(out, Package{Name: name, Version: version, Ecosystem: "npm"})
		}
		out = npmTree(out, e.Dependencies, depth+1)
	}
	return out
}

var (
	yarnHead    = regexp.MustCompile(`^"?((?:@[^/"@]+/)?[^@"]+)@`)
	yarnAlias   = regexp.MustCompile(`^"?(?:@[^/"@]+/)?[^@"]+@npm:((?:@[^/"@]+/)?[^@"]+)@`) // another name for a package
	yarnVersion = regexp.MustCompile(`^\s+version:?\s+"?([^"\s]+)"?`)
)

// parseYarn reads yarn.lock of the classic and of the newer form.
func parseYarn(text []byte) ([]Package, error) {
	var out []Package
	name, line := "", 0
	for raw := range bytes.Lines(text) {
		line++
		s := strings.TrimRight(string(raw), "\r\n")
		switch {
		case s == "" || strings.HasPrefix(s, "#"):
		case s[0] != ' ':
			name = ""
			if m := yarnHead.FindStringSubmatch(s); m != nil && !strings.Contains(s, "@workspace:") && m[1] != "__metadata" {
				name = m[1]
				if a := yarnAlias.FindStringSubmatch(s); a != nil {
					name = a[1]
				}
			}
		case name != "":
			if m := yarnVersion.FindStringSubmatch(s); m != nil {
				out = append(out, Package{Name: name, Version: m[1], Ecosystem: "npm", Line: line})
				name = ""
			}
		}
	}
	return out, nil
}

// parsePNPM reads pnpm-lock.yaml of versions 5 to 9, by the keys of its packages.
func parsePNPM(text []byte) ([]Package, error) {
	var f struct {
		Packages map[string]struct {
			Name    string `yaml:"name"`
			Version string `yaml:"version"`
		} `yaml:"packages"`
	}
	if err := unmarshalYAML(text, &f); err != nil {
		return nil, err
	}
	var out []Package
	for _, key := range sortedKeys(f.Packages) {
		name, version := pnpmKey(key)
		if e := f.Packages[key]; e.Version != "" {
			version = e.Version
			if e.Name != "" {
				name = e.Name
			}
		}
		if name != "" && version != "" && version[0] >= '0' && version[0] <= '9' {
			out = append(out, Package{Name: name, Version: version, Ecosystem: "npm"})
		}
	}
	return out, nil
}

// pnpmNew is a key of version 6 and later, name@version; before it was name/version.
var pnpmNew = regexp.MustCompile(`^((?:@[^/@]+/)?[^/@]+)@(.+)$`)

func pnpmKey(key string) (name, version string) {
	key, _, _ = strings.Cut(strings.TrimPrefix(key, "/"), "(")
	if m := pnpmNew.FindStringSubmatch(key); m != nil {
		return m[1], m[2]
	}
	if k := strings.LastIndexByte(key, '/'); k > 0 {
		version, _, _ = strings.Cut(key[k+1:], "_")
		return key[:k], version
	}
	return "", ""
}

// parseConda reads environment.yml: conda packages, and those of pip.
func parseConda(text []byte) ([]Package, error) {
	var f struct {
		Dependencies []any `yaml:"dependencies"`
	}
	if err := unmarshalYAML(text, &f); err != nil {
		return nil, err
	}
	var out []Package
	for _, d := range f.Dependencies {
		switch d := d.(type) {
		case string:
			if p, ok := condaSpec(d); ok {
				out = append(out, p)
			}
		case map[string]any:
			list, _ := d["pip"].([]any)
			for _, item := range list {
				if s, ok := item.(string); ok {
					if p, ok := requirementOf(s); ok {
						out = append(out, p)
					}
				}
			}
		}
	}
	return out, nil
}

// condaMatch is a match specification (conda: channel::name version build, or name=version=build).
var condaMatch = regexp.MustCompile(`^(?:[^\s:]+::)?([A-Za-z0-9_.-]+)\s*(?:\[[^\]]*\])?\s*(.*)$`)

var condaPin = regexp.MustCompile(`^(={1,2}|>=|<=|~=)?\s*([0-9][^\s,|*=<>!]*)(?:[\s=].*)?$`)

func condaSpec(s string) (Package, bool) {
	s, _, _ = strings.Cut(s, "#")
	m := condaMatch.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Package{}, false
	}
	p := Package{Name: m[1], Ecosystem: Conda}
	if v := condaPin.FindStringSubmatch(strings.TrimSpace(m[2])); v != nil {
		p.Version = v[2]
		if v[1] != "" && v[1][0] != '=' {
			p.Constraint = v[1] + v[2]
		}
	}
	return p, true
}

// parseCondaLock reads conda-lock.yml.
func parseCondaLock(text []byte) ([]Package, error) {
	var f struct {
		Package []struct {
			Name    string `yaml:"name"`
			Version string `yaml:"version"`
			Manager string `yaml:"manager"`
		} `yaml:"package"`
	}
	if err := unmarshalYAML(text, &f); err != nil {
		return nil, err
	}
	var out []Package
	for _, p := range f.Package {
		ecosystem := Conda
		if p.Manager == "pip" {
			ecosystem = "PyPI"
		}
		out = append(out, Package{Name: p.Name, Version: p.Version, Ecosystem: ecosystem})
	}
	return out, nil
}

// unmarshalYAML reads generated YAML. The library answers some malformed input with a panic, which is one more malformed input.
func unmarshalYAML(text []byte, into any) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("no sound YAML")
		}
	}()
	if len(text) > 32<<20 {
		return errors.New("more than 32 MiB of YAML")
	}
	if yaml.Unmarshal(text, into) != nil {
		return errors.New("no sound YAML")
	}
	return nil
}
