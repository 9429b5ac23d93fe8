package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// cost is what a process used, its children included.
type cost struct {
	cpu    time.Duration // user and system
	wall   time.Duration
	peakMB float64
	out    []byte
	code   int
}

// run starts a program and waits for it. Findings make scanners exit with 1, so the exit code is the caller's to judge.
func run(dir, name string, args ...string) (cost, error) {
	c := exec.Command(name, args...)
	c.Dir = dir
	var out, diagnostics bytes.Buffer
	c.Stdout, c.Stderr = &out, &diagnostics
	start := time.Now()
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return cost{}, fmt.Errorf("run %s: %w", name, err)
	}
	u, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("run %s: no resource usage on this system", name)
	}
	if code := c.ProcessState.ExitCode(); code > 3 || code < 0 {
		return cost{}, fmt.Errorf("%s ended with %d: %s", name, code, lastLine(diagnostics.Bytes()))
	}
	return cost{
		cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), wall: time.Since(start),
		peakMB: float64(u.Maxrss) / 1024, out: out.Bytes(), code: c.ProcessState.ExitCode(),
	}, nil
}

func lastLine(b []byte) []byte {
	b = bytes.TrimSpace(b)
	return b[bytes.LastIndexByte(b, '\n')+1:]
}

// speedOptions name the programs that are compared; an empty one is left out.
type speedOptions struct {
	corpus, dir                        string
	reeve, gitleaks, hyperscan, python string
	rounds                             int
}

// engine is one program that is measured.
type engine struct {
	name  string
	limit int64 // bytes of the corpus that it gets, so that slow ones end
	run   func(file string, size int64) (mbPerCPU float64, err error)
}

// speed measures megabytes per CPU-second of every engine on the same corpus, round by round.
func speed(args []string) error {
	var o speedOptions
	if err := flags("speed", args, func(f *flag.FlagSet) {
		f.StringVar(&o.corpus, "corpus", "", "the mixed corpus")
		f.StringVar(&o.dir, "dir", os.TempDir(), "folder for slices of it")
		f.StringVar(&o.reeve, "reeve", "", "reeve's binary")
		f.StringVar(&o.gitleaks, "gitleaks", "", "gitleaks' binary")
		f.StringVar(&o.hyperscan, "hyperscan", "", "binary of hyperscan/scan.c")
		f.StringVar(&o.python, "python", "", "a Python with presidio-analyzer")
		f.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	}); err != nil {
		return err
	}
	engines := o.engines()
	figures := make([][]float64, len(engines))
	for range max(1, o.rounds) {
		for i, e := range engines {
			file := filepath.Join(o.dir, fmt.Sprintf("slice-%d.jsonl", e.limit))
			if err := head(o.corpus, file, e.limit); err != nil {
				return err
			}
			info, err := os.Stat(file)
			if err != nil {
				return fmt.Errorf("slice: %w", err)
			}
			mb, err := e.run(file, info.Size())
			if err != nil {
				return err
			}
			figures[i] = append(figures[i], mb)
		}
	}
	return o.report(engines, figures)
}

func (o *speedOptions) report(engines []engine, figures [][]float64) error {
	ours := median(figures[0])
	fmt.Printf("%-28s %14s %14s %14s %8s\n", "engine", "MB/CPU-s", "lowest", "highest", "ratio")
	for i, e := range engines {
		m := median(figures[i])
		fmt.Printf("%-28s %14.3g %14.3g %14.3g %8.3g\n", e.name, m, least(figures[i]), most(figures[i]), ours/m)
	}
	var g goals
	g.check("reeve scan, MB per CPU-second", ours, 250, true)
	bars := map[string]float64{"gitleaks": 200, "hyperscan": 4, "presidio": 300}
	for i, e := range engines {
		if bar, ok := bars[e.name]; ok {
			g.check("reeve scan / "+e.name, ours/median(figures[i]), bar, true)
		}
	}
	return g.err()
}

func (o *speedOptions) engines() []engine {
	out := []engine{
		{"reeve", 1 << 40, o.scan("--names", "off")},
		{"reeve with names", 40e6, o.scan()},
	}
	if o.hyperscan != "" {
		out = append(out, engine{"hyperscan", 1 << 40, func(file string, _ int64) (float64, error) {
			return reported(o.hyperscan, "patterns.txt", file)
		}})
	}
	if o.gitleaks != "" {
		out = append(out, engine{"gitleaks", 8e6, func(file string, size int64) (float64, error) {
			c, err := run("", o.gitleaks, "dir", "--no-banner", "--log-level", "error", "--redact", "--report-path", file+".gitleaks", "--report-format", "json", file) // it replaces the report, were it a device
			return rate(size, c), err
		}})
	}
	if o.python != "" {
		out = append(out, engine{"presidio", 400e3, func(file string, _ int64) (float64, error) {
			return reported(o.python, "presidio/analyze.py", file)
		}})
	}
	return out
}

// scan measures the whole command, from its start to its last line of output. No cache is used.
func (o *speedOptions) scan(extra ...string) func(string, int64) (float64, error) {
	return func(file string, size int64) (float64, error) {
		c, err := run("", o.reeve, append([]string{"scan", "-q", "--no-cache", "--format", "jsonl", "-o", os.DevNull, file}, extra...)...)
		if err == nil && c.code != 0 && c.code != 1 {
			err = fmt.Errorf("reeve scan ended with %d", c.code)
		}
		return rate(size, c), err
	}
}

// reported runs an engine that measures itself, without its start.
func reported(name, script, file string) (float64, error) {
	c, err := run("", name, script, file)
	if err != nil {
		return 0, err
	}
	var r struct {
		Bytes float64 `json:"bytes"`
		CPU   float64 `json:"cpu_s"`
	}
	if err := json.Unmarshal(lastLine(c.out), &r); err != nil {
		return 0, fmt.Errorf("%s: %w", script, err)
	}
	return r.Bytes / 1e6 / r.CPU, nil
}

func rate(size int64, c cost) float64 { return float64(size) / 1e6 / max(c.cpu.Seconds(), 1e-9) }
