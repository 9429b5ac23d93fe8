// Package deps reads what software a model needs out of the files that say so: lock files, installed environments, the databases of
// container images, and Go programs. It reads text and never runs a package manager.
//
// What is not pinned to one version is listed without a version: nobody can say what would be installed.
package deps

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Limits of one file.
const (
	MaxBytes    = 256 << 20
	MaxPackages = 2_000_000
)

// ErrFormat says that a file is of no known format.
var ErrFormat = errors.New("no known list of dependencies")

// Ecosystems without advisories of their own in the OSV format.
const (
	Conda   = "conda-forge"
	Runtime = "runtime" // programs that serve models and are no package of any ecosystem, by their own version
)

// Package is one dependency. Ecosystem has the names of OSV: PyPI, Go, npm, crates.io, conda-forge, Debian:12, Alpine:v3.20.
type Package struct {
	Name      string `json:"name"`
	Version   string `json:"version,omitzero"` // "" where it is not pinned
	Ecosystem string `json:"ecosystem"`
	Path      string `json:"path"`          // the file that says so
	Line      int    `json:"line,omitzero"` // in that file, where it is a text by lines
	// Constraint is what stands in place of a pin, such as ">=1.2"; Version is then the lowest that it allows, which is what is
	// known to be allowed.
	Constraint string `json:"constraint,omitzero"`
}

// parser reads one format.
type parser func(text []byte) ([]Package, error)

// byName are the formats that have a name of their own.
var byName = map[string]parser{
	"uv.lock": parsePythonTOML, "poetry.lock": parsePythonTOML, "pdm.lock": parsePythonTOML, "pylock.toml": parsePylock,
	"Pipfile.lock": parsePipfile, "go.mod": parseGoMod, "Cargo.lock": parseCargo, "package-lock.json": parseNPM, "npm-shrinkwrap.json": parseNPM,
	"yarn.lock": parseYarn, "pnpm-lock.yaml": parsePNPM, "environment.yml": parseConda, "environment.yaml": parseConda, "conda-lock.yml": parseCondaLock, "conda-lock.yaml": parseCondaLock,
}

var requirementsName = regexp.MustCompile(`(?i)(?:^|[-_.])(?:requirements?|constraints?|freeze)(?:[-_.].*)?\.(?:txt|in)$|^(?:requirements?|constraints?)[\w.-]*\.txt$`)

// Known reports whether Parse reads files of this name.
func Known(name string) bool {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	return byName[base] != nil || requirementsName.MatchString(base)
}

// IsRequirements reports whether a file of this name is read as pip's requirements, which may include others.
func IsRequirements(name string) bool {
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	return byName[base] == nil
}

// Parse reads a list of dependencies, by the name of its file. An unknown name is read as requirements where every line is one.
// Packages come in the order of the file, each once. An error matches ErrFormat or says what is wrong with the file.
func Parse(name string, text []byte) ([]Package, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s: %d bytes, more than %d", name, len(text), MaxBytes)
	}
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	p := byName[base]
	if p == nil {
		p = parseRequirements
		if !requirementsName.MatchString(base) && !allRequirements(text) {
			return nil, fmt.Errorf("%s: %w", name, ErrFormat)
		}
	}
	list, err := p(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(list) > MaxPackages {
		return nil, fmt.Errorf("%s: more than %d packages", name, MaxPackages)
	}
	for i := range list {
		list[i].Path = name
	}
	return unique(list), nil
}

// unique drops repeated packages.
func unique(list []Package) []Package {
	seen := make(map[[3]string]struct{}, len(list))
	return slices.DeleteFunc(list, func(p Package) bool {
		key := [3]string{p.Ecosystem, p.Name, p.Version}
		if _, twice := seen[key]; twice {
			return true
		}
		seen[key] = struct{}{}
		return false
	})
}

// PURL is the package URL (purl-spec) of a package, "" where its ecosystem has none.
func (p *Package) PURL() string {
	kind := purlType(p.Ecosystem)
	if kind == "" {
		return ""
	}
	s := "pkg:" + kind + "/" + purlEscape.Replace(p.Name)
	if p.Version != "" {
		s += "@" + purlEscape.Replace(p.Version)
	}
	return s
}

var purlEscape = strings.NewReplacer("%", "%25", "@", "%40", "+", "%2B", "?", "%3F", "#", "%23", " ", "%20")

// purlType is the type of package URLs of an ecosystem, with the namespace where that is always the same.
func purlType(ecosystem string) string {
	name, _, _ := strings.Cut(ecosystem, ":")
	switch name {
	case "PyPI":
		return "pypi"
	case "Go":
		return "golang"
	case "npm":
		return "npm"
	case "crates.io":
		return "cargo"
	case Conda:
		return "conda"
	case "Debian":
		return "deb/debian"
	case "Ubuntu":
		return "deb/ubuntu"
	case "Alpine":
		return "apk/alpine"
	case "Wolfi", "Chainguard":
		return "apk/" + strings.ToLower(name)
	case "Red Hat":
		return "rpm/redhat"
	case "Rocky Linux":
		return "rpm/rocky-linux"
	case "AlmaLinux":
		return "rpm/almalinux"
	case "openSUSE", "SUSE", "Mageia", "openEuler":
		return "rpm/" + strings.ToLower(name)
	case Runtime:
		return "generic"
	}
	return ""
}

// NormalPyPI is the normalised name of a Python package (PEP 503).
func NormalPyPI(name string) string {
	return strings.ToLower(separators.ReplaceAllString(name, "-"))
}

var separators = regexp.MustCompile(`[-_.]+`)
