package deps

import (
	"bufio"
	"bytes"
	"debug/buildinfo"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Installed lists what is installed below a folder: Python's site-packages, Debian's, Ubuntu's and Alpine's databases, and Node's
// modules. It reads at most maxWalk files and returns fs errors of the root alone: what it cannot read below is told to skipped.
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
		list, ok := installedAt(fsys, p, d)
		if !ok {
			skipped(p, "cannot be read")
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

func installedAt(fsys fs.FS, p string, d fs.DirEntry) ([]Package, bool) {
	if d.IsDir() || !d.Type().IsRegular() {
		return nil, true
	}
	dir, base := path.Split(p)
	switch {
	case base == "METADATA" && strings.HasSuffix(dir, ".dist-info/"), base == "PKG-INFO" && strings.HasSuffix(dir, ".egg-info/"):
		return readWith(fsys, p, pythonMetadata)
	case strings.HasSuffix(p, "var/lib/dpkg/status") || strings.Contains(p, "var/lib/dpkg/status.d/"):
		system := osRelease(fsys, strings.SplitN(p, "var/lib/dpkg", 2)[0])
		return readWith(fsys, p, func(r io.Reader) []Package { return dpkg(r, system) })
	case strings.HasSuffix(p, "lib/apk/db/installed"):
		system := osRelease(fsys, strings.SplitN(p, "lib/apk", 2)[0])
		return readWith(fsys, p, func(r io.Reader) []Package { return apk(r, system) })
	}
	return nil, true
}

func readWith(fsys fs.FS, p string, parse func(io.Reader) []Package) ([]Package, bool) {
	f, err := fsys.Open(p)
	if err != nil {
		return nil, false
	}
	defer f.Close()
	return parse(io.LimitReader(f, MaxBytes)), true
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
		switch v["ID"] {
		case "debian":
			return "Debian:" + v["VERSION_ID"]
		case "ubuntu":
			return "Ubuntu:" + v["VERSION_ID"]
		case "alpine":
			parts := strings.SplitN(v["VERSION_ID"], ".", 3)
			return "Alpine:v" + strings.Join(parts[:min(2, len(parts))], ".")
		}
	}
	return "Linux"
}

// Program lists the modules that a Go program was built from, such as an inference runtime. It returns ErrFormat for other files.
func Program(r io.ReaderAt) ([]Package, error) {
	info, err := buildinfo.Read(r)
	if err != nil {
		return nil, ErrFormat
	}
	version, _, _ := strings.Cut(info.GoVersion, " ")
	out := []Package{{Name: "stdlib", Version: strings.TrimPrefix(version, "go"), Ecosystem: "Go"}}
	if info.Main.Path != "" {
		out = append(out, Package{Name: info.Main.Path, Version: semver(info.Main.Version), Ecosystem: "Go"})
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		out = append(out, Package{Name: d.Path, Version: semver(d.Version), Ecosystem: "Go"})
	}
	return out, nil
}

func semver(v string) string {
	if v == "(devel)" {
		return ""
	}
	return strings.TrimPrefix(v, "v")
}
