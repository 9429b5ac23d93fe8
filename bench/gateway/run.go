package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

const baseline = "revproxy"

// bench is one comparison: the mock, the baselines and the programs under test, and what is to be measured.
type bench struct {
	rounds  int
	d, warm time.Duration
	prompt  int
	scs     []scenario
	goals   goalList
	tmp     string
	targets []*target // the mock first, the baseline second
}

func runMain(args []string) {
	runtime.LockOSThread() // children die with this thread
	b := &bench{}
	fs := flag.NewFlagSet("run", flag.ExitOnError)
	fs.IntVar(&b.rounds, "rounds", 3, "rounds; every round measures every target in every scenario, the medians count")
	fs.DurationVar(&b.d, "d", 3*time.Second, "measured time of one run")
	fs.DurationVar(&b.warm, "warm", 500*time.Millisecond, "warm-up before it")
	fs.IntVar(&b.prompt, "prompt", 200, "length of the prompt in bytes")
	list := fs.String("scenarios", "c1,c32,burst,paced", "scenarios, 'all' for all, 'help' lists them")
	fast := fs.String("fasthttp", "", "the fasthttpproxy program, a second baseline (run.sh builds it)")
	buffered := fs.Bool("buffered", false, "a third baseline: the ReverseProxy that reads the request body first")
	iso := fs.Bool("isolate", false, "run in a network namespace that has only loopback")
	goals := fs.String("goals", os.Getenv("GOALS"), "goals for the programs under test, as 'c32_cpu_ratio<=0.75 errors<=0' or 'reeve:c32_cpu_ratio<=0.9'; a missed one ends with status 1")
	addr := fs.String("mock", "127.0.0.1:0", "the mock's address (port 0: a free one)")
	_ = fs.Parse(args) // exits on an error
	if fs.NArg() > 0 {
		fatal("unknown argument ", fs.Arg(0))
	}
	b.scs = chosenScenarios(*list)
	var err error
	if b.goals, err = parseGoals(*goals); err != nil {
		fatal(err)
	}
	if *iso {
		isolate()
	}
	if b.tmp, err = os.MkdirTemp("", "gatewaybench-"); err != nil {
		fatal(err)
	}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	go func() { <-sig; b.end(130) }()
	if err := b.startAll(*addr, *fast, *buffered); err != nil {
		fmt.Fprintln(os.Stderr, "gatewaybench:", err)
		b.end(1)
	}
	b.measure()
	b.end(b.report())
}

func chosenScenarios(list string) (scs []scenario) {
	for n := range strings.SplitSeq(list, ",") {
		if n == "all" {
			return scenarios
		}
		s, ok := findScenario(strings.TrimSpace(n))
		if !ok {
			for _, s := range scenarios {
				fmt.Fprintf(os.Stderr, "%-9s %s\n", s.name, s.about)
			}
			os.Exit(2)
		}
		scs = append(scs, s)
	}
	return scs
}

// startAll starts the mock, the baselines and every program that the environment names.
func (b *bench) startAll(addr, fast string, buffered bool) error {
	const self = "/proc/self/exe"
	mock := &target{name: "direct"}
	b.targets = append(b.targets, mock)
	if err := mock.startOwn(self, "mock", "-addr", addr); err != nil {
		return err
	}
	up := mock.base.String()
	own := func(name, prog string, args ...string) error {
		t := &target{name: name}
		b.targets = append(b.targets, t)
		return t.startOwn(prog, args...)
	}
	if err := own(baseline, self, "revproxy", "-quiet", "-addr", "127.0.0.1:0", "-upstream", up); err != nil {
		return err
	}
	if buffered {
		if err := own("revproxy-buffered", self, "revproxy", "-quiet", "-buffer", "-addr", "127.0.0.1:0", "-upstream", up); err != nil {
			return err
		}
	}
	if fast != "" {
		if err := own("fasthttp", fast, "127.0.0.1:0", mock.base.Host); err != nil {
			return err
		}
	}
	for _, p := range []string{"SUT", "SUT2", "SUT3", "SUT4", "SUT5", "SUT6", "SUT7", "SUT8", "SUT9"} {
		if os.Getenv(p+"_URL") == "" {
			if os.Getenv(p+"_CMD") != "" {
				return fmt.Errorf("%s_CMD is set, %s_URL is not", p, p)
			}
			continue
		}
		t := &target{sut: true}
		b.targets = append(b.targets, t)
		if err := t.startSUT(p, up, b.tmp, len(b.targets)); err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
	}
	return nil
}

// measure runs all rounds. The order of the targets turns from round to round.
func (b *bench) measure() {
	time.Sleep(500 * time.Millisecond)
	for _, t := range b.targets {
		t.idleMB = sample(t.pid).rssMB
		t.res, t.skip = map[string][]Result{}, map[string]string{}
		t.checkPolicy(b.targets[0].base)
	}
	for r := range b.rounds {
		for _, s := range b.scs {
			for i := range b.targets {
				b.once(b.targets[(i+r)%len(b.targets)], s, r)
			}
		}
	}
}

func (b *bench) once(t *target, s scenario, round int) {
	if t.skip[s.name] != "" {
		return
	}
	if round == 0 && s.kind != "chat" && t.sut { // a program under test need not speak every dialect
		if code, body := t.post(s.kind, s.stream, 0); code != 200 {
			t.skip[s.name] = fmt.Sprintf("%d %.100s", code, body)
			fmt.Fprintf(os.Stderr, "%s: %s not measured: %s\n", t.name, s.name, t.skip[s.name])
			return
		}
	}
	p := loadSpec{name: t.name, base: t.base, headers: t.headers, model: t.model, pid: t.pid, s: s, d: b.d, warm: max(b.warm, s.warm), prompt: b.prompt}
	if s.d > 0 {
		p.d = s.d
	}
	runtime.GC()
	res := runLoad(p)
	t.res[s.name] = append(t.res[s.name], res)
	fmt.Fprintf(os.Stderr, "round %d %-8s %-18s %8.0f req/s  cpu %7.1f µs  p50 %7.0f p99 %8.0f µs  errors %d %s\n",
		round+1, s.name, t.name, res.RPS, res.CPU, res.P50, res.P99, res.Errors, res.Error)
}

// report prints a JSON line a target, the table and the goals, and gives the exit status.
func (b *bench) report() int {
	direct, rp := b.targets[0], b.targets[1]
	code := 0
	for _, t := range b.targets {
		m := t.metrics(b.scs, direct, rp)
		t.printJSON(m, b.rounds, b.d.Seconds())
		if t.sut && !b.goals.check(t.name, m) {
			code = 1
		}
		if t.died() {
			fmt.Fprintf(os.Stderr, "%s ended by itself (%s)\n%s\n", t.name, t.proc.ProcessState, t.printed())
			code = 1
		}
	}
	table(b.targets, b.scs, direct, rp)
	return code
}

// end stops everything that was started and leaves.
func (b *bench) end(code int) {
	for _, t := range slices.Backward(b.targets) {
		t.stop()
	}
	_ = os.RemoveAll(b.tmp)
	os.Exit(code)
}
