package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// Result is one measured run. The CPU time is the target's alone, although mock, load generator and target share the machine.
type Result struct {
	Name     string  `json:"name"`
	Scenario string  `json:"scenario"`
	Requests int64   `json:"requests"`
	Errors   int64   `json:"errors"`
	Error    string  `json:"first_error,omitempty"`
	Seconds  float64 `json:"seconds"`
	RPS      float64 `json:"rps"`
	P50      float64 `json:"p50_us"`
	P99      float64 `json:"p99_us"`
	TTFT50   float64 `json:"ttft_p50_us,omitempty"`
	Token50  float64 `json:"token_p50_us,omitempty"`
	Token99  float64 `json:"token_p99_us,omitempty"`
	CPU      float64 `json:"cpu_us,omitempty"` // per request, or per 100-token stream
	PeakMB   float64 `json:"rss_peak_mb,omitempty"`
	NowMB    float64 `json:"rss_mb,omitempty"`
}

// loadSpec says what to send where, and whose CPU time counts.
type loadSpec struct {
	name    string
	base    *url.URL
	headers []string
	model   string
	pid     int
	s       scenario
	d, warm time.Duration
	prompt  int
	observe func(*reader, error) // called after every exchange, from many goroutines; may be nil
}

// requestBytes is one whole request on the wire; every request of a run is the same.
func (p loadSpec) requestBytes(seed int) []byte {
	body := requestBody(p.s.kind, p.model, p.s.stream, seed, p.prompt)
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: */*\r\nUser-Agent: gatewaybench\r\n",
		strings.TrimSuffix(p.base.Path, "/")+endpoints[p.s.kind].path, p.base.Host)
	auth := false
	for _, h := range p.headers {
		b.WriteString(h + "\r\n")
		auth = auth || strings.HasPrefix(strings.ToLower(h), "authorization:")
	}
	if !auth {
		b.WriteString("Authorization: Bearer sk-mock\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}

// runLoad warms up, measures for p.d and gives the figures of that time alone.
func runLoad(p loadSpec) Result {
	l := newLoad(p)
	l.start()
	time.Sleep(p.warm)
	a, t0 := sample(p.pid), time.Now()
	l.measuring.Store(true)
	time.Sleep(p.d)
	l.measuring.Store(false)
	seconds, b := time.Since(t0).Seconds(), sample(p.pid)
	l.stop()

	lat, ttft, tok := l.samples()
	res := Result{
		Name: p.name, Scenario: p.s.name, Requests: l.reqs.Load(), Errors: l.errs.Load(), Seconds: seconds,
		RPS: float64(l.reqs.Load()) / seconds, P50: pct(lat, .5), P99: pct(lat, .99), TTFT50: pct(ttft, .5),
		Token50: pct(tok, .5), Token99: pct(tok, .99), PeakMB: b.peakMB, NowMB: b.rssMB,
	}
	res.Error, _ = l.firstErr.Load().(string)
	if n := float64(l.toks.Load()); p.pid > 0 && n > 0 { // long streams: by the tokens, as few streams end in the time
		res.CPU = b.since(a).Seconds() * 1e6 / n * nTokens
	} else if p.pid > 0 && res.Requests > 0 {
		res.CPU = b.since(a).Seconds() * 1e6 / float64(res.Requests)
	}
	return res
}

func dial(u *url.URL) (net.Conn, error) {
	host := u.Host
	if u.Port() == "" {
		port := "80"
		if u.Scheme == "https" {
			port = "443"
		}
		host = net.JoinHostPort(u.Hostname(), port)
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	if u.Scheme == "https" {
		return tls.DialWithDialer(&d, "tcp", host, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}})
	}
	return d.Dial("tcp", host)
}

// pct gives a percentile in microseconds of durations in nanoseconds.
func pct(v []int64, p float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	return float64(v[min(int(p*float64(len(v))), len(v)-1)]) / 1000
}

type headerFlags []string

func (h *headerFlags) String() string     { return strings.Join(*h, "; ") }
func (h *headerFlags) Set(s string) error { *h = append(*h, s); return nil }

func loadMain(args []string) {
	fs := flag.NewFlagSet("load", flag.ExitOnError)
	target := fs.String("url", "http://127.0.0.1:9001", "base URL of the target")
	name := fs.String("s", "c32", "scenario")
	d := fs.Duration("d", 3*time.Second, "measured time")
	warm := fs.Duration("warm", 500*time.Millisecond, "warm-up, not counted")
	model := fs.String("model", "mock", "model name")
	pid := fs.Int("pid", 0, "measure this process and its children")
	var hs headerFlags
	fs.Var(&hs, "H", "extra header, may repeat")
	_ = fs.Parse(args) // exits on an error
	u, err := url.Parse(*target)
	if err != nil {
		fatal(err)
	}
	s, ok := findScenario(*name)
	if !ok {
		fatal("no scenario ", *name)
	}
	b, _ := json.Marshal(runLoad(loadSpec{
		name: *target, base: u, headers: hs, model: *model, pid: *pid, s: s,
		d: *d, warm: max(*warm, s.warm), prompt: 200,
	}))
	_, _ = os.Stdout.Write(append(b, '\n'))
}
