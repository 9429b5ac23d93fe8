package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/audit"
	"github.com/reeve-ai/reeve/internal/report"
)

// writeBaselineFlags accept what is there.
type writeBaselineFlags struct {
	write                  bool
	owner, reason, expires string
	path                   string
}

func (b *writeBaselineFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&b.write, "write-baseline", false, "accept all findings: write them to the baseline; those accepted before keep their terms")
	f.StringVar(&b.owner, "owner", "", "with --write-baseline: who answers for it")
	f.StringVar(&b.reason, "reason", "", "with --write-baseline: why they may stay")
	f.StringVar(&b.expires, "expires", "", "with --write-baseline: day on which they count again, such as 2027-01-31")
}

func (b *writeBaselineFlags) check(s *scanFlags) error {
	if !b.write {
		if b.owner+b.reason+b.expires != "" {
			return usage("", "--owner, --reason and --expires go with --write-baseline")
		}
		return nil
	}
	const hint = `reeve scan --write-baseline --owner ml-team --reason "synthetic customers" --expires 2027-01-31 data/`
	var day audit.Date
	switch {
	case b.owner == "" || b.reason == "" || b.expires == "":
		return usage(hint, "--write-baseline wants --owner, --reason and --expires: nobody should have to guess them later")
	case day.UnmarshalText([]byte(b.expires)) != nil:
		return usage(hint, "--expires wants a day such as 2027-01-31")
	case s.git.lines || s.stdin:
		return usage(hint, "--write-baseline wants whole files")
	}
	if b.path = s.tell.baseline; b.path == "" {
		b.path = baselineFile
	}
	// A baseline that is to be written need not be there.
	if _, err := os.Lstat(b.path); audit.Missing(err) {
		s.tell.baseline = ""
	}
	return nil
}

// run scans and writes the baseline: entries that have not ended and are still met stay as they are.
func (b *writeBaselineFlags) run(ctx context.Context, o *audit.Options, source *scanSource, accepted *audit.Baseline) (*report.Summary, error) {
	o.Found = func(f *reeve.Finding) error {
		accepted.Add(f, b.owner, b.reason, audit.Date(b.expires))
		return nil
	}
	sum, err := source.run(ctx, *o)
	if err != nil {
		return sum, err
	}
	accepted.Entries = append(o.Baseline.Live(o.Today), accepted.Entries...)
	if err := accepted.Write(b.path); err != nil {
		return sum, fmt.Errorf("accept findings: %w", err)
	}
	return sum, nil
}
