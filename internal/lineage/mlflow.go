package lineage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// Limits of one MLflow run.
const (
	maxRunFiles = 20_000
	maxRunFile  = 16 << 20
)

// ErrNoRun says that a folder is no run of MLflow's file store.
var ErrNoRun = errors.New("no MLflow run: there is no meta.yaml with a run_id")

// MLflowRuns are the folders of runs below a folder of MLflow's file store (mlruns), or the folder itself, ascending.
func MLflowRuns(fsys fs.FS) ([]string, error) {
	var out []string
	seen := 0
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if seen++; seen > 50*maxRunFiles {
			return errors.New("more files than are looked at")
		}
		if d.IsDir() && slices.Contains([]string{"artifacts", "params", "metrics", "tags", "inputs", ".trash", "models", "datasets"}, d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || d.Name() != "meta.yaml" {
			return nil
		}
		if text, err := readLimited(fsys, p); err == nil {
			if meta, err := fields(p, text); err == nil && runID(meta) != "" {
				out = append(out, path.Dir(p))
			}
		}
		return nil
	})
	slices.Sort(out)
	return out, err
}

func runID(meta map[string]any) string { return first(one(meta["run_id"]), one(meta["run_uuid"])) }

// MLflow reads a run of MLflow's file store: meta.yaml, params, the last value of each metric, tags, and the data sets among its
// inputs. store is the folder of an experiment or above it, dir the run's folder in it. The artefacts are the caller's to hash.
func MLflow(store fs.FS, dir string) (*Imported, error) {
	run, err := fs.Sub(store, dir)
	if err != nil {
		return nil, fmt.Errorf("open run: %w", err)
	}
	name := path.Base(dir)
	text, err := readLimited(run, "meta.yaml")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, ErrNoRun)
	}
	meta, err := fields(name+"/meta.yaml", text)
	if err != nil {
		return nil, err
	}
	if runID(meta) == "" {
		return nil, fmt.Errorf("%s: %w", name, ErrNoRun)
	}
	r := mlflowRun{store: store, dir: dir, fsys: run, in: &Imported{}}
	t := &attest.Training{
		Origin: declaredFrom(source(name+"/meta.yaml", text)), Method: "unknown", Name: first(one(meta["run_name"]), runID(meta)),
		Parameters: map[string]string{}, Result: map[string]string{"3": attest.Succeeded, "4": attest.Failed, "5": attest.Failed}[one(meta["status"])],
		Started: millis(meta["start_time"]), Ended: millis(meta["end_time"]),
	}
	if t.Result == "" {
		t.Result = attest.Unknown
	}
	if t.Ended.Before(t.Started) {
		t.Ended = time.Time{}
	}
	r.each("params", func(key, value string) bool { return note(t.Parameters, key, value) })
	r.each("metrics", func(key, value string) bool {
		m, ok := lastValue(key, value)
		if ok {
			t.Metrics = append(t.Metrics, m)
		}
		return ok
	})
	t.Code = r.tags(t)
	t.DataSets = r.datasets()
	r.in.Predicates = []attest.Predicate{t}
	return r.in, r.err
}

type mlflowRun struct {
	store fs.FS
	dir   string
	fsys  fs.FS // the run's folder
	in    *Imported
	seen  int
	err   error
}

// each gives every file below a folder to take, and tells what was not taken.
func (r *mlflowRun) each(dir string, take func(key, value string) bool) {
	if r.err != nil {
		return
	}
	err := fs.WalkDir(r.fsys, dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if r.seen++; r.seen > maxRunFiles {
			return fmt.Errorf("more than %d parameters, metrics and tags", maxRunFiles)
		}
		text, err := readLimited(r.fsys, p)
		key := strings.TrimPrefix(p, dir+"/")
		if err != nil || !take(key, strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD"))) {
			r.in.NotRead = append(r.in.NotRead, dir+"/"+key)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.err = fmt.Errorf("read %s: %w", dir, err)
	}
}

// lastValue is the value of a metric at its highest step: lines of "time value step".
func lastValue(name, lines string) (attest.Metric, bool) {
	m, step, found := attest.Metric{Name: name}, int64(0), false
	for line := range strings.Lines(lines) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		at := int64(0)
		if len(f) > 2 {
			at, _ = strconv.ParseInt(f[2], 10, 64)
		}
		if v, ok := number(f[1]); ok && (!found || at >= step) {
			m.Value, step, found = v, at, true
		}
	}
	return m, found && len(name) <= maxValue
}

// tags takes the code's state out of the tags that MLflow writes itself, and notes who ran it.
func (r *mlflowRun) tags(t *attest.Training) *attest.Code {
	code := &attest.Code{Grade: attest.Declared}
	r.each("tags", func(key, value string) bool {
		if len(value) > maxValue {
			return false
		}
		switch key {
		case "mlflow.source.git.commit":
			code.Commit = value
		case "mlflow.source.git.repoURL":
			code.URI = withoutCredentials(value)
		case "mlflow.source.name":
			code.Entry = path.Base(strings.ReplaceAll(value, `\`, "/"))
		case "mlflow.user":
			t.Parameters["mlflow.user"] = value
		}
		return true // other tags say nothing of how the model came to be
	})
	if *code == (attest.Code{Grade: attest.Declared}) {
		return nil
	}
	return code
}

// datasets are the data sets among the inputs that were learned from: an input names one of the experiment's data sets by id and has
// a context. The digest is MLflow's own, short and often over a sample: it is declared, and no proof.
func (r *mlflowRun) datasets() []attest.Material {
	entries, err := fs.ReadDir(r.fsys, "inputs")
	if err != nil {
		return nil
	}
	var out []attest.Material
	for _, d := range entries[:min(len(entries), maxRunFiles)] {
		input := r.meta(path.Join(r.dir, "inputs", d.Name()))
		id := one(input["source_id"])
		if id == "" || strings.ContainsAny(id, `/\`) || one(input["source_type"]) != "DATASET" {
			r.in.NotRead = append(r.in.NotRead, "inputs/"+d.Name())
			continue
		}
		switch use := strings.ToLower(one(table(input["tags"])["mlflow.data.context"])); use {
		case "test", "testing", "eval", "evaluation", "validation":
			r.in.NotRead = append(r.in.NotRead, "inputs/"+d.Name()+": data for "+use)
			continue
		}
		data := r.meta(path.Join(path.Dir(r.dir), "datasets", id))
		m := attest.Material{Name: first(one(data["name"]), id), Grade: attest.Declared}
		if digest := one(data["digest"]); digest != "" {
			m.Digest = map[string]string{"mlflow": digest}
		}
		if len(m.Name) <= maxValue && len(m.Digest["mlflow"]) <= maxValue {
			out = append(out, m)
		}
	}
	return out
}

// meta is the meta.yaml of a folder, an empty one where it cannot be read.
func (r *mlflowRun) meta(dir string) map[string]any {
	text, err := readLimited(r.store, path.Join(dir, "meta.yaml"))
	if err != nil {
		return nil
	}
	meta, err := fields("meta.yaml", text)
	if err != nil {
		return nil
	}
	return meta
}

func millis(v any) time.Time {
	ms, err := strconv.ParseInt(one(v), 10, 64)
	if err != nil || ms <= 0 || ms > 253402300799000 { // the year 9999
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func readLimited(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRunFile+1))
	if err == nil && len(text) > maxRunFile {
		err = fmt.Errorf("%s: more than %d bytes", name, maxRunFile)
	}
	return text, err
}
