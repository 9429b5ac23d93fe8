package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
)

// runFlags are the flags of `reeve attest run`.
type runFlags struct {
	run                    lineage.Run
	key, statement, custom string
	name                   string
	params                 []string
	onFailure              bool
	who                    whoFlags
}

func newAttestRun() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run --data-set D --output O --key KEY -- COMMAND...",
		Short: "Run a training and sign for what went in and what came out",
		Long: `Run a training and sign for what went in and what came out. Inputs are hashed before the command runs and again after:
what changed meanwhile is told. Outputs are hashed when it has ended. The statement notes the command line without
secrets, the git commit and whether the working tree differs from it, the interpreter and its packages, start and end.

reeve sees what lies at the given paths, not what the command reads: a path that is not named is not in the statement.

Streams pass through, signals are handed on, and the exit status is that of the command: 128 and the signal's number where
one ended it. A training that failed leaves a statement with --on-failure alone.

Exit status: that of the command · 2 usage · 3 the command did not start, something could not be read, or the command left
nothing.`,
		Example: `  reeve attest run --data-set clean/ --base base/ --output model/ --key signing.key -- python train.py --epochs 3`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("`"+c.CommandPath()+" --help` shows an example", "%s wants a command after --", c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return f.do(c, args) },
	}
	fs := c.Flags()
	fs.SetInterspersed(false) // what follows the command is the command's
	fs.StringArrayVar(&f.run.Data, "data-set", nil, "file or folder that is learned from (may be repeated)")
	fs.StringArrayVar(&f.run.Base, "base", nil, "model that the training begins with (may be repeated)")
	fs.StringArrayVar(&f.run.Config, "config", nil, "configuration file (may be repeated)")
	fs.StringVar(&f.run.Output, "output", "", "file or folder that the command writes")
	fs.StringVar(&f.run.Method, "method", "", "training, fine-tune, adapter … (default: fine-tune with --base, training without)")
	fs.BoolVar(&f.run.Keep, "keep", false, "the output may hold files already; those that stay as they are do not count")
	fs.StringVar(&f.name, "name", "", "name of the run")
	fs.StringArrayVar(&f.params, "param", nil, "NAME=VALUE to note (may be repeated)")
	fs.StringVar(&f.key, "key", "", "private key that signs, as `reeve attest keygen` makes it")
	fs.StringVar(&f.statement, "statement", "", "file to append to (default: beside the output)")
	fs.BoolVar(&f.onFailure, "on-failure", false, "sign for a training that failed, too")
	fs.StringVar(&f.custom, "data", "", "data directory whose custody log gets the statement's digest")
	f.who.add(c)
	return c
}

func (f *runFlags) do(c *cobra.Command, command []string) error {
	switch {
	case f.run.Output == "":
		return usage("name the file or folder that the command writes", "--output is missing")
	case len(f.run.Data) == 0:
		return usage("name what the command learns from", "--data-set is missing")
	}
	key, err := readSigningKey(f.key) // before hours of training
	if err != nil {
		return err
	}
	by, err := f.who.read(c.Context())
	if err != nil {
		return err
	}
	if f.custom != "" {
		if err := exists(f.custom); err != nil {
			return err
		}
	}
	params, err := parametersOf(nil, f.params)
	if err != nil {
		return err
	}
	t, err := f.watch(c, command)
	if err != nil && (t == nil || t.Result == attest.Succeeded) {
		if errors.Is(err, lineage.ErrOutput) {
			err = &hinted{err, "give an output that is not there yet, or --keep"}
		}
		return err
	}
	code := *t.ExitCode
	if code == 0 || f.onFailure {
		t.Origin, t.Name, t.Parameters = origin(by, attest.Verified), f.name, params
		if err := f.sign(c, t, key); err != nil {
			return err
		}
	}
	if code != 0 {
		return &toldError{code}
	}
	return nil
}

// watch runs the command with its streams and signals.
func (f *runFlags) watch(c *cobra.Command, command []string) (*attest.Training, error) {
	mask, err := lineage.NewMasker()
	if err != nil {
		return nil, err
	}
	r := &f.run
	r.Command, r.Mask, r.Clock, r.Hash = command, mask, time.Now, hashMaterial
	r.Stdin, r.Stdout, r.Stderr = c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr()
	if r.Method == "" {
		if r.Method = "training"; len(r.Base) > 0 {
			r.Method = "fine-tune"
		}
	}
	all := make(chan os.Signal, 16)
	signal.Notify(all, lineage.Forwarded()...)
	defer signal.Stop(all)
	forward := make(chan os.Signal)
	stop := make(chan struct{})
	defer close(stop)
	go forwardSignals(all, forward, stop, term.IsTerminal(int(os.Stdin.Fd()))) //nolint:gosec // a file descriptor
	r.Signals = forward
	return r.Do(c.Context())
}

// forwardSignals hands signals on until stop is closed. What a terminal sends goes to the command without us.
func forwardSignals(in <-chan os.Signal, out chan<- os.Signal, stop <-chan struct{}, terminal bool) {
	for {
		select {
		case <-stop:
			return
		case s := <-in:
			if terminal && s == os.Interrupt {
				continue
			}
			select {
			case out <- s:
			case <-stop:
				return
			}
		}
	}
}

// hashMaterial is materialAt for what may hold something that cannot be hashed.
func hashMaterial(ctx context.Context, path string) (attest.Material, []attest.NotScanned, error) {
	files, err := filesOf(ctx, path)
	if err != nil {
		return attest.Material{}, nil, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return attest.Material{}, nil, fmt.Errorf("name of %s: %w", path, err)
	}
	var skipped []attest.NotScanned
	for _, s := range files.Skipped {
		skipped = append(skipped, attest.NotScanned{Path: s.Path, Reason: s.Reason})
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return attest.FileMaterial(filepath.Base(abs), files.Files[0]), skipped, nil
	}
	m, err := attest.FolderMaterial(filepath.Base(abs), files.Files)
	return m, skipped, err
}

func (f *runFlags) sign(c *cobra.Command, t *attest.Training, key *attest.PrivateKey) error {
	subjects, err := subjectsOf(t)
	if err != nil {
		return err
	}
	e, err := attest.SignPredicate(t, subjects, key)
	if err != nil {
		return err
	}
	path := f.statement
	if path == "" {
		path = statementPath(f.run.Output, "training")
	}
	digest, err := appendStatement(path, e)
	if err != nil {
		return err
	}
	for i, name := range t.Changed {
		if i == 10 {
			fmt.Fprintf(c.ErrOrStderr(), "reeve: %d more inputs changed\n", len(t.Changed)-i)
			break
		}
		fmt.Fprintf(c.ErrOrStderr(), "reeve: input %s changed while the command ran\n", clean(name))
	}
	fmt.Fprintf(c.ErrOrStderr(), "reeve: %s: %s\n", clean(path), clean(attest.Describe(t)))
	if f.custom == "" {
		return nil
	}
	return tellStatement(context.WithoutCancel(c.Context()), f.custom, "model.training", digest, trainingDetails(t, e), time.Now())
}

// subjectsOf are the files that came out. Where nothing did, the statement is about the run, known by the digest of what is said
// about it.
func subjectsOf(t *attest.Training) ([]attest.Resource, error) {
	var out []attest.Resource
	for i := range t.Outputs {
		out = append(out, t.Outputs[i].Subjects()...)
	}
	if len(out) > 0 {
		return out, nil
	}
	text, err := json.Marshal(t, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write predicate: %w", err)
	}
	sum := sha256.Sum256(text)
	return []attest.Resource{{Name: "run without output", Digest: map[string]string{"sha256": hex.EncodeToString(sum[:])}}}, nil
}

// trainingDetails are the digests and counts for the custody log. No path goes there: a path may name a person.
func trainingDetails(t *attest.Training, e *attest.Envelope) map[string]string {
	details := map[string]string{"payload": e.Digest(), "result": t.Result, "changed": strconv.Itoa(len(t.Changed))}
	for _, list := range []struct {
		name string
		all  []attest.Material
	}{{"base", t.Base}, {"data", t.DataSets}, {"output", t.Outputs}} {
		for i, m := range list.all {
			if i == 16 {
				details[list.name+"_more"] = strconv.Itoa(len(list.all) - i)
				break
			}
			digest := m.Digest["sha256"]
			if digest == "" {
				digest = m.Digest["rfc6962-sha256"]
			}
			details[list.name+"_"+strconv.Itoa(i+1)] = digest
		}
	}
	if t.Code != nil && t.Code.Commit != "" {
		details["commit"] = t.Code.Commit
	}
	return details
}
