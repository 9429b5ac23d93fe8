package attest

// ModelScanType is the type of the predicate ModelScan.
const ModelScanType = predicateBase + "model-scan/v1"

// ModelScan says what the scanner found in the files of a model. Its subjects are all files that were scanned. It says of files
// what in-toto's test-result v0.1 says of tests.
type ModelScan struct {
	Origin  `yaml:",inline"`
	Scanner Tool             `json:"scanner"`
	Allowed string           `json:"allowed,omitzero"` // sha256 of the file of what was reviewed
	Model   Tree             `json:"model"`            // what the files come to
	Verdict string           `json:"verdict"`          // the worst of the files
	Counts  map[string]int64 `json:"counts"`           // files by verdict
	Rules   map[string]int64 `json:"rules,omitzero"`   // findings by rule
	Files   []ScannedFile    `json:"files"`            // ascending by path
}

// ScannedFile is one file with its verdict.
type ScannedFile struct {
	File    `yaml:",inline"`
	Format  string   `json:"format,omitzero"`
	Verdict string   `json:"verdict"`
	Rules   []string `json:"rules,omitzero"` // of its findings, each once, ascending
}

// scanVerdicts are the verdicts of a file, the best first.
var scanVerdicts = map[string]int{"clean": 0, "review": 1, "error": 2, "invalid": 3, "malicious": 4}

// PredicateType implements Predicate.
func (*ModelScan) PredicateType() string { return ModelScanType }

// Check implements Predicate. Verdict, counts and tree must be what the files come to, and every file a subject.
func (m *ModelScan) Check(subjects []Resource) error {
	r := &rules{kind: "model-scan"}
	r.origin(&m.Origin)
	r.want(m.Scanner.Name != "" && m.Scanner.Version != "", "the scanner and its version must be named")
	r.want(m.Allowed == "" || isSHA256(m.Allowed), "the digest of what was reviewed is malformed")
	r.want(len(m.Files) > 0, "no files")
	r.list(len(m.Files), "files")
	r.list(len(m.Rules), "rules")
	worst, counts, files := "clean", map[string]int64{}, make([]File, 0, len(m.Files))
	out := Material{Name: "model", Grade: Verified}
	for i := range m.Files {
		f := &m.Files[i]
		_, known := scanVerdicts[f.Verdict]
		r.want(known, "a verdict is unknown")
		r.list(len(f.Rules), "rules")
		r.texts(f.Path, f.Format)
		for _, rule := range f.Rules {
			r.want(m.Rules[rule] > 0, "a rule of a file is not counted")
		}
		if scanVerdicts[f.Verdict] > scanVerdicts[worst] {
			worst = f.Verdict
		}
		counts[f.Verdict]++
		files = append(files, f.File)
	}
	r.want(m.Verdict == worst, "its verdict is not the worst of its files'")
	for verdict := range scanVerdicts {
		r.want(m.Counts[verdict] == counts[verdict], "its counts are not those of its files")
	}
	r.want(len(m.Counts) <= len(scanVerdicts), "it counts unknown verdicts")
	tree, err := NewTree(files)
	r.want(err == nil, "its files: %v", err)
	r.want(err != nil || tree == m.Model, "its files do not come to its tree")
	out.Digest, out.Files = tree.Digests(), files
	r.made([]Material{out}, subjects)
	return r.err
}
