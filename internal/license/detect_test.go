package license_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/license"
)

const isc = `Copyright 2026 Somebody

Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.
`

func TestInText(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a whole text", isc, "ISC"},
		{"a title of a model licence", "LLAMA 3.1 COMMUNITY\n   LICENSE AGREEMENT\nVersion Release Date: …", "LicenseRef-llama3.1"},
		{"a tag", "// SPDX-License-Identifier: MIT OR Apache-2.0\npackage x\n", "MIT OR Apache-2.0"},
		{"a tag in a comment", "/* SPDX-License-Identifier: BSD-3-Clause */", "BSD-3-Clause"},
		{"a tag that says nothing readable", "SPDX-License-Identifier: yes\n", ""},
		{"a tag and a text", "SPDX-License-Identifier: MIT\n" + isc, "ISC AND MIT"},
		{"a link", "Data: http://creativecommons.org/licenses/by-sa/4.0/\n", "CC-BY-SA-4.0"},
		{"prose", "You may licence this under terms to be agreed.", ""},
		{"nothing", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := license.InText([]byte(tt.text))
			if got := license.Expression(found); got != tt.want {
				t.Errorf("got %q, want %q: %+v", got, tt.want, found)
			}
		})
	}
}

func TestIsName(t *testing.T) {
	for path, want := range map[string]bool{
		"LICENSE": true, "a/licence.txt": true, "COPYING.LESSER": true, "LICENSE-MIT": true, "NOTICE": true, "UNLICENSE": true,
		"licensed.txt": false, "README.md": false, "a/LICENSE/b.go": false, "": false,
	} {
		if license.IsName(path) != want {
			t.Errorf("IsName(%q) is %v", path, !want)
		}
	}
}

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"MIT", "mit", true},
		{"MIT OR ISC", "ISC OR MIT", true},
		{"GPL-3.0-only", "GPL-3.0-or-later", true},
		{"MIT", "ISC", false},
		{"MIT", "MIT AND ISC", false},
		{"MIT", "", false},
		{"", "", true},
	} {
		if license.Same(tt.a, tt.b) != tt.want {
			t.Errorf("Same(%q, %q) is %v", tt.a, tt.b, !tt.want)
		}
	}
}

// The scanner's own samples, more than 600 texts of the SPDX list: at least 99 in 100 must be told by their identifier,
// and none may be told as another family.
func TestSamplesOfTheScanner(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/google/licensecheck").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "testdata")
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skip("the samples of github.com/google/licensecheck are not in the module cache")
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.t[0-9]"))
	if err != nil || len(files) < 500 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	right, all, wrong := 0, 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, body, _ := bytes.Cut(text, []byte("\n\n"))
		lines := strings.Split(strings.TrimSpace(string(head)), "\n")
		if len(lines) != 2 || !strings.HasPrefix(lines[0], "100%") || !strings.HasSuffix(lines[1], "0,$") {
			continue // several licences, or pieces: not what this counts
		}
		id, known := license.Listed(strings.Fields(lines[1])[0])
		if !known {
			continue
		}
		all++
		switch got := license.Expression(license.InText(body)); {
		case license.Same(got, id):
			right++
		case got != "":
			wrong++
			t.Logf("%s: got %s, want %s", filepath.Base(file), got, id)
		default:
			t.Logf("%s: nothing found", filepath.Base(file))
		}
	}
	t.Logf("%d of %d right, %d wrong", right, all, wrong)
	if all < 300 || right*100 < all*99 || wrong > 0 {
		t.Errorf("%d of %d right, %d wrong", right, all, wrong)
	}
}

func FuzzInText(f *testing.F) {
	f.Add([]byte(isc))
	f.Add([]byte("SPDX-License-Identifier: MIT */"))
	f.Add([]byte("Gemma \t Terms\nof Use"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 1<<16 {
			return
		}
		found := license.InText(text)
		for _, m := range found {
			if m.Start < 0 || m.End < m.Start || m.End > len(text) {
				t.Fatalf("%+v of %d bytes", m, len(text))
			}
		}
		if e := license.Expression(found); e != "" {
			if _, err := license.Parse(e); err != nil {
				t.Fatalf("%q: %v", e, err)
			}
		}
	})
}
