package sourcing

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/license"
)

// maxParts bounds the files at the top of a folder that get a source each; more are taken together by their ending.
const maxParts = 20

// Imported is what other descriptions of a data set say, for a draft.
type Imported struct {
	Card      *Card
	Croissant *Croissant
}

// Draft writes a manifest for a folder: one source for each top-level part, with digests and the licences that were
// found. What nobody knows is written as unknown, so that a check reports it. The notes say what was taken from where.
func Draft(ctx context.Context, dir string, now time.Time) (*Manifest, []string, error) {
	files, err := Hash(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	d := &draft{dir: dir, files: files, today: now.UTC().Format(time.DateOnly)}
	d.m = Manifest{Version: 1, Dataset: Dataset{Name: nameOf(dir), Description: Unknown, Creator: Unknown}}
	d.documents()
	d.parts()
	d.describe()
	for _, s := range files.Skipped {
		d.note("not read: %s: %s", s.Path, s.Reason)
	}
	return &d.m, d.notes, nil
}

type draft struct {
	dir   string
	files *Files
	today string
	m     Manifest
	in    Imported
	notes []string
}

func (d *draft) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

func nameOf(dir string) string {
	base := path.Base(strings.ReplaceAll(path.Clean(strings.ReplaceAll(dir, "\\", "/")), "\\", "/"))
	if base == "." || base == "/" || base == ".." {
		return "dataset"
	}
	return base
}

// documents are files at the top that describe the whole, and descriptions to read.
func (d *draft) documents() {
	for _, f := range d.files.Files {
		if strings.Contains(f.Path, "/") {
			continue
		}
		upper := strings.ToUpper(f.Path)
		switch {
		case strings.HasPrefix(upper, "README"), license.IsName(f.Path), upper == "CROISSANT.JSON", upper == "DATASET_INFOS.JSON",
			strings.HasPrefix(upper, "CITATION"), strings.HasPrefix(upper, "DATASHEET"), upper == ".GITATTRIBUTES", upper == ".GITIGNORE":
			d.m.Dataset.Documents = append(d.m.Dataset.Documents, literal(f.Path))
		}
		switch upper {
		case "README.MD":
			if text, err := readSmall(d.dir, f.Path, 4<<20); err == nil {
				if c, err := ReadCard(f.Path, text); err == nil {
					d.in.Card = c
					d.note("taken from the card %s: what it says of licence, languages and origin", f.Path)
				}
			}
		case "CROISSANT.JSON":
			if text, err := readSmall(d.dir, f.Path, maxCroissant); err == nil {
				if c, err := ReadCroissant(text); err == nil {
					d.in.Croissant = c
					d.note("taken from the Croissant description %s", f.Path)
				} else {
					d.note("%s is not read: %v", f.Path, err)
				}
			}
		}
	}
}

// literal is a glob that means one file: bytes that a glob would read otherwise stand for any.
func literal(p string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`*?[]\`+"\n", r) {
			return '?'
		}
		return r
	}, p)
}

// parts makes the sources.
func (d *draft) parts() {
	var folders, loose []string
	for _, f := range d.files.Files {
		top, _, nested := strings.Cut(f.Path, "/")
		switch {
		case nested && !slices.Contains(folders, top):
			folders = append(folders, top)
		case !nested && !matchAny(d.m.Dataset.Documents, f.Path):
			loose = append(loose, f.Path)
		}
	}
	for _, top := range folders {
		d.add(top, []string{literal(top) + "/**"})
	}
	if len(loose) <= maxParts {
		for _, name := range loose {
			d.add(strings.TrimSuffix(name, path.Ext(name)), []string{literal(name)})
		}
		return
	}
	d.loose(loose)
}

// loose takes many files at the top together by their ending, or one by one where a document has the same ending.
func (d *draft) loose(names []string) {
	byEnding := map[string][]string{}
	var endings []string
	for _, n := range names {
		e := path.Ext(n)
		if byEnding[e] == nil {
			endings = append(endings, e)
		}
		byEnding[e] = append(byEnding[e], literal(n))
	}
	for _, e := range endings {
		globs := []string{"*" + literal(e)}
		if e == "" || slices.ContainsFunc(d.m.Dataset.Documents, func(doc string) bool { return match(globs[0], doc) }) {
			globs = byEnding[e]
		}
		d.add("files"+e, globs)
	}
}

func (d *draft) add(name string, globs []string) {
	files := d.files.of(globs)
	digest, size, err := digestOf(files)
	if err != nil {
		digest = Unknown
	}
	s := Source{
		ID: d.id(name), Kind: Unknown, Files: globs, Digest: digest, Bytes: size,
		Origin:  Origin{URLs: []string{Unknown}, RetrievedAt: Unknown, Retriever: Unknown},
		Creator: Unknown, RightsHolder: Unknown,
		Licence:        Licence{Declared: Unknown, VerifiedBy: Unknown},
		PersonalData:   PersonalData{Present: Unknown, LegalBasis: Unknown},
		Geography:      Geography{Origin: []string{Unknown}},
		Export:         ExportControl{Classification: Unknown, SanctionsScreened: Unknown},
		Retention:      Retention{Period: Unknown, Deletion: Unknown},
		Classification: Unknown,
	}
	d.licence(&s, files)
	d.m.Sources = append(d.m.Sources, s)
}

// id makes a short name, unique in the manifest.
func (d *draft) id(name string) string {
	id := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '_', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name), "-._")
	if id == "" {
		id = "source"
	}
	unique := id
	for n := 2; slices.ContainsFunc(d.m.Sources, func(s Source) bool { return s.ID == unique }); n++ {
		unique = fmt.Sprintf("%s-%d", id, n)
	}
	return unique
}

// licence looks for a licence text in the part, then at the top of the folder.
func (d *draft) licence(s *Source, files []attest.File) {
	within := slices.IndexFunc(files, func(f attest.File) bool { return isLicence(f.Path) })
	name := ""
	if within >= 0 {
		name = files[within].Path
	} else if top := slices.IndexFunc(d.files.Files, func(f attest.File) bool { return isLicence(f.Path) && !strings.Contains(f.Path, "/") }); top >= 0 {
		name = d.files.Files[top].Path
	}
	if name == "" {
		return
	}
	text, err := readSmall(d.dir, name, maxLicenceText)
	if err != nil {
		return
	}
	s.Licence.Evidence, s.Licence.EvidenceDigest = name, DigestBytes(text)
	if found := license.Expression(license.InText(text)); found != "" {
		s.Licence.Declared, s.Licence.Detected = found, found
		d.note("source %s: %s says %s", s.ID, name, found)
	} else {
		d.note("source %s: the licence in %s is not recognised", s.ID, name)
	}
}

func isLicence(p string) bool {
	return license.IsName(p) && !strings.HasPrefix(strings.ToUpper(path.Base(p)), "NOTICE")
}

// describe fills in what other descriptions say. A licence text in the folder counts more than a card about it.
func (d *draft) describe() {
	if c := d.in.Card; c != nil {
		d.fromCard(c)
	}
	if c := d.in.Croissant; c != nil {
		d.fromCroissant(c)
	}
}

func (d *draft) fromCard(c *Card) {
	if c.Name != "" {
		d.m.Dataset.Name = c.Name
	}
	if len(d.m.Dataset.Keywords) == 0 {
		d.m.Dataset.Keywords = c.Tags
	}
	for i := range d.m.Sources {
		s := &d.m.Sources[i]
		if !known(s.Licence.Declared) && c.Licence != "" {
			s.Licence.Declared = c.Licence
			s.Licence.URL = c.LicenceURL
		}
		if len(s.Languages) == 0 {
			s.Languages = c.Languages
		}
		if len(s.Lineage.DerivedFrom) == 0 {
			s.Lineage.DerivedFrom = c.Sources
		}
		if c.Synthetic && !known(s.Kind) {
			s.Kind = "synthetic"
		}
	}
}

func (d *draft) fromCroissant(c *Croissant) {
	set := func(to *string, from string) {
		if from != "" && !known(*to) {
			*to = from
		}
	}
	ds := &d.m.Dataset
	if c.Name != "" {
		ds.Name = c.Name
	}
	set(&ds.Description, c.Description)
	set(&ds.Creator, strings.Join(c.Creators, ", "))
	set(&ds.URL, c.URL)
	set(&ds.Version, c.Version)
	set(&ds.Published, c.Published)
	set(&ds.Maintenance, c.Maintenance)
	if len(ds.Keywords) == 0 {
		ds.Keywords = c.Keywords
	}
	for i := range d.m.Sources {
		s := &d.m.Sources[i]
		set(&s.Licence.Declared, c.Licence)
		set(&s.Licence.URL, c.LicenceURL)
		set(&s.Creator, strings.Join(c.Creators, ", "))
		set(&s.Origin.Method, c.Collection)
		set(&s.Uses.Intended, c.UseCases)
		if len(s.Languages) == 0 {
			s.Languages = c.Languages
		}
		if len(s.Lineage.DerivedFrom) == 0 {
			s.Lineage.DerivedFrom = c.DerivedFrom
		}
		for _, text := range []struct {
			to   *[]string
			from string
		}{{&s.Bias, c.Biases}, {&s.Limitations, c.Limitations}} {
			if text.from != "" && len(*text.to) == 0 {
				*text.to = append(*text.to, text.from)
			}
		}
		if len(c.Personal) > 0 && !known(s.PersonalData.Present) {
			s.PersonalData.Present = "yes"
		}
		d.urls(s, c)
	}
}

// urls gives a source the addresses of those of its files that the description knows by their digest.
func (d *draft) urls(s *Source, c *Croissant) {
	var urls []string
	for _, f := range d.files.of(s.Files) {
		for _, g := range c.Files {
			if g.SHA256 == f.SHA256 && strings.Contains(g.URL, "://") && !slices.Contains(urls, g.URL) {
				urls = append(urls, g.URL)
			}
		}
	}
	if len(urls) > 0 {
		s.Origin.URLs = urls
	}
}

// Merge fills what a manifest leaves open from a description of the data set as a whole. It never replaces what is
// there.
func Merge(m *Manifest, in Imported) []string {
	d := &draft{m: *m, in: in, files: &Files{}}
	before := d.m.Dataset.Name
	d.describe()
	if known(before) {
		d.m.Dataset.Name = before
	}
	*m = d.m
	return d.notes
}
