package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/report"
)

const shardExample = `  reeve scan plan data/ -n 4 -o plan.json
  reeve scan shard --plan plan.json --shard 1/4 -o part-1.jsonl     # on each machine its own
  reeve scan merge part-*.jsonl -o findings.jsonl --format jsonl`

func newScanPlan() *cobra.Command {
	d := detectorFlags{readings: true}
	var include, exclude []string
	n, output, allow := 1, "", ""
	c := &cobra.Command{
		Use:   "plan PATH…",
		Short: "Divide a scan into shards for several machines",
		Long: `Divide what lies in the paths into shards of about the same size. Every machine needs the same files under the same
names. The merged result is the same, byte for byte, for any number of shards.

Exit status: 0 done · 2 usage or configuration · 3 the paths cannot be listed.`,
		Example: shardExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("`reeve scan plan data/ -n 4 -o plan.json`", "reeve scan plan wants paths")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if n < 1 || n > audit.MaxShards {
				return usage("", "-n wants a number from 1 to %d", audit.MaxShards)
			}
			o, err := shardOptions(&d, allow)
			if err != nil {
				return err
			}
			o.Walk, o.Exclude = walkOptions(include, exclude), []string{output}
			plan, err := audit.MakePlan(c.Context(), args, n, 0, o)
			if err != nil {
				return fmt.Errorf("plan: %w", err)
			}
			b, err := json.Marshal(plan, jsontext.WithIndent(" "), json.Deterministic(true))
			if err != nil {
				return fmt.Errorf("encode plan: %w", err)
			}
			return writeOutput(c, output, append(b, '\n'))
		},
	}
	d.add(c)
	addWalk(c, &include, &exclude)
	c.Flags().IntVarP(&n, "shards", "n", n, "number of shards")
	c.Flags().StringVarP(&output, "output", "o", "", "write the plan to a file (default: standard output)")
	c.Flags().StringVar(&allow, "allow", "", "list of what is no finding (default: "+allowFile+" if there is one)")
	return c
}

func shardOptions(d *detectorFlags, allow string) (audit.Options, error) {
	in, err := d.inspector()
	if err != nil {
		return audit.Options{}, err
	}
	o := audit.Options{Inspector: in, Today: time.Now(), Root: repositoryRoot()}
	if path := orDefault(allow, allowFile); path != "" {
		if o.Allow, err = audit.ReadAllow(path); err != nil {
			return o, usage("docs/scan.md describes the allow list", "%w", err)
		}
	}
	return o, nil
}

func writeOutput(c *cobra.Command, path string, b []byte) error {
	if path == "" || path == "-" {
		_, err := c.OutOrStdout().Write(b)
		return err
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return usage("give -o a file in a folder that exists and may be written", "write: %w", err)
	}
	return nil
}

func newScanShard() *cobra.Command {
	d := detectorFlags{readings: true}
	plan, shard, output, allow, quiet := "", "", "", "", false
	c := &cobra.Command{
		Use:   "shard --plan PLAN --shard i/n",
		Short: "Scan one shard of a plan",
		Long: `Scan one shard of a plan. The result is for ` + "`reeve scan merge`" + `; it holds no values. Give the same --rules, --names
and --allow as for the plan: others are refused.

Exit status: 0 done · 2 usage, or plan and shard do not fit · 3 something was not scanned · 130 interrupted.`,
		Example: shardExample,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if plan == "" || shard == "" {
				return usage("`reeve scan shard --plan plan.json --shard 1/4 -o part-1.jsonl`", "reeve scan shard wants --plan and --shard")
			}
			return runShard(c, &d, plan, shard, output, allow, quiet)
		},
	}
	d.add(c)
	c.Flags().StringVar(&plan, "plan", "", "the plan")
	c.Flags().StringVar(&shard, "shard", "", "which shard, such as 1/4")
	c.Flags().StringVarP(&output, "output", "o", "", "write the result to a file (default: standard output)")
	c.Flags().StringVar(&allow, "allow", "", "list of what is no finding (default: "+allowFile+" if there is one)")
	c.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress on standard error")
	return c
}

// runShard scans a shard of the plan in a file.
func runShard(c *cobra.Command, d *detectorFlags, planPath, shard, output, allow string, quiet bool) error {
	text, err := os.ReadFile(planPath)
	if err != nil {
		return usage("`reeve scan plan` makes one", "read plan: %w", err)
	}
	plan, err := audit.ParsePlan(text)
	if err != nil {
		return usage("`reeve scan plan` makes one", "%s: %w", planPath, err)
	}
	i, n, ok := parseShard(shard)
	if !ok || n != len(plan.Shards) || i < 1 || i > n {
		return usage("", "--shard wants i/n with i from 1 to n; this plan has %d shards", len(plan.Shards))
	}
	o, err := shardOptions(d, allow)
	if err != nil {
		return err
	}
	t := tellFlags{output: output}
	out, closeOutput, err := t.open(c)
	if err != nil {
		return err
	}
	bar := newProgress(c.ErrOrStderr(), quiet)
	o.Progress = bar.add
	sum, err := audit.RunShard(c.Context(), plan, i, out, o)
	bar.done()
	err = errors.Join(err, closeOutput())
	switch {
	case errors.Is(err, audit.ErrPlan):
		return usage("give the same --rules, --names and --allow, and the same version of reeve, as for the plan", "%w", err)
	case err != nil:
		return err
	}
	for _, skip := range sum.NotScanned {
		fmt.Fprintf(c.ErrOrStderr(), "reeve: not scanned: %s: %s\n", clean(skip.Path), clean(skip.Reason))
	}
	if sum.Skipped > 0 {
		return &toldError{exitIncomplete}
	}
	return nil
}

// parseShard reads "i/n".
func parseShard(s string) (i, n int, ok bool) {
	a, b, found := strings.Cut(s, "/")
	i, err1 := strconv.Atoi(a)
	n, err2 := strconv.Atoi(b)
	return i, n, found && err1 == nil && err2 == nil
}

func newScanMerge() *cobra.Command {
	t := tellFlags{}
	c := &cobra.Command{
		Use:   "merge PART…",
		Short: "Put the results of all shards together",
		Long: `Put the results of all shards of one plan together, and tell the findings as a plain scan would. Shards that are missing,
given twice, incomplete or of another plan are refused.

Exit status: as for ` + "`reeve scan`" + `.`,
		Example: shardExample,
		RunE: func(c *cobra.Command, args []string) error {
			o := audit.Options{Today: time.Now()}
			if t.values {
				return usage("scan without shards to see values", "the results of shards hold no values")
			}
			if err := t.options(&o); err != nil {
				return err
			}
			var parts []audit.PartFile
			for _, name := range args {
				parts = append(parts, audit.PartFile{Name: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }})
			}
			return t.report(c, &o, nil, true, func(context.Context) (*report.Summary, error) {
				sum, err := audit.Merge(parts, o)
				if errors.Is(err, audit.ErrPlan) {
					err = usage("give the results of all shards of one plan, each once", "%w", err)
				}
				return sum, err
			})
		},
	}
	t.add(c)
	return c
}

func newScanHash() *cobra.Command {
	salt := ""
	c := &cobra.Command{
		Use:   "hash --salt SALT",
		Short: "Print what stands for a value in the allow list",
		Long: `Read a value from standard input, without the line break at its end, and print what stands for it in .reeve/allow.yaml under
the salt of that file. Whoever has the file can try values, so do not list short ones that must stay secret.

Exit status: 0 done · 2 usage.`,
		Example: `  printf %s support@our-company.com | reeve scan hash --salt "$(sed -n 's/^salt: //p' .reeve/allow.yaml)"`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if len(salt) < 16 {
				return usage("`openssl rand -hex 16` makes one", "--salt wants at least 16 characters, the salt of the allow list")
			}
			value, err := io.ReadAll(io.LimitReader(c.InOrStdin(), 4<<10+1))
			if err != nil {
				return fmt.Errorf("read value: %w", err)
			}
			value = []byte(strings.TrimRight(string(value), "\r\n"))
			if len(value) == 0 || len(value) > 4<<10 {
				return usage("", "standard input wants a value of 1 to 4096 bytes")
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), audit.HashValue(salt, value))
			return err
		},
	}
	c.Flags().StringVar(&salt, "salt", "", "the salt of the allow list")
	return c
}
