package deps

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// Program lists what a program was built from: the modules of a Go program, such as Ollama, or the build of llama.cpp's programs and
// libraries. It returns ErrFormat for other files. Nothing is run.
func Program(r io.ReaderAt) ([]Package, error) {
	info, err := buildinfo.Read(r)
	if err != nil {
		if build := llamaBuild(r); build != "" {
			return []Package{{Name: "llama.cpp", Version: build, Ecosystem: Runtime}}, nil
		}
		return nil, ErrFormat
	}
	version, _, _ := strings.Cut(info.GoVersion, " ")
	out := []Package{{Name: "stdlib", Version: strings.TrimPrefix(version, "go"), Ecosystem: "Go"}}
	if info.Main.Path != "" {
		out = append(out, Package{Name: info.Main.Path, Version: mainVersion(info), Ecosystem: "Go"})
	}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		out = append(out, Package{Name: d.Path, Version: semver(d.Version), Ecosystem: "Go"})
	}
	return out, nil
}

// linked is a version that the linker was told to set, as release builds do: -X path/version.Version=1.2.3.
var linked = regexp.MustCompile(`-X[= ]["']?[^\s=]*[./][Vv]ersion=v?([0-9]+\.[0-9]+[^\s"']*)`)

// mainVersion is the version of the program's own module: what its build says, or what its linker was told.
func mainVersion(info *buildinfo.BuildInfo) string {
	if v := semver(info.Main.Version); v != "" {
		return v
	}
	for _, s := range info.Settings {
		if m := linked.FindStringSubmatch(s.Value); s.Key == "-ldflags" && m != nil {
			return m[1]
		}
	}
	return ""
}

func semver(v string) string {
	if v == "(devel)" {
		return ""
	}
	return strings.TrimPrefix(v, "v")
}

// llamaBuild is the build number of llama.cpp, such as b7063: the variable LLAMA_BUILD_NUMBER, by the symbols of an ELF file.
func llamaBuild(r io.ReaderAt) string {
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil || !bytes.Equal(magic[:], []byte(elf.ELFMAG)) {
		return ""
	}
	f, err := elf.NewFile(r)
	if err != nil {
		return ""
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if dynamic, e := f.DynamicSymbols(); e == nil {
		symbols, err = append(symbols, dynamic...), nil
	}
	if err != nil {
		return ""
	}
	for _, s := range symbols {
		if s.Name != "LLAMA_BUILD_NUMBER" || s.Section == elf.SHN_UNDEF || int(s.Section) >= len(f.Sections) {
			continue
		}
		section := f.Sections[s.Section]
		var n [4]byte
		if s.Value < section.Addr {
			continue
		}
		if _, err := section.ReadAt(n[:], int64(s.Value-section.Addr)); err != nil {
			continue
		}
		if v := int32(f.ByteOrder.Uint32(n[:])); v > 0 {
			return "b" + strconv.Itoa(int(v))
		}
	}
	return ""
}
