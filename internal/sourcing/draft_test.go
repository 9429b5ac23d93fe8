package sourcing_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/sourcing"
)

func TestDraft(t *testing.T) {
	dir := folder(t)
	write(t, dir, "Über uns.txt", "x")
	write(t, dir, "odd [1]*.csv", "x")
	write(t, dir, ".git/config", "x")
	write(t, dir, "d.intoto.jsonl", "x")
	m, notes, err := sourcing.Draft(t.Context(), dir, now)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range m.Sources {
		ids = append(ids, m.Sources[i].ID)
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{"ber-uns", "odd--1", "web"}, ids); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, "web/LICENSE says ISC") }) {
		t.Errorf("notes %v", notes)
	}
	r := check(t, dir, parsed(t, m), nil)
	if r.Violated > 0 || r.Missing == 0 {
		t.Errorf("a fresh draft: %d wrong, %d missing: %+v", r.Violated, r.Missing, r.Findings)
	}
}

// A folder may be given by a link; its own links are told and not followed.
func TestHashFollowsTheFolderOnly(t *testing.T) {
	dir := folder(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Skip(err)
	}
	direct, err := sourcing.Hash(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	through, err := sourcing.Hash(t.Context(), link)
	if err != nil || len(through.Files) != 3 {
		t.Fatalf("%+v, %v", through, err)
	}
	if diff := cmp.Diff(direct, through); diff != "" {
		t.Error(diff)
	}
	if _, err := sourcing.Hash(t.Context(), filepath.Join(dir, "README.md")); err == nil {
		t.Error("a file is read as a folder")
	}
}

// Many files at the top are taken together by their ending.
func TestDraftOfManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range 30 {
		write(t, dir, strings.Repeat("a", i+1)+".csv", "x")
	}
	write(t, dir, "note.md", "x")
	write(t, dir, "README.md", "x")
	m, _, err := sourcing.Draft(t.Context(), dir, now)
	if err != nil {
		t.Fatal(err)
	}
	var files [][]string
	for i := range m.Sources {
		files = append(files, m.Sources[i].Files)
	}
	if diff := cmp.Diff([][]string{{"*.csv"}, {"note.md"}}, files); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if r := check(t, dir, parsed(t, m), nil); r.Violated > 0 {
		t.Errorf("%+v", r.Findings)
	}
}

func TestDraftTakesDescriptionsOver(t *testing.T) {
	dir := folder(t)
	write(t, dir, "README.md", "---\nlicense: cc-by-4.0\nlanguage: [en, no]\npretty_name: From the card\nsource_datasets: [wikipedia]\ntags: [synthetic]\n---\n# x\n")
	write(t, dir, "plain/x.txt", "x")
	write(t, dir, "croissant.json", string(export(t, manifest(), "croissant")))
	m, _, err := sourcing.Draft(t.Context(), dir, now)
	if err != nil {
		t.Fatal(err)
	}
	if m.Dataset.Name != "demo" || m.Dataset.Creator != "Example Ltd" || m.Dataset.URL != "https://example.org/demo" {
		t.Errorf("%+v", m.Dataset)
	}
	plain, web := m.Sources[0], m.Sources[1]
	if plain.Licence.Declared != "CC-BY-4.0" || plain.Kind != "synthetic" || !slices.Equal(plain.Languages, []string{"en", "no"}) || !slices.Equal(plain.Lineage.DerivedFrom, []string{"wikipedia"}) {
		t.Errorf("%+v", plain)
	}
	if web.Licence.Declared != "ISC" || web.Licence.Evidence != "web/LICENSE" {
		t.Errorf("a card counts more than the licence text: %+v", web.Licence)
	}
}

func TestReadCard(t *testing.T) {
	for _, tt := range []struct{ name, head, want string }{
		{"known", "license: apache-2.0", "Apache-2.0"},
		{"of a model", "license: llama3.1", "LicenseRef-llama3.1"},
		{"two", "license: [mit, cc-by-4.0]", "MIT AND CC-BY-4.0"},
		{"other with a name", "license: other\nlicense_name: My Own Licence", "LicenseRef-My-Own-Licence"},
		{"other", "license: other", ""},
		{"unknown", "license: unknown", ""},
		{"not in the table", "license: zlib", "Zlib"},
		{"not anywhere", "license: house rules", "LicenseRef-house-rules"},
		{"none", "language: en", ""},
		{"other keys", "license: mit\nconfigs:\n  - config_name: x\n    data_files: y", "MIT"},
	} {
		c, err := sourcing.ReadCard("README.md", []byte("---\n"+tt.head+"\n---\ntext"))
		if err != nil || c.Licence != tt.want {
			t.Errorf("%s: %+v, %v", tt.name, c, err)
		}
	}
	for _, bad := range []string{"", "# x", "---\nlicense: mit\n", "---\nlicense: [\n---\n", "---\nlicense: &a mit\n---\n"} {
		if _, err := sourcing.ReadCard("README.md", []byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestReadCroissantRefuses(t *testing.T) {
	for _, bad := range []string{"", "[]", "{}", `{"conformsTo":"http://example.org"}`, `{"conformsTo":"http://mlcommons.org/croissant/1.0","name":"a","name":"b"}`} {
		if _, err := sourcing.ReadCroissant([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	c, err := sourcing.ReadCroissant([]byte(`{"dct:conformsTo":"http://mlcommons.org/croissant/1.0","sc:name":{"@value":"x"},"license":["https://creativecommons.org/licenses/by-nc/4.0/","https://spdx.org/licenses/MIT.html"],
		"creator":[{"@type":"Person","name":"A"},{"url":"https://b"}],"distribution":{"@type":"cr:FileObject","contentUrl":"u"},"datePublished":"2026-01-02T00:00:00"}`))
	if err != nil || c.Name != "x" || c.Licence != "CC-BY-NC-4.0 AND MIT" || len(c.Creators) != 2 || len(c.Files) != 1 || c.Published != "2026-01-02" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Merging fills what is open and leaves what is there.
func TestMerge(t *testing.T) {
	m := manifest()
	m.Dataset.Description = "unknown"
	before := m.Sources[0].Licence.Declared
	sourcing.Merge(m, sourcing.Imported{Croissant: &sourcing.Croissant{Name: "other", Description: "said elsewhere", Licence: "MIT"}})
	if m.Dataset.Name != "demo" || m.Dataset.Description != "said elsewhere" || m.Sources[0].Licence.Declared != before {
		t.Errorf("%+v", m.Dataset)
	}
}

func FuzzReadCard(f *testing.F) {
	f.Add([]byte("---\nlicense: [mit, other]\nlanguage: no\n---\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c, err := sourcing.ReadCard("x", text); err == nil && strings.ContainsAny(c.Licence, "\n") {
			t.Fatalf("%q", c.Licence)
		}
	})
}

func FuzzReadCroissant(f *testing.F) {
	f.Add([]byte(`{"conformsTo":"http://mlcommons.org/croissant/1.0","name":["a",{"@value":"b"}],"distribution":[{"@type":"cr:FileObject"}]}`))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = sourcing.ReadCroissant(text) })
}
