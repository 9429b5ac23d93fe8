package attest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// Bounds of what one predicate says.
const (
	maxText    = 16 << 10 // bytes of one text
	maxEntries = 100_000  // of one list or table
)

// Grade says how a claim is known.
type Grade string

// The grades.
const (
	Declared Grade = "declared" // somebody says so
	Inferred Grade = "inferred" // it follows from something that was read
	Verified Grade = "verified" // the tool that wrote the statement read the bytes itself
)

func (g Grade) known() bool { return g == Declared || g == Inferred || g == Verified }

// Who is the person or the account behind a statement. It is always declared: only the key of the signature is proof.
type Who struct {
	Name string `json:"name"`
	Role string `json:"role,omitzero"`
	From string `json:"from,omitzero"` // where the name is from: flag, git, environment, file
}

// Origin is how a statement came to be. It stands in every predicate but that of a data set's audit.
type Origin struct {
	By       Who       `json:"by"`
	At       time.Time `json:"at"`
	Tool     Tool      `json:"tool"`              // that wrote the statement
	Grade    Grade     `json:"grade"`             // of what has no grade of its own
	Imported *Resource `json:"imported,omitzero"` // the file of another tool that all of this was read from
}

// Material is what went in or came out: a file, a folder, or something that is known by its name alone. It is the
// ResourceDescriptor of in-toto with the files of a folder and a grade; as an input it is a resolvedDependency of SLSA provenance v1.
type Material struct {
	Name   string            `json:"name"`
	URI    string            `json:"uri,omitzero"`
	Digest map[string]string `json:"digest,omitzero"` // sha256 of a file; dirHash and rfc6962-sha256 of a folder's Tree; none where only the name is known
	Files  []File            `json:"files,omitzero"`  // of a folder, ascending by path
	Grade  Grade             `json:"grade"`           // verified where the digest was computed from the bytes
}

// FolderMaterial is the material that a folder's files make.
func FolderMaterial(name string, files []File) (Material, error) {
	tree, err := NewTree(files)
	if err != nil {
		return Material{}, err
	}
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return Material{Name: name, Digest: tree.Digests(), Files: sorted, Grade: Verified}, nil
}

// FileMaterial is the material that one file makes.
func FileMaterial(name string, f File) Material {
	return Material{Name: name, Digest: map[string]string{"sha256": f.SHA256}, Grade: Verified}
}

// Subjects are the resources that a material's files make: what a statement about it has as its subjects.
func (m *Material) Subjects() []Resource {
	if len(m.Files) == 0 {
		return []Resource{{Name: m.Name, URI: m.URI, Digest: m.Digest}}
	}
	out := make([]Resource, 0, len(m.Files))
	for _, f := range m.Files {
		out = append(out, Resource{Name: f.Path, Digest: map[string]string{"sha256": f.SHA256}})
	}
	return out
}

// rules collects what is wrong with a predicate; the first finding stays.
type rules struct {
	kind string
	err  error
}

func (r *rules) want(ok bool, format string, args ...any) {
	if !ok && r.err == nil {
		r.err = fmt.Errorf("%w %s statement: %s", ErrMalformed, r.kind, fmt.Sprintf(format, args...))
	}
}

func (r *rules) origin(o *Origin) {
	r.want(o.By.Name != "", "nobody is named who says so")
	r.want(!o.At.IsZero(), "no time")
	r.want(o.Tool.Name != "", "the tool that wrote it is not named")
	r.want(o.Grade.known(), "its grade is none of declared, inferred and verified")
	r.want(o.Imported == nil || o.Grade == Declared, "what was imported is declared, not %s", o.Grade)
	r.texts(o.By.Name, o.By.Role, o.By.From, o.Tool.Name, o.Tool.Version)
	if o.Imported != nil {
		r.digests("the imported file", o.Imported.Digest)
	}
}

func (r *rules) texts(all ...string) {
	for _, s := range all {
		r.want(len(s) <= maxText, "a text of more than %d bytes", maxText)
	}
}

func (r *rules) list(n int, what string) {
	r.want(n <= maxEntries, "more than %d %s", maxEntries, what)
}

func (r *rules) table(m map[string]string, what string) {
	r.list(len(m), what)
	for k, v := range m {
		r.want(k != "", "one of the %s has no name", what)
		r.texts(k, v)
	}
}

func (r *rules) digests(what string, all map[string]string) {
	for algorithm, digest := range all {
		r.want(algorithm != "" && digest != "", "a digest of %s is empty", what)
		r.want(algorithm != "sha256" || isSHA256(digest), "the sha256 of %s is malformed", what)
		r.texts(algorithm, digest)
	}
}

func (r *rules) materials(what string, all []Material) {
	r.list(len(all), what)
	for i := range all {
		r.material(what, &all[i])
	}
}

func (r *rules) material(what string, m *Material) {
	r.want(m.Name != "", "one of the %s has no name", what)
	r.texts(m.Name, m.URI)
	r.digests("one of the "+what, m.Digest)
	r.want(m.Grade.known(), "the grade of one of the %s is unknown", what)
	r.want(m.Grade != Verified || len(m.Digest) > 0, "one of the %s is verified without a digest", what)
	r.list(len(m.Files), "files")
	if len(m.Files) == 0 || r.err != nil {
		return
	}
	tree, err := NewTree(m.Files)
	if err != nil {
		r.want(false, "the files of one of the %s: %v", what, err)
		return
	}
	for algorithm, digest := range tree.Digests() {
		r.want(m.Digest[algorithm] == digest, "the files of one of the %s do not come to its digest", what)
	}
}

// made holds what came out against the subjects: every file that is named must be one.
func (r *rules) made(outputs []Material, subjects []Resource) {
	r.materials("outputs", outputs)
	if r.err != nil {
		return
	}
	known := map[string]bool{}
	for _, s := range subjects {
		for algorithm, digest := range s.Digest {
			known[algorithm+":"+digest] = true
		}
	}
	for i := range outputs {
		for _, s := range outputs[i].Subjects() {
			for algorithm, digest := range s.Digest {
				r.want(known[algorithm+":"+digest], "an output is not among the subjects")
			}
		}
	}
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
