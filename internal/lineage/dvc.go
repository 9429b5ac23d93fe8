package lineage

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/attest"
)

// ErrNoLineage says that a file names nothing that something else came from.
var ErrNoLineage = errors.New("it does not say what anything was made of")

// DVCOptions say what a lock file does not.
type DVCOptions struct {
	Stage string   // the one stage that is read; all where it is empty
	Base  []string // paths of dependencies that are base models
	Mask  *Masker
}

// DVC reads a file of Data Version Control: dvc.lock, of which each stage is a training in the widest sense, or FILE.dvc with
// dependencies, which is a conversion by DVC (an import). Digests are MD5, as DVC has them: they name the bytes for DVC and prove
// nothing.
func DVC(name string, text []byte, o DVCOptions) (*Imported, error) {
	doc, err := fields(name, text)
	if err != nil {
		return nil, err
	}
	from, in := source(path.Base(name), text), &Imported{}
	stages := table(doc["stages"])
	if stages == nil {
		p := &attest.Conversion{Origin: declaredFrom(from), Method: "conversion", Converter: attest.Tool{Name: "dvc"}}
		p.Inputs, p.Outputs = dvcMaterials(tables(doc["deps"])), dvcMaterials(tables(doc["outs"]))
		if len(p.Inputs) == 0 || len(p.Outputs) == 0 {
			return nil, fmt.Errorf("%s: %w", name, ErrNoLineage)
		}
		in.Predicates = []attest.Predicate{p}
		return in, nil
	}
	for _, stage := range slices.Sorted(maps.Keys(stages)) {
		if o.Stage != "" && stage != o.Stage {
			continue
		}
		s := table(stages[stage])
		t := dvcStage(stage, s, o, in)
		if len(t.Outputs) == 0 {
			in.NotRead = append(in.NotRead, "stage "+stage+": nothing comes out")
			continue
		}
		t.Imported = from
		in.Predicates = append(in.Predicates, t)
	}
	if len(in.Predicates) == 0 {
		return nil, fmt.Errorf("%s: %w", name, ErrNoLineage)
	}
	return in, nil
}

func dvcStage(name string, s map[string]any, o DVCOptions, in *Imported) *attest.Training {
	t := &attest.Training{Origin: declaredFrom(nil), Method: "unknown", Name: name, Result: attest.Succeeded, Parameters: map[string]string{}}
	t.Command = o.Mask.Command(many(s["cmd"]))
	for _, m := range dvcMaterials(tables(s["deps"])) {
		switch {
		case slices.Contains(o.Base, m.Name):
			t.Base = append(t.Base, m)
		case isCode(m.Name):
			t.Configuration = append(t.Configuration, m)
		default:
			t.DataSets = append(t.DataSets, m)
		}
	}
	for file, values := range table(s["params"]) {
		for _, left := range flat(t.Parameters, file+":", table(values)) {
			in.NotRead = append(in.NotRead, "stage "+name+": parameter "+left)
		}
	}
	slices.Sort(in.NotRead)
	t.Outputs = dvcMaterials(tables(s["outs"]))
	return t
}

// isCode reports whether a dependency is a program or a configuration by its name.
func isCode(name string) bool {
	return slices.Contains([]string{".py", ".sh", ".ipynb", ".jl", ".r", ".yaml", ".yml", ".toml", ".cfg", ".ini"}, strings.ToLower(path.Ext(name)))
}

// dvcMaterials are dependencies or outputs. What has no digest that can be one is known by its path alone.
func dvcMaterials(list []map[string]any) []attest.Material {
	var out []attest.Material
	for _, d := range list {
		m := attest.Material{Name: one(d["path"]), Grade: attest.Declared}
		if m.Name == "" || len(m.Name) > maxValue {
			continue
		}
		if digest, dir := strings.CutSuffix(one(d["md5"]), ".dir"); isMD5(digest) {
			algorithm := "md5"
			if dir {
				algorithm = "dvc-dir-md5" // over the list of a folder's files, as DVC writes it
			}
			m.Digest = map[string]string{algorithm: digest}
		}
		out = append(out, m)
	}
	return out
}

func isMD5(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16
}
