package deps

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/go-json-experiment/json"
)

// Installed lists what is installed below a folder, such as the root file system of a container: Python's site-packages, conda's
// environments, the databases of dpkg, apk and rpm, and llama.cpp's libraries inside of Python packages. It reads at most maxWalk files and returns fs errors of the root alone: what it cannot read below is told to skipped.
func Installed(fsys fs.FS, skipped func(path, reason string)) ([]Package, error) {
	var out []Package
	seen := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			if p == "." {
				return err
			}
			skipped(p, "cannot be read")
			return nil
		}
		if seen++; seen > maxWalk {
			return errors.New("more files than are looked at")
		}
		list, err := installedAt(fsys, p, d)
		if err != nil {
			skipped(p, err.Error())
		}
		for i := range list {
			list[i].Path = p
		}
		out = append(out, list...)
		return nil
	})
	return unique(out), err
}

const maxWalk = 5_000_000

func installedAt(fsys fs.FS, p string, d fs.DirEntry) ([]Package, error) {
	if d.IsDir() || !d.Type().IsRegular() {
		return nil, nil
	}
	dir, base := path.Split(p)
	switch {
	case base == "METADATA" && strings.HasSuffix(dir, ".dist-info/"), base == "PKG-INFO" && strings.HasSuffix(dir, ".egg-info/"),
		strings.HasSuffix(base, ".egg-info") && (strings.HasSuffix(dir, "site-packages/") || strings.HasSuffix(dir, "dist-packages/")):
		return readWith(fsys, p, pythonMetadata)
	case strings.HasSuffix(dir, "conda-meta/") && strings.HasSuffix(base, ".json"):
		return condaMeta(fsys, p)
	case strings.HasSuffix(p, "var/lib/dpkg/status") || strings.Contains(p, "var/lib/dpkg/status.d/") && !strings.HasSuffix(base, ".md5sums"):
		system := osRelease(fsys, strings.SplitN(p, "var/lib/dpkg", 2)[0])
		return readWith(fsys, p, func(r io.Reader) []Package { return dpkg(r, system) })
	case strings.HasSuffix(p, "lib/apk/db/installed"):
		system := osRelease(fsys, strings.TrimSuffix(strings.SplitN(p, "lib/apk", 2)[0], "usr/"))
		return readWith(fsys, p, func(r io.Reader) []Package { return apk(r, system) })
	}
	if root, ok := isRPM(p); ok {
		return rpm(fsys, p, osRelease(fsys, root))
	}
	return nil, nil
}

// condaMeta reads what conda notes of a package that it installed.
func condaMeta(fsys fs.FS, p string) ([]Package, error) {
	b, err := readSome(fsys, p)
	if err != nil {
		return nil, err
	}
	var m struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	if json.Unmarshal(b, &m) != nil {
		return nil, errors.New("no sound JSON")
	}
	if m.Name == "" {
		return nil, nil
	}
	return []Package{{Name: m.Name, Version: m.Version, Ecosystem: Conda}}, nil
}

func readWith(fsys fs.FS, p string, parse func(io.Reader) []Package) ([]Package, error) {
	f, err := fsys.Open(p)
	if err != nil {
		return nil, errors.New("cannot be read")
	}
	defer f.Close()
	return parse(io.LimitReader(f, MaxBytes)), nil
}

// fields reads paragraphs of "Name: value" lines and gives each to see.
func fields(r io.Reader, see func(map[string]string)) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	record := map[string]string{}
	for s.Scan() {
		line := s.Text()
		if line == "" {
			see(record)
			record = map[string]string{}
			continue
		}
		if k, v, ok := strings.Cut(line, ":"); ok && line[0] != ' ' && line[0] != '\t' && len(record) < 100 {
			record[k] = strings.TrimSpace(v)
		}
	}
	see(record)
}

func pythonMetadata(r io.Reader) []Package {
	var out []Package
	fields(r, func(m map[string]string) {
		if len(out) == 0 && m["Name"] != "" && m["Metadata-Version"] != "" {
			out = append(out, Package{Name: m["Name"], Version: m["Version"], Ecosystem: "PyPI"})
		}
	})
	return out
}

func dpkg(r io.Reader, system string) []Package {
	var out []Package
	fields(r, func(m map[string]string) {
		if m["Package"] == "" || m["Status"] != "" && !strings.HasSuffix(m["Status"], " installed") {
			return
		}
		name, version := m["Package"], m["Version"]
		if source := m["Source"]; source != "" { // advisories speak of source packages
			s, v, _ := strings.Cut(source, " ")
			name = s
			if v = strings.Trim(v, "()"); v != "" {
				version = v
			}
		}
		out = append(out, Package{Name: name, Version: version, Ecosystem: system})
	})
	return out
}

func apk(r io.Reader, system string) []Package {
	var out []Package
	fields(r, func(m map[string]string) {
		name := m["P"]
		if m["o"] != "" {
			name = m["o"]
		}
		if name != "" {
			out = append(out, Package{Name: name, Version: m["V"], Ecosystem: system})
		}
	})
	return out
}

// osRelease is the ecosystem of a system by its os-release file, such as Debian:12.
func osRelease(fsys fs.FS, root string) string {
	for _, p := range []string{"etc/os-release", "usr/lib/os-release"} {
		b, err := fs.ReadFile(fsys, path.Join(root, p))
		if err != nil || len(b) > 64<<10 {
			continue
		}
		v := map[string]string{}
		for line := range bytes.Lines(b) {
			k, x, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
			v[k] = strings.Trim(x, `"'`)
		}
		return ecosystemOf(v["ID"], v["VERSION_ID"])
	}
	return "Linux"
}

// ecosystemOf is OSV's name of a system by its os-release file (ossf.github.io/osv-schema, defined ecosystems).
func ecosystemOf(id, version string) string {
	major, _, _ := strings.Cut(version, ".")
	switch id {
	case "debian":
		return with("Debian", major)
	case "ubuntu":
		return with("Ubuntu", version)
	case "alpine":
		parts := strings.SplitN(version, ".", 3)
		if len(parts) < 2 || strings.Contains(version, "_") {
			return "Alpine" // edge
		}
		return "Alpine:v" + parts[0] + "." + parts[1]
	case "wolfi":
		return "Wolfi"
	case "chainguard":
		return "Chainguard"
	case "rhel":
		return with("Red Hat", "enterprise_linux:"+major)
	case "rocky":
		return with("Rocky Linux", major)
	case "almalinux":
		return with("AlmaLinux", major)
	case "mageia":
		return with("Mageia", major)
	case "openEuler":
		return with("openEuler", version)
	case "opensuse-leap":
		return with("openSUSE", "Leap "+version)
	case "opensuse-tumbleweed":
		return "openSUSE:Tumbleweed"
	}
	return "Linux"
}

func with(name, version string) string {
	if version == "" {
		return name
	}
	return name + ":" + version
}
