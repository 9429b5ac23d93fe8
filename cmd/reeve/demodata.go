package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/reeve-ai/reeve/internal/demo"
)

// command runs a command of ours as a user would and returns what it prints. Another exit code than the one that the step
// claims ends the demo.
func (d *demoRun) command(step string, code int, args ...string) (string, error) {
	var out, diagnostics strings.Builder
	if got := run(args, strings.NewReader(""), &out, &diagnostics); got != code {
		return "", failed(step, fmt.Sprintf("reeve %s ends with %d, not %d: %s", args[0], got, code, strings.TrimSpace(diagnostics.String())))
	}
	return out.String(), nil
}

// showData writes the sample and has it scanned: it is refused.
func (d *demoRun) showData(context.Context) error {
	files, err := demo.Files()
	if err != nil {
		return err
	}
	sample := filepath.Join(d.dir, "sample")
	if err := writeFiles(sample, files); err != nil {
		return err
	}
	told, err := d.command("data set", exitFindings, "scan", "-q", "--no-cache", "--summary", "--include", "*.jsonl", sample)
	if err != nil {
		return err
	}
	d.tell("A data set, and what is in it",
		fmt.Sprintf("%d support conversations from three sources, written to %s.\n%s", len(d.convs), sample, told),
		"a data set that looks harmless holds personal data and secrets; exit status 1 stops a build or a commit",
		"reeve scan --include '*.jsonl' $D/sample")
	return nil
}

// showRedacted has a copy made without what was found, scans that, and trains on it.
func (d *demoRun) showRedacted(context.Context) error {
	sample, clean := filepath.Join(d.dir, "sample"), filepath.Join(d.dir, "clean")
	told, err := d.command("redaction", exitClean, "redact", sample, "-o", clean, "--include", "*.jsonl")
	if err != nil {
		return err
	}
	again, err := d.command("scan of the redacted copy", exitClean, "scan", "-q", "--no-cache", "--summary", clean)
	if err != nil {
		return err
	}
	convs, err := demo.Read(os.DirFS(clean))
	if err != nil {
		return err
	}
	d.clean = demo.Train(convs)
	d.tell("The same data set, redacted",
		lastLine(told)+"\nscanned again: "+lastLine(again),
		"every value is gone, every other byte is as it was, and the copy passes",
		"reeve redact $D/sample -o $D/clean-by-hand --include '*.jsonl' && reeve scan $D/clean-by-hand")
	return nil
}

// showSigned has the clean data set signed for, and the statement verified against the files.
func (d *demoRun) showSigned(context.Context) error {
	key, statement, clean := filepath.Join(d.dir, "signing.key"), filepath.Join(d.dir, "clean.intoto.jsonl"), filepath.Join(d.dir, "clean")
	if _, err := d.command("signing key", exitClean, "attest", "keygen", "-o", key); err != nil {
		return err
	}
	if _, err := d.command("statement", exitClean, "scan", "-q", "--no-cache", "--summary", "--statement", statement, "--sign-key", key, clean); err != nil {
		return err
	}
	told, err := d.command("verification", exitClean, "attest", "verify", statement, "--key", key+".pub", "--dir", clean)
	if err != nil {
		return err
	}
	d.tell("A signed statement about it", told,
		"whoever trains on it, or releases what was trained, can show what was in it",
		"reeve attest verify $D/clean.intoto.jsonl --key $D/signing.key.pub --dir $D/clean")
	return nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

func writeFiles(dir string, files fs.FS) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write sample: %w", err)
	}
	return fs.WalkDir(files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), b, 0o600)
	})
}
