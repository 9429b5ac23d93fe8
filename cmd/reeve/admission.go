package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/admission"
	"github.com/reeve-ai/reeve/internal/control"
)

func newAdmission() *cobra.Command {
	c := &cobra.Command{
		Use:   "admission",
		Short: "Tell which models the gateway serves, and break the glass for one",
		Long: `Tell which models the running gateway serves: those whose every file, as the runtime really loads it, is named by one
valid verdict of the gate. docs/admission.md tells how that is kept true while files and runtimes change.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newAdmissionStatus(), newAdmissionFiles(), newAdmissionAllow(), newAdmissionRevoke())
	return c
}

// errNoAdmission says that there is nothing to tell.
var errNoAdmission = errors.New("no model needs a verdict here")

// advised is an error with what to do next, for what is not a mistake of the caller's.
type advised struct {
	error
	hint string
}

// Hint tells what to do next.
func (e *advised) Hint() string  { return e.hint }
func (e *advised) Unwrap() error { return e.error }

func incomplete(hint, format string, args ...any) error {
	return &advised{fmt.Errorf(format, args...), hint}
}

// admissionCall is a question about one model, or about all.
type admissionCall struct {
	Upstream string        `json:"upstream,omitzero"`
	Model    string        `json:"model,omitzero"`
	Reason   string        `json:"reason,omitzero"`
	Life     time.Duration `json:"life,omitzero,format:nano"`
}

// callAdmission is the call that tells how models stand.
const callAdmission = "/admission/status"

// addAdmissionCalls lets commands ask the running server how models stand.
func (h *house) addAdmissionCalls(mux *http.ServeMux) {
	words := controlWords()
	control.Handle(mux, callAdmission, words, func(context.Context, struct{}) ([]admission.View, error) {
		if h.admission == nil {
			return nil, errNoAdmission
		}
		return h.admission.Views(), nil
	})
	control.Handle(mux, "/admission/allow", words, func(_ context.Context, in admissionCall) (*admission.Allowance, error) {
		if h.admission == nil {
			return nil, errNoAdmission
		}
		return h.admission.Allow(in.Upstream, in.Model, "operator", in.Reason, in.Life)
	})
	control.Handle(mux, "/admission/revoke", words, func(_ context.Context, in admissionCall) (bool, error) {
		if h.admission == nil {
			return false, errNoAdmission
		}
		return h.admission.Revoke(in.Upstream, in.Model, "operator")
	})
}

// withAdmission asks the server that runs on a data directory.
func withAdmission(dir string, do func(*control.Client) error) error {
	if err := exists(dir); err != nil {
		return err
	}
	client, err := control.Dial(dir, controlWords())
	if errors.Is(err, control.ErrNoServer) {
		return incomplete("start it with `reeve serve`; what a runtime loads is known while a gateway runs before it", "no gateway runs on %s", dir)
	}
	if err != nil {
		return err
	}
	defer client.Close()
	if err = do(client); errors.Is(err, errNoAdmission) {
		return usage("set admission.mode, or admission of a model, to warn or enforce", "%w", err)
	}
	return err
}

type admissionStatus struct {
	SchemaVersion int              `json:"schema_version"`
	Models        []admission.View `json:"models"`
}

func newAdmissionStatus() *cobra.Command {
	dir, format := defaultData, "text"
	c := &cobra.Command{
		Use:   "status",
		Short: "How every model stands, and why",
		Long: `How every model stands: admitted by a verdict, allowed without one (break-glass), or refused, with the reason and what to do.

Exit status: 0 all models are served · 1 a model in mode enforce is refused · 2 usage · 3 no gateway runs.`,
		Example: `  reeve admission status
  reeve admission status --format json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withAdmission(dir, func(client *control.Client) error {
				views, err := control.Call[[]admission.View](c.Context(), client, callAdmission, nil)
				if err != nil {
					return err
				}
				if format == "json" {
					err = printJSON(c.OutOrStdout(), admissionStatus{schemaVersion, views})
				} else {
					tellViews(c.OutOrStdout(), views)
				}
				for _, v := range views {
					if err == nil && v.Mode == "enforce" && v.Standing == "refused" {
						return &toldError{exitFindings}
					}
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&dir, "data", dir, "data directory of the server")
	addFormat(c, &format, "text", "json")
	return c
}

func tellViews(out io.Writer, views []admission.View) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "UPSTREAM\tMODEL\tMODE\tSTANDING\tFILES\tUNTIL")
	for _, v := range views {
		until := "-"
		if v.Until != nil {
			until = v.Until.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\n", v.Upstream, orAny(v.Model), v.Mode, v.Standing, len(v.Files), until)
	}
	_ = w.Flush() // to a terminal or a pipe, where nobody can help
	for _, v := range views {
		switch {
		case v.Standing == "refused":
			fmt.Fprintf(out, "\n%s %s: %s: %s\n  -> %s\n", v.Upstream, orAny(v.Model), v.Rule, v.Reason, v.Remedy)
		case v.Allowance != nil:
			fmt.Fprintf(out, "\n%s %s: allowed without a verdict by %s until %s: %s\n", v.Upstream, orAny(v.Model), v.Allowance.By, v.Allowance.Until.UTC().Format(time.RFC3339), v.Allowance.Reason)
		}
	}
}

func orAny(model string) string {
	if model == "" {
		return "(any name)"
	}
	return model
}

// modelFlags choose a model of an upstream.
type modelFlags struct{ data, upstream string }

func (f *modelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.data, "data", defaultData, "data directory of the server")
	c.Flags().StringVar(&f.upstream, "upstream", "", "upstream that serves the model (default: the one that does)")
}

// find is the one model that a name means.
func (f *modelFlags) find(c *cobra.Command, client *control.Client, name string) (admission.View, error) {
	views, err := control.Call[[]admission.View](c.Context(), client, callAdmission, nil)
	if err != nil {
		return admission.View{}, err
	}
	var found []admission.View
	for _, v := range views {
		if (f.upstream == "" || f.upstream == v.Upstream) && means(v.Model, name) {
			found = append(found, v)
		}
	}
	if len(found) != 1 {
		return admission.View{}, usage("`reeve admission status` lists them; --upstream says whose", "%d models are called %q", len(found), name)
	}
	return found[0], nil
}

// means reports whether a name that a person writes is that of a model, by its canonical name.
func means(canonical, name string) bool {
	return canonical == "" || canonical == name || canonical == (*admission.Ollama)(nil).Canonical(name)
}

func newAdmissionFiles() *cobra.Command {
	var f modelFlags
	format, into := "text", ""
	c := &cobra.Command{
		Use:   "files MODEL",
		Short: "The files that a runtime loads for a model, with their digests",
		Long: `The files that a runtime loads for a model, as lines that sha256sum understands. With --into they are also laid into a
folder of their own, by hard links where that is possible, so that the gate can judge exactly them.

Exit status: 0 done · 2 usage · 3 no gateway runs, or the files could not be measured.`,
		Example: `  reeve admission files support-bot
  reeve admission files support-bot --into staged/support-bot`,
		Args: exactly(1, "the name of a model"),
		RunE: func(c *cobra.Command, args []string) error {
			return withAdmission(f.data, func(client *control.Client) error {
				v, err := f.find(c, client, args[0])
				if err != nil {
					return err
				}
				if len(v.Files) == 0 {
					return incomplete(v.Remedy, "the files of %s are not known: %s", args[0], v.Reason)
				}
				if into != "" {
					if err := layFiles(v.Files, into); err != nil {
						return err
					}
				}
				if format == "json" {
					return printJSON(c.OutOrStdout(), admissionStatus{schemaVersion, []admission.View{v}})
				}
				for _, file := range v.Files {
					fmt.Fprintf(c.OutOrStdout(), "%s  %s\n", file.SHA256, file.Path)
				}
				return nil
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&into, "into", "", "new folder to lay the files into")
	addFormat(c, &format, "text", "json")
	return c
}

// layFiles links or copies files into a folder that is not there yet.
func layFiles(files []admission.FileView, into string) error {
	if _, err := os.Lstat(into); err == nil {
		return usage("name a folder that does not exist yet", "%s is there already", into)
	}
	for _, f := range files {
		to := filepath.Join(into, filepath.FromSlash(f.Name))
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("lay files: %q leads out of the folder", f.Name)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return fmt.Errorf("lay files: %w", err)
		}
		from, err := filepath.EvalSymlinks(f.Path)
		if err != nil {
			return fmt.Errorf("lay files: %w", err)
		}
		if os.Link(from, to) == nil {
			continue
		}
		if err := copyFile(from, to); err != nil {
			return fmt.Errorf("lay files: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, out.Close()) }()
	_, err = io.Copy(out, in)
	return err
}

func newAdmissionAllow() *cobra.Command {
	var f modelFlags
	reason, life := "", time.Hour
	c := &cobra.Command{
		Use:   "allow MODEL --reason TEXT",
		Short: "Break the glass: serve a model without a verdict, for a time",
		Long: `Serve a model without a verdict for a time, at most 24 hours. It binds the bytes that the model has now, is put on
record with its reason, raises an alarm, shows in the status and in the head of every answer, and ends by itself, with
the server, or with revoke.

Exit status: 0 done · 1 it cannot be allowed · 2 usage · 3 no gateway runs.`,
		Example: `  reeve admission allow support-bot --reason "the gate's host is down, ticket 4711" --for 2h`,
		Args:    exactly(1, "the name of a model"),
		RunE: func(c *cobra.Command, args []string) error {
			return withAdmission(f.data, func(client *control.Client) error {
				v, err := f.find(c, client, args[0])
				if err != nil {
					return err
				}
				a, err := control.Call[*admission.Allowance](c.Context(), client, "/admission/allow", admissionCall{v.Upstream, v.Model, reason, life})
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s is served without a verdict until %s; this is on record\n", args[0], a.Until.UTC().Format(time.RFC3339))
				return err
			})
		},
	}
	f.add(c)
	c.Flags().StringVar(&reason, "reason", "", "why, for the record (10 to 1000 bytes)")
	c.Flags().DurationVar(&life, "for", life, "for how long, at most 24h")
	return c
}

func newAdmissionRevoke() *cobra.Command {
	var f modelFlags
	c := &cobra.Command{
		Use:   "revoke MODEL",
		Short: "End a broken glass before its time",
		Long: `End what allow has begun. The next request meets the model as the gate left it.

Exit status: 0 done · 1 there was nothing to end · 2 usage · 3 no gateway runs.`,
		Example: `  reeve admission revoke support-bot`,
		Args:    exactly(1, "the name of a model"),
		RunE: func(c *cobra.Command, args []string) error {
			return withAdmission(f.data, func(client *control.Client) error {
				v, err := f.find(c, client, args[0])
				if err != nil {
					return err
				}
				was, err := control.Call[bool](c.Context(), client, "/admission/revoke", admissionCall{Upstream: v.Upstream, Model: v.Model})
				if err != nil {
					return err
				}
				if !was {
					fmt.Fprintf(c.ErrOrStderr(), "reeve: %s was not allowed without a verdict\n", args[0])
					return &toldError{exitFindings}
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s needs a verdict again\n", args[0])
				return err
			})
		},
	}
	f.add(c)
	return c
}
