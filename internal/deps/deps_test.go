package deps_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/deps"
)

func spelt(list []deps.Package) []string {
	var out []string
	for _, p := range list {
		out = append(out, fmt.Sprintf("%s %s %s", p.Ecosystem, p.Name, p.Version))
	}
	return out
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"requirements.txt", "# c\ntorch==2.1.0 --hash=sha256:aa\nnumpy>=1.2\nfoo[x]==1.0 ; python_version > '3'\n-r other.txt\nbar==1.0 \\\n  --hash=sha256:bb\nhttps://x.yz/a.whl\nbaz @ https://x.yz/b.whl\ntorch==2.1.0\nlast === 3", []string{"PyPI torch 2.1.0", "PyPI numpy 1.2", "PyPI foo 1.0", "PyPI bar 1.0", "PyPI baz ", "PyPI last 3"}},
		{"requirements.txt", "\ufeffa~=1.4.2\nb>=1,<2\nc==1.*\nd!=2\ne<=3.1 # c\nf==${V}\n-e ./x\ng===1.0+local\nh (==2.0)\n", []string{"PyPI a 1.4.2", "PyPI b ", "PyPI c ", "PyPI d ", "PyPI e 3.1", "PyPI g 1.0+local", "PyPI h 2.0"}},
		{"frozen.list", "a==1\nb==2\n", []string{"PyPI a 1", "PyPI b 2"}},
		{"uv.lock", "version = 1\n[[package]]\nname = \"me\"\nversion = \"0\"\nsource = { virtual = \".\" }\n[[package]]\nname = \"anyio\"\nversion = \"4.0\"\nsource = { registry = \"x\" }\n", []string{"PyPI anyio 4.0"}},
		{"poetry.lock", "[[package]]\nname = \"attrs\"\nversion = \"23.1\"\n[metadata]\nx = 1\n", []string{"PyPI attrs 23.1"}},
		{"pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"attrs\"\nversion = \"25.1.0\"\n", []string{"PyPI attrs 25.1.0"}},
		{"Pipfile.lock", `{"_meta":{},"default":{"b":{"version":"==2"},"a":{"version":"==1"}},"develop":{"c":{"version":"==3"}}}`, []string{"PyPI a 1", "PyPI b 2", "PyPI c 3"}},
		{"go.mod", "module m\ngo 1.26\ntoolchain go1.26.8\nrequire (\n\ta.b/c v1.2.3\n\td.e/f v1.0.0 // indirect\n\tg.h/i v1.0.0\n)\nreplace d.e/f => x.y/z v2.0.0+incompatible\nreplace g.h/i => ../i\n", []string{"Go a.b/c 1.2.3", "Go x.y/z 2.0.0+incompatible", "Go stdlib "}},
		{"Cargo.lock", "[[package]]\nname = \"me\"\nversion = \"0.1.0\"\n[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\nsource = \"registry+https://x\"\n", []string{"crates.io me 0.1.0", "crates.io serde 1.0.1"}},
		{"package-lock.json", `{"lockfileVersion":3,"packages":{"":{"name":"me","version":"1.0.0"},"node_modules/a":{"version":"1.0.0"},"node_modules/a/node_modules/@s/b":{"version":"2.0.0"},"node_modules/l":{"link":true},"packages/@w/x":{"version":"3.0.0"}}}`, []string{"npm a 1.0.0", "npm @s/b 2.0.0", "npm @w/x 3.0.0"}},
		{"package-lock.json", `{"lockfileVersion":1,"dependencies":{"a":{"version":"1.0.0","dependencies":{"b":{"version":"2.0.0"}}},"g":{"version":"git+ssh://x"},"al":{"version":"npm:real@3.0.0"}}}`, []string{"npm a 1.0.0", "npm b 2.0.0", "npm real 3.0.0"}},
		{"yarn.lock", "# yarn lockfile v1\n\n\"@s/a@^1.0.0\", \"@s/a@^1.1.0\":\n  version \"1.1.0\"\n\nb@^2:\n  version \"2.0.0\"\n", []string{"npm @s/a 1.1.0", "npm b 2.0.0"}},
		{"yarn.lock", "__metadata:\n  version: 6\n\n\"a@npm:^1.0.0\":\n  version: 1.0.1\n\n\"al@npm:@s/real@^2\":\n  version: 2.1.0\n", []string{"npm a 1.0.1", "npm @s/real 2.1.0"}},
		{"pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages:\n  '@s/a@1.0.0': {}\n  b@2.0.0(peer@1.0.0): {}\n", []string{"npm @s/a 1.0.0", "npm b 2.0.0"}},
		{"pnpm-lock.yaml", "lockfileVersion: 5.4\npackages:\n  /@s/a/1.0.0: {}\n  /b/2.0.0_peer@1: {}\n", []string{"npm @s/a 1.0.0", "npm b 2.0.0"}},
		{"environment.yml", "dependencies:\n- python=3.11\n- conda-forge::numpy=1.26.0=py_0\n- scipy 1.11.4 py_1\n- pandas>=1.5\n- flask\n- jinja2>=3,<4\n- pip:\n  - torch==2.0.0\n", []string{"conda-forge python 3.11", "conda-forge numpy 1.26.0", "conda-forge scipy 1.11.4", "conda-forge pandas 1.5", "conda-forge flask ", "conda-forge jinja2 ", "PyPI torch 2.0.0"}},
		{"conda-lock.yml", "package:\n- {name: a, version: '1', manager: conda}\n- {name: b, version: '2', manager: pip}\n", []string{"conda-forge a 1", "PyPI b 2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := deps.Parse("dir/"+tt.name, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, spelt(got)); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
		})
	}
}

func TestDamaged(t *testing.T) {
	for name, text := range map[string]string{
		"uv.lock": "[[package", "Cargo.lock": "=", "package-lock.json": "{", "go.mod": "require (", "Pipfile.lock": "[]", "pnpm-lock.yaml": "a: [", "notes.txt": "some prose\n",
	} {
		if _, err := deps.Parse(name, []byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := deps.Parse("notes.md", []byte("prose here")); !errors.Is(err, deps.ErrFormat) {
		t.Errorf("got %v", err)
	}
}

func TestInstalled(t *testing.T) {
	system := fstest.MapFS{
		"etc/os-release":      {Data: []byte("ID=debian\nVERSION_ID=\"12\"\n")},
		"var/lib/dpkg/status": {Data: []byte("Package: libssl3\nStatus: install ok installed\nSource: openssl (3.0.1-1)\nVersion: 3.0.1-1+b1\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n")},
		"usr/lib/python3/site-packages/Jinja2-3.1.2.dist-info/METADATA": {Data: []byte("Metadata-Version: 2.1\nName: Jinja2\nVersion: 3.1.2\n\nName: not this\n")},
	}
	got, err := deps.Installed(system, func(path, reason string) { t.Errorf("%s: %s", path, reason) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"PyPI Jinja2 3.1.2", "Debian:12 openssl 3.0.1-1"}, spelt(got)); diff != "" {
		t.Error(diff)
	}
}

func TestPURL(t *testing.T) {
	for _, tt := range []struct {
		p    deps.Package
		want string
	}{
		{deps.Package{Name: "torch", Version: "2.0.0+cu118", Ecosystem: "PyPI"}, "pkg:pypi/torch@2.0.0%2Bcu118"},
		{deps.Package{Name: "@s/a", Version: "1", Ecosystem: "npm"}, "pkg:npm/%40s/a@1"},
		{deps.Package{Name: "openssl", Version: "3", Ecosystem: "Debian:12"}, "pkg:deb/debian/openssl@3"},
		{deps.Package{Name: "x", Ecosystem: "Unknown"}, ""},
	} {
		if got := tt.p.PURL(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	names := []string{"requirements.txt", "uv.lock", "Pipfile.lock", "go.mod", "Cargo.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "environment.yml"}
	for i, s := range []string{"a==1\n", "[[package]]\nname='a'\nversion='1'\n", `{"default":{}}`, "module m\n", "", `{"packages":{}}`, "a@1:\n  version \"1\"\n", "packages: {}\n", "dependencies: [a=1]\n"} {
		f.Add(i, s)
	}
	f.Fuzz(func(t *testing.T, which int, text string) {
		if which < 0 {
			which = -(which + 1)
		}
		list, err := deps.Parse(names[which%len(names)], []byte(text))
		for _, p := range list {
			if err != nil || strings.Contains(p.Name, "\n") && which%len(names) == 0 {
				t.Errorf("%+v %v", p, err)
			}
		}
	})
}
