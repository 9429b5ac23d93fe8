package lineage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/reeve-ai/reeve/internal/attest"
)

// HashFunc reads a file or a folder and returns it as a material, with what in it has no digest.
type HashFunc func(ctx context.Context, path string) (attest.Material, []attest.NotScanned, error)

// Run is one training under watch.
type Run struct {
	Command        []string // program and arguments
	Dir            string   // working directory; "" is the current one
	Base, Data     []string // inputs: files or folders
	Config         []string
	Output         string // file or folder that the command writes
	Method         string
	Keep           bool // the output may be there already; what the command leaves as it was is no output
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Signals        <-chan os.Signal // are handed on to the command
	Hash           HashFunc
	Mask           *Masker
	Clock          func() time.Time
}

// ErrStart says that the command did not start.
var ErrStart = errors.New("the command did not start")

// ErrOutput says that the output is not what a training may leave: it was there before, or nothing is there after.
var ErrOutput = errors.New("output")

// Do hashes the inputs, runs the command, hashes the inputs again and the outputs, and says what it saw; who and when the
// statement is from is left to the caller. It returns a training whenever the command ran, failed or not: ExitCode is the
// command's, 128 plus the signal's number where one ended it. Once the command runs, ctx no longer ends anything: what was
// trained is hashed although somebody interrupts.
func (r *Run) Do(ctx context.Context) (*attest.Training, error) {
	before, err := r.outputs(ctx)
	if err != nil {
		return nil, err
	}
	if len(before) > 0 && !r.Keep {
		return nil, fmt.Errorf("%w: %s holds files already", ErrOutput, r.Output)
	}
	t := &attest.Training{Method: r.Method, Command: r.Mask.Command(r.Command), Code: r.code(ctx), Environment: Environment(ctx, r.Command)}
	if err := r.inputs(ctx, t); err != nil {
		return nil, err
	}
	t.Started = r.Clock().UTC().Truncate(time.Second)
	code, err := r.command()
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	t.Ended = r.Clock().UTC().Truncate(time.Second)
	t.ExitCode = &code
	t.Result = attest.Succeeded
	if code != 0 {
		t.Result = attest.Failed
	}
	if t.Changed, err = r.changed(ctx, t); err != nil {
		return t, err
	}
	return t, r.made(ctx, t, before)
}

// inputs hashes what goes in.
func (r *Run) inputs(ctx context.Context, t *attest.Training) error {
	for _, list := range []struct {
		paths []string
		to    *[]attest.Material
	}{{r.Base, &t.Base}, {r.Data, &t.DataSets}, {r.Config, &t.Configuration}} {
		for _, path := range list.paths {
			m, skipped, err := r.Hash(ctx, path)
			if err != nil {
				return err
			}
			for _, s := range skipped {
				t.NotHashed = append(t.NotHashed, attest.NotScanned{Path: m.Name + "/" + s.Path, Reason: s.Reason})
			}
			*list.to = append(*list.to, m)
		}
	}
	return nil
}

// changed names the inputs that are not what they were before the command ran, a folder's files one by one.
func (r *Run) changed(ctx context.Context, t *attest.Training) ([]string, error) {
	var out []string
	paths := slices.Concat(r.Base, r.Data, r.Config)
	for i, was := range slices.Concat(t.Base, t.DataSets, t.Configuration) {
		now, _, err := r.Hash(ctx, paths[i])
		if err != nil {
			out = append(out, was.Name) // it is gone, or cannot be read any more
			continue
		}
		if maps.Equal(was.Digest, now.Digest) {
			continue
		}
		for _, name := range different(was.Files, now.Files) {
			out = append(out, was.Name+"/"+name)
		}
		if len(was.Files) == 0 {
			out = append(out, was.Name)
		}
	}
	return out, ctx.Err()
}

// different are the paths at which two lists of files differ.
func different(was, now []attest.File) []string {
	digests := map[string]string{}
	for _, f := range was {
		digests[f.Path] = f.SHA256
	}
	var out []string
	for _, f := range now {
		if digests[f.Path] != f.SHA256 {
			out = append(out, f.Path)
		}
		delete(digests, f.Path)
	}
	out = append(out, slices.Collect(maps.Keys(digests))...)
	slices.Sort(out)
	return out
}

// outputs are the files of the output that are there now, by path.
func (r *Run) outputs(ctx context.Context) (map[string]string, error) {
	out := map[string]string{}
	if _, err := os.Stat(r.Output); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return out, nil
		}
		return nil, fmt.Errorf("look at output: %w", err)
	}
	m, _, err := r.Hash(ctx, r.Output)
	if err != nil {
		return nil, err
	}
	for _, f := range m.Files {
		out[f.Path] = f.SHA256
	}
	if len(m.Files) == 0 && m.Digest["sha256"] != "" {
		out[m.Name] = m.Digest["sha256"]
	}
	return out, nil
}

// made notes what came out: the files that are new or changed. What lay there before, unchanged, is not this training's.
func (r *Run) made(ctx context.Context, t *attest.Training, before map[string]string) error {
	if _, err := os.Stat(r.Output); err == nil {
		m, skipped, err := r.Hash(ctx, r.Output)
		if err != nil {
			return err
		}
		for _, s := range skipped {
			t.NotHashed = append(t.NotHashed, attest.NotScanned{Path: m.Name + "/" + s.Path, Reason: s.Reason})
		}
		single := len(m.Files) == 0 && m.Digest["sha256"] != ""
		files := slices.DeleteFunc(slices.Clone(m.Files), func(f attest.File) bool {
			old := before[f.Path] == f.SHA256
			if old {
				t.NotHashed = append(t.NotHashed, attest.NotScanned{Path: m.Name + "/" + f.Path, Reason: "it was there before and is unchanged"})
			}
			return old
		})
		switch {
		case single && before[m.Name] != m.Digest["sha256"]:
			t.Outputs = []attest.Material{m}
		case len(files) > 0:
			made, err := attest.FolderMaterial(m.Name, files)
			if err != nil {
				return err
			}
			t.Outputs = []attest.Material{made}
		}
	}
	if len(t.Outputs) == 0 && t.Result == attest.Succeeded {
		return fmt.Errorf("%w: the command succeeded and left nothing new at %s", ErrOutput, r.Output)
	}
	return nil
}

// command runs the command and hands signals on.
func (r *Run) command() (int, error) {
	c := exec.Command(r.Command[0], r.Command[1:]...) //nolint:gosec // to run it is what it is for
	c.Dir, c.Stdin, c.Stdout, c.Stderr = r.Dir, r.Stdin, r.Stdout, r.Stderr
	if err := c.Start(); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrStart, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for {
		select {
		case s, open := <-r.Signals:
			if !open {
				r.Signals = nil
				continue
			}
			_ = c.Process.Signal(s) // it may have ended just now
		case err := <-ended:
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				return 0, fmt.Errorf("wait for the command: %w", err)
			}
			return exitCode(c.ProcessState), nil
		}
	}
}

// code is the state of the code that the command runs: of the script among its arguments, else of the working directory.
func (r *Run) code(ctx context.Context) *attest.Code {
	dir, script := r.Dir, ""
	if dir == "" {
		dir = "."
	}
	for _, arg := range r.Command {
		switch strings.ToLower(filepath.Ext(arg)) {
		case ".py", ".sh", ".ipynb", ".jl", ".r":
			if info, err := os.Stat(filepath.Join(dir, arg)); script == "" && !filepath.IsAbs(arg) && err == nil && info.Mode().IsRegular() {
				script = filepath.Join(dir, arg)
			} else if info, err := os.Stat(arg); script == "" && err == nil && info.Mode().IsRegular() {
				script = arg
			}
		}
	}
	at := dir
	if script != "" {
		at = filepath.Dir(script)
	}
	code := Code(ctx, at)
	if script == "" {
		return code
	}
	m, _, err := r.Hash(ctx, script)
	if err != nil {
		return code
	}
	if code == nil {
		code = &attest.Code{Grade: attest.Verified}
	}
	code.Entry, code.SHA256 = filepath.Base(script), m.Digest["sha256"]
	return code
}
