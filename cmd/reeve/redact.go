package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/redact"
)

// keyHint tells how to make a key.
const keyHint = "make one with `(umask 077; head -c 32 /dev/urandom | base64 > redact.key)` and give --key file:redact.key, or give --data DIR"

// redactFlags are the flags of reeve redact.
type redactFlags struct {
	detectorFlags
	key              redactKey
	out, policy      string
	operators        []string
	subject, known   string
	include, exclude []string
	reverse, force   bool
	format           string
}

// redactKey says where the key comes from.
type redactKey struct{ spec, data, root string }

func (k *redactKey) add(c *cobra.Command) {
	c.Flags().StringVar(&k.spec, "key", "", "key of 32 bytes in hex or base64: file:PATH or env:NAME")
	c.Flags().StringVar(&k.data, "data", "", "data directory whose keyring gives the key, instead of --key")
	c.Flags().StringVar(&k.root, "root-key", "", "of --data, the "+rootKeyHelp)
}

// read returns the key, or none where the flags name none.
func (k *redactKey) read() (redact.Key, error) {
	switch {
	case k.spec != "" && k.data != "":
		return redact.Key{}, usage("one of them gives the key", "--key and --data exclude each other")
	case k.spec != "":
		key, err := redact.ReadKey(k.spec)
		if err != nil {
			return key, usage(keyHint, "%w", err)
		}
		return key, nil
	case k.data == "":
		return redact.Key{}, nil
	}
	if err := exists(k.data); err != nil {
		return redact.Key{}, err
	}
	ring, err := keyring.Open(keyring.Options{Dir: k.data, Root: k.root})
	if err != nil {
		return redact.Key{}, err
	}
	secret, err := ring.Derive("redact")
	if err := firstError(err, ring.Close()); err != nil {
		return redact.Key{}, err
	}
	return redact.NewKey(secret)
}

func newRedact() *cobra.Command {
	f := redactFlags{format: "text"}
	c := &cobra.Command{
		Use:   "redact IN -o OUT",
		Short: "Write a data set without the personal data and secrets in it",
		Long: `Write a copy of a file or folder in which something else takes the place of personal data and secrets,
read the copy again, and put it in place when nothing is found in it.

Operators, for everything or for KIND=…, a rule or a class such as secret/*:
  keep                          leave the value
  remove                        leave nothing
  mask[:char=*,last=4]          the kind in brackets (the default), or a character for each of the value's
  replace:text=WORD             a fixed text
  hash[:prefix=P,len=20]        keyed digest: equal values stay equal
  pseudonymise[:domain=keep,networks=keep]
                                a surrogate of the same format, the same for the same value everywhere
  encrypt[:fresh=true]          a token that --reverse turns back
  date-shift[:days=365,order=dmy]
                                dates move as far for all records of one --subject-field
  generalise[:order=dmy]        years, bands of ages, networks, areas of postcodes
Secrets are masked unless an operator for SECRET is given; remove, mask and replace count for them too.
docs/redact.md tells what each operator does with each kind.

Exit status: 0 everything is written and nothing was found in it · 1 something remained, and that file
was not written · 2 usage, policy or key · 3 some file could not be read or written back; the report names it.`,
		Example: `  reeve redact data/ -o clean/
  reeve redact train.jsonl -o clean.jsonl --key file:redact.key --operator pseudonymise --operator SECRET=remove
  reeve redact clean.jsonl -o back.jsonl --key file:redact.key --reverse`,
		Args: exactly(1, "one file or folder"),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c, args[0]) },
	}
	fs := c.Flags()
	fs.StringVarP(&f.out, "output", "o", "", "file or folder to write (required)")
	fs.StringArrayVar(&f.operators, "operator", nil, "operator, or KIND=operator; may be given more than once")
	fs.StringVar(&f.policy, "policy", "", "policy file (redact.yaml) instead of --operator")
	fs.StringVar(&f.subject, "subject-field", "", "field whose value decides how far the dates of a record move")
	fs.StringVar(&f.known, "surrogates", "", "OUT.surrogates of an earlier run with this key: what is in it stays")
	fs.StringSliceVar(&f.include, "include", nil, "only files that fit a pattern")
	fs.StringSliceVar(&f.exclude, "exclude", nil, "no files or folders that fit a pattern")
	fs.BoolVar(&f.reverse, "reverse", false, "turn the tokens of encrypt back")
	fs.BoolVar(&f.force, "force", false, "replace files that are there")
	f.key.add(c)
	f.detectorFlags.add(c)
	addFormat(c, &f.format, "text", "json")
	c.AddCommand(newRedactRisk())
	return c
}

func (f *redactFlags) run(c *cobra.Command, in string) error {
	if f.out == "" {
		return usage("for example -o clean/", "where to write is not given")
	}
	o, err := f.options()
	if err != nil {
		return err
	}
	if o.Known != nil {
		defer o.Known.Close()
	}
	if f.reverse {
		return f.runReverse(c, in, o)
	}
	rep, err := redact.Run(c.Context(), in, f.out, o)
	if err != nil {
		return redactError(err)
	}
	if f.format == "json" {
		err = printJSON(c.OutOrStdout(), rep)
	} else {
		err = printRedacted(c.OutOrStdout(), rep)
	}
	switch {
	case err != nil:
		return err
	case rep.Remaining > 0:
		return &toldError{exitFindings}
	case len(rep.Skipped) > 0:
		return &toldError{exitIncomplete}
	}
	return nil
}

func (f *redactFlags) runReverse(c *cobra.Command, in string, o redact.Options) error {
	rep, err := redact.Reverse(c.Context(), in, f.out, o)
	if err != nil {
		return redactError(err)
	}
	if f.format == "json" {
		err = printJSON(c.OutOrStdout(), rep)
	} else {
		err = printReversed(c.OutOrStdout(), rep)
	}
	closed := slices.ContainsFunc(rep.Files, func(t redact.Turned) bool { return t.OtherKey+t.Damaged > 0 })
	switch {
	case err != nil:
		return err
	case closed:
		return &toldError{exitFindings}
	case len(rep.Skipped) > 0:
		return &toldError{exitIncomplete}
	}
	return nil
}

// options compiles what the flags ask for.
func (f *redactFlags) options() (o redact.Options, err error) {
	o = redact.Options{Force: f.force, Clock: time.Now, Walk: dataset.WalkOptions{Include: f.include, Exclude: f.exclude}}
	if o.Key, err = f.key.read(); err != nil {
		return o, err
	}
	if f.reverse {
		if len(f.operators) > 0 || f.policy != "" || f.known != "" {
			return o, usage("--reverse turns all tokens of the key back", "--reverse takes no operators, policy or surrogates")
		}
		return o, nil
	}
	if o.Policy, err = f.loadPolicy(); err != nil {
		return o, err
	}
	if o.Inspector, err = f.inspector(); err != nil {
		return o, err
	}
	if f.known != "" {
		if o.Known, err = redact.OpenSurrogates(f.known, o.Key); err != nil {
			return o, redactError(err)
		}
	}
	return o, nil
}

func (f *redactFlags) loadPolicy() (*redact.Policy, error) {
	const hint = "`reeve redact --help` lists the operators"
	var p *redact.Policy
	switch {
	case f.policy != "" && len(f.operators) > 0:
		return nil, usage("put the operators into the policy", "--policy and --operator exclude each other")
	case f.policy != "":
		source, err := readSmall(f.policy)
		if err != nil {
			return nil, usage("give the path of a policy file", "read policy: %w", err)
		}
		if p, err = redact.ParsePolicy(f.policy, source); err != nil {
			return nil, usage("docs/redact.md shows a policy", "%w", err)
		}
	default:
		var err error
		if p, err = redact.NewPolicy(f.operators); err != nil {
			return nil, usage(hint, "--operator: %w", err)
		}
	}
	if f.subject != "" {
		p.SubjectField = f.subject
	}
	for _, key := range p.Keys() {
		if !knownKind(key) {
			return nil, usage("docs/kinds.md lists kinds and rules", "%q is no kind, rule or class of rules", key)
		}
	}
	return p, nil
}

// readSmall reads a file of at most 8 MiB.
func readSmall(path string) ([]byte, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxPolicy+1))
	if err == nil && len(b) > maxPolicy {
		err = errors.New(path + " is larger than 8 MiB")
	}
	return b, err
}

// knownKind reports whether something is called so that can be found.
func knownKind(key string) bool {
	class, all := strings.CutSuffix(key, "/*")
	for _, r := range detect.Rules() {
		if key == r.ID || key == string(r.Kind) || all && strings.HasPrefix(r.ID, class+"/") {
			return true
		}
	}
	return slices.Contains([]string{"PERSON", "ORGANIZATION", "LOCATION", "STREET_ADDRESS", "DATE_TIME", "DATE_OF_BIRTH", "AGE"}, key)
}

// redactError gives the mistakes of a run their hints.
func redactError(err error) error {
	switch {
	case errors.Is(err, redact.ErrNoKey):
		return usage(keyHint, "hash, pseudonymise, encrypt and date-shift need a key: %w", err)
	case errors.Is(err, redact.ErrExists):
		return usage("give another output, or --force to replace it", "%w", err)
	case errors.Is(err, redact.ErrInside):
		return usage("write beside the input, never into it", "%w", err)
	case errors.Is(err, redact.ErrSidecar):
		return usage("give the key of the run that wrote it", "%w", err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("redact: %w", err)
}

// printRedacted writes the report for people.
func printRedacted(w io.Writer, rep *redact.Report) error {
	var b strings.Builder
	for i := range rep.Files {
		f := &rep.Files[i]
		fmt.Fprintf(&b, "%s → %s (%s)\n", f.Path, f.Out, f.Format)
		for _, c := range f.Counts {
			instead := ""
			if c.Instead != "" {
				instead = fmt.Sprintf(" (%s instead)", c.Instead)
			}
			fmt.Fprintf(&b, "  %-20s %7d  %s%s\n", c.Kind, c.N, c.Operator, instead)
		}
		if f.Fields > 0 {
			fmt.Fprintf(&b, "  %d values were removed whole\n", f.Fields)
		}
		if f.Remaining > 0 {
			fmt.Fprintf(&b, "  NOT WRITTEN: %d findings remain after %d passes\n", f.Remaining, f.Passes)
		}
	}
	for _, s := range rep.Skipped {
		fmt.Fprintf(&b, "%s: not written: %s\n", s.Path, s.Reason)
	}
	if rep.Surrogates != "" {
		fmt.Fprintf(&b, "%s holds keyed digests of the surrogates: a scan with it and the key leaves them out\n", rep.Surrogates)
	}
	fmt.Fprintf(&b, "%s redacted in %s; read again: %s\n", counted(rep.Redacted, "value"), counted(len(rep.Files), "file"), counted(rep.Remaining, "finding"))
	_, err := io.WriteString(w, b.String())
	return err
}

func printReversed(w io.Writer, rep *redact.Reversed) error {
	var b strings.Builder
	for _, t := range rep.Files {
		fmt.Fprintf(&b, "%s → %s: %d values restored", t.Path, t.Out, t.Restored)
		if t.OtherKey > 0 {
			fmt.Fprintf(&b, ", %d tokens of another key left", t.OtherKey)
		}
		if t.Damaged > 0 {
			fmt.Fprintf(&b, ", %d damaged tokens left", t.Damaged)
		}
		b.WriteByte('\n')
	}
	for _, s := range rep.Skipped {
		fmt.Fprintf(&b, "%s: not written: %s\n", s.Path, s.Reason)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
