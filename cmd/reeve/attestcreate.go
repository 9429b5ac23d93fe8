package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/attest"
	"github.com/reeve-ai/reeve/internal/lineage"
	"github.com/reeve-ai/reeve/internal/strict"
)

// predicateLimits bound a predicate that was written by hand.
var predicateLimits = strict.Limits{Bytes: 4 << 20, Marks: 100_000, Depth: 12}

// createFlags are the flags of every `reeve attest create KIND`.
type createFlags struct {
	key, output, predicate, data, format string
	who                                  whoFlags
}

// whoFlags say who is behind a statement.
type whoFlags struct{ name, role string }

func (w *whoFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&w.name, "by", "", "who says so (default: git's user.name and user.email, then $USER)")
	c.Flags().StringVar(&w.role, "role", "", "in which role")
}

// read finds out who it is. It is always declared: only the key of the signature is proof.
func (w *whoFlags) read(ctx context.Context) (attest.Who, error) {
	if w.name != "" {
		return attest.Who{Name: w.name, Role: w.role, From: "flag"}, nil
	}
	if name := lineage.GitUser(ctx, "."); name != "" {
		return attest.Who{Name: name, Role: w.role, From: "git"}, nil
	}
	for _, v := range []string{"USER", "USERNAME", "LOGNAME"} {
		if name := os.Getenv(v); name != "" {
			return attest.Who{Name: name, Role: w.role, From: "environment"}, nil
		}
	}
	return attest.Who{}, usage("give --by NAME, or set user.name of git", "nobody is named who says so")
}

// origin is the head of a statement that this command makes.
func origin(by attest.Who, grade attest.Grade) attest.Origin {
	return attest.Origin{By: by, At: time.Now().UTC().Truncate(time.Second), Tool: attest.Tool{Name: "reeve", Version: version().Version}, Grade: grade}
}

func newAttestCreate() *cobra.Command {
	c := &cobra.Command{
		Use:   "create KIND",
		Short: "Make a signed statement about a model",
		Long: `Make a signed statement about a file or a folder (in-toto Statement v1 in DSSE). Each file of it is hashed and is a
subject. What goes into a statement beyond that is declared, but for inputs that are given as files: they are hashed, too.

A predicate file (--predicate, YAML or JSON) says what the flags do not; what both say, the flags decide. It cannot
say who wrote the statement with what and when, nor call anything verified.

Inputs are files or folders; name:NAME or name:NAME@sha256:DIGEST declares one that is not here.

Other commands make the statements of other kinds: ` + "`reeve scan --statement`, `reeve model scan --statement`, `reeve gate`,\n`reeve attest run`" + ` for a training under watch, and ` + "`reeve attest import`" + ` for what other tools wrote.`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("kinds: training, conversion, merge, evaluation, approval, waiver; `"+c.CommandPath()+" --help` tells which commands make the others", "%s does not make %q", c.CommandPath(), args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCreateTraining(), newCreateConversion(), newCreateMerge(), newCreateEvaluation(), newCreateApproval(), newCreateWaiver())
	return c
}

// kindCommand is one kind of statement on the command line.
type kindCommand struct {
	kind, short, example string
	flags                func(c *cobra.Command)
	fill                 func(ctx context.Context, p attest.Predicate) error // what the flags say
}

// command builds `reeve attest create KIND`.
func (k kindCommand) command() *cobra.Command {
	f := createFlags{format: "text"}
	c := &cobra.Command{
		Use:     k.kind + " PATH --key KEY",
		Short:   k.short,
		Example: k.example,
		Long: k.short + `.

Exit status: 0 made · 2 usage, or a statement that would not be whole · 3 a file cannot be read or written.`,
		Args: exactly(1, "one file or folder that the statement is about"),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, &k, args[0]) },
	}
	fs := c.Flags()
	fs.StringVar(&f.key, "key", "", "private key that signs, as `reeve attest keygen` makes it")
	fs.StringVarP(&f.output, "output", "o", "", "file to append to (default: PATH.intoto.jsonl, in a folder KIND.intoto.jsonl)")
	fs.StringVar(&f.predicate, "predicate", "", "file with further members of the predicate (YAML or JSON)")
	fs.StringVar(&f.data, "data", "", "data directory whose custody log gets the statement's digest")
	f.who.add(c)
	k.flags(c)
	addFormat(c, &f.format, "text", "json")
	return c
}

func (f *createFlags) run(c *cobra.Command, k *kindCommand, about string) error {
	key, err := readSigningKey(f.key)
	if err != nil {
		return err
	}
	p := attest.NewPredicate(k.kind)
	if err := readPredicate(f.predicate, p); err != nil {
		return err
	}
	by := attest.OriginOf(p).By
	if by.Name == "" || f.who.name != "" {
		role := by.Role
		if by, err = f.who.read(c.Context()); err != nil {
			return err
		}
		if by.Role == "" {
			by.Role = role
		}
	} else if by.From = "file"; f.who.role != "" {
		by.Role = f.who.role
	}
	*attest.OriginOf(p) = origin(by, attest.Declared)
	if err := k.fill(c.Context(), p); err != nil {
		return err
	}
	m, err := materialAt(c.Context(), about)
	if err != nil {
		return err
	}
	if out := attest.Outputs(p); out != nil {
		*out = []attest.Material{m}
	}
	e, err := attest.SignPredicate(p, m.Subjects(), key)
	if err != nil {
		return usage("`"+c.CommandPath()+" --help` lists the flags; docs/lineage.md tells what each kind needs", "%w", err)
	}
	if f.output == "" {
		f.output = statementPath(about, k.kind)
	}
	digest, err := appendStatement(f.output, e)
	if err != nil {
		return err
	}
	if f.data != "" {
		details := map[string]string{"kind": k.kind, "payload": e.Digest(), "subjects": strconv.Itoa(len(m.Subjects()))}
		if err := tellStatement(c.Context(), f.data, "model."+k.kind, digest, details, time.Now()); err != nil {
			return err
		}
	}
	return tellCreated(c, f.format, k.kind, f.output, e, p)
}

// createdStatement is what commands that make a statement print with --format json.
type createdStatement struct {
	SchemaVersion int    `json:"schema_version"`
	Kind          string `json:"kind"`
	Path          string `json:"path"`
	Digest        string `json:"digest"` // sha256 of the payload
}

func tellCreated(c *cobra.Command, format, kind, path string, e *attest.Envelope, p attest.Predicate) error {
	if format == "json" {
		return printJSON(c.OutOrStdout(), createdStatement{schemaVersion, kind, path, e.Digest()})
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s\n%s: %s\n", kind, clean(attest.Describe(p)), clean(path), e.Digest())
	return err
}

// statementPath is where a statement lies by default: beside the file, or in the folder, that it is about.
func statementPath(about, kind string) string {
	if info, err := os.Stat(about); err == nil && info.IsDir() {
		return filepath.Join(about, kind+".intoto.jsonl")
	}
	return about + ".intoto.jsonl"
}

// readPredicate reads members of a predicate that somebody wrote.
func readPredicate(path string, p attest.Predicate) error {
	if path == "" {
		return nil
	}
	const hint = "docs/lineage.md shows a predicate file for each kind"
	text, err := readBounded(path, int64(predicateLimits.Bytes))
	if err != nil {
		return fmt.Errorf("read predicate: %w", err)
	}
	if filepath.Ext(path) == ".json" {
		err = json.Unmarshal(text, p, json.RejectUnknownMembers(true))
	} else {
		_, err = strict.Decode(path, text, p, predicateLimits)
	}
	if err != nil {
		return usage(hint, "predicate %s: %w", path, err)
	}
	o := attest.OriginOf(p)
	if o.Tool != (attest.Tool{}) || !o.At.IsZero() || o.Grade != "" || o.Imported != nil {
		return usage("leave at, tool, grade and imported out", "predicate %s says what only reeve may say", path)
	}
	if out := attest.Outputs(p); out != nil && len(*out) > 0 {
		return usage("name the file or folder on the command line: it is hashed", "predicate %s names outputs", path)
	}
	for _, in := range attest.Inputs(p) {
		if in.Material.Grade == "" {
			in.Material.Grade = attest.Declared
		}
		if in.Material.Grade == attest.Verified {
			return usage("give the file itself with a flag: it is hashed then", "predicate %s calls an input verified", path)
		}
	}
	return nil
}

// materialAt hashes a file or a folder.
func materialAt(ctx context.Context, path string) (attest.Material, error) {
	files, err := filesOf(ctx, path)
	if err != nil {
		return attest.Material{}, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return attest.Material{}, fmt.Errorf("name of %s: %w", path, err)
	}
	if len(files.Skipped) > 0 {
		return attest.Material{}, fmt.Errorf("hash %s: %s: %s", path, clean(files.Skipped[0].Path), files.Skipped[0].Reason)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		return attest.FileMaterial(filepath.Base(abs), files.Files[0]), nil
	}
	if len(files.Files) == 0 {
		return attest.Material{}, usage("give a folder with files in it", "%s holds no file", path)
	}
	return attest.FolderMaterial(filepath.Base(abs), files.Files)
}

// materials reads inputs from the command line: files, folders, and name:NAME[@sha256:DIGEST].
func materials(ctx context.Context, flag string, specs []string) ([]attest.Material, error) {
	var out []attest.Material
	for _, spec := range specs {
		m, err := materialOf(ctx, flag, spec)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func materialOf(ctx context.Context, flag, spec string) (attest.Material, error) {
	name, byName := strings.CutPrefix(spec, "name:")
	if !byName {
		if _, err := os.Stat(spec); err != nil {
			return attest.Material{}, usage("give a file or a folder; name:NAME declares what is not here", "--%s: %w", flag, err)
		}
		return materialAt(ctx, spec)
	}
	m := attest.Material{Name: name, Grade: attest.Declared}
	if at := strings.LastIndex(name, "@sha256:"); at >= 0 {
		digest := name[at+len("@sha256:"):]
		if b, err := hex.DecodeString(digest); err != nil || len(b) != 32 {
			return m, usage("64 hexadecimal digits", "--%s: the digest of %s is malformed", flag, name[:at])
		}
		m.Name, m.Digest = name[:at], map[string]string{"sha256": strings.ToLower(digest)}
	}
	if m.Name == "" {
		return m, usage("name:NAME or name:NAME@sha256:DIGEST", "--%s: no name", flag)
	}
	return m, nil
}
