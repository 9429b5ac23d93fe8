//go:build linux

package console_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// BenchmarkPages has people click through the console of a log with many exchanges while others are written, and tells how long
// pages take. REEVE_CONSOLE_EXCHANGES, _PEOPLE and _SECONDS change how many, by how many and for how long; bench/console/run.sh
// asks for a million and fifty.
func BenchmarkPages(b *testing.B) {
	exchanges, people, seconds := setting("EXCHANGES", 2000), setting("PEOPLE", 5), setting("SECONDS", 2)
	h := newHouse(b)
	first := h.signIn("cora")
	began := time.Now()
	first.open("/console/")
	b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "ms/first-page")

	began = time.Now()
	h.fillUp(b, exchanges)
	b.Logf("%d exchanges written and indexed in %s", exchanges, time.Since(began).Round(time.Second))
	h.cost(b)
	ctx, cancel := context.WithTimeout(b.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	var all sync.WaitGroup
	all.Go(func() { _ = h.keeper.Run(ctx) })
	all.Go(func() { h.traffic(ctx) })
	srv := httptest.NewTLSServer(h.h)
	defer srv.Close()
	p, err := h.keeper.List(b.Context(), listing())
	must(b, err)
	var mu sync.Mutex
	times := map[string][]time.Duration{}
	var wrong atomic.Int64
	for range people {
		token := h.signIn("cora").token
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // our own server
		all.Go(func() {
			rng := rand.New(rand.NewPCG(1, rand.Uint64()))
			_, _ = fetch(ctx, client, srv.URL+"/console/docs", token) // opens the connection
			for ctx.Err() == nil {
				name, path := pick(rng, p.Hits[rng.IntN(len(p.Hits))].ID)
				took, err := fetch(ctx, client, srv.URL+path, token)
				if ctx.Err() != nil {
					return
				}
				if err != nil {
					wrong.Add(1)
					b.Log(name, err)
				}
				mu.Lock()
				times[name] = append(times[name], took)
				times["all"] = append(times["all"], took)
				mu.Unlock()
				pause(ctx, time.Duration(1000+rng.IntN(2000))*time.Millisecond) // people read
			}
		})
	}
	all.Wait()
	if wrong.Load() > 0 {
		b.Errorf("%d answers were wrong", wrong.Load())
	}
	for _, name := range slices.Sorted(mapsKeys(times)) {
		t := times[name]
		slices.Sort(t)
		tell(b, "%-10s %5d clicks  p50 %6.1f ms  p95 %6.1f ms  worst %6.1f ms", name, len(t), ms(t[len(t)/2]), ms(t[len(t)*95/100]), ms(t[len(t)-1]))
	}
	b.ReportMetric(ms(times["all"][len(times["all"])*95/100]), "ms/p95")
	b.ReportMetric(ms(times["all"][len(times["all"])/2]), "ms/p50")
}

// cost tells how much time of a processor each page takes when nobody else is there, which a busy machine does not change much.
func (h *house) cost(b *testing.B) {
	b.Helper()
	v := h.signIn("cora")
	p, err := h.keeper.List(b.Context(), listing())
	must(b, err)
	for _, c := range clicks {
		path := c.path
		if path == "" {
			path = "/console/exchanges/" + p.Hits[0].ID
		}
		v.open(path)
		const times = 10
		began := processor(b)
		for range times {
			v.open(path)
		}
		tell(b, "%-10s %6.2f ms of a processor", c.name, ms(processor(b)-began)/times)
	}
}

// processor is the time that this process has had.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tell prints a line; the lines of a benchmark's log are cut after ten.
func tell(b *testing.B, format string, args ...any) {
	b.Helper()
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

func setting(name string, def int) int {
	if n, err := strconv.Atoi(os.Getenv("REEVE_CONSOLE_" + name)); err == nil {
		return n
	}
	return def
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// clicks are the pages that people look at, with how often.
var clicks = []struct {
	name, path string
	weight     int
}{
	{"overview", "/console/", 15},
	{"live", "/console/exchanges", 15},
	{"poll", "/console/exchanges?part=rows", 15},
	{"refused", "/console/exchanges?result=refused", 8},
	{"model", "/console/exchanges?model=m3", 6},
	{"rule", "/console/exchanges?rule=secrets", 6},
	{"label", "/console/exchanges?label=restricted%7BHR%7D", 4},
	{"rare", "/console/exchanges?model=m3&result=failed", 4},
	{"nothing", "/console/exchanges?label=confidential%7BNONE%7D", 2},
	{"year", "/console/exchanges?since=2025-10-17&until=2026-11-21", 4},
	{"before", "/console/exchanges?before=5000", 4},
	{"exchange", "", 15},
	{"findings", "/console/findings?period=400d", 6},
	{"access", "/console/access", 3},
	{"keys", "/console/access/keys", 3},
	{"custody", "/console/custody", 4},
	{"events", "/console/custody/events?kind=access", 3},
	{"holds", "/console/custody/holds", 2},
	{"settings", "/console/settings", 3},
	{"doc", "/console/docs/gateway", 2},
	{"search", "/console/search?q=model", 3},
}

func pick(rng *rand.Rand, id string) (name, path string) {
	total := 0
	for _, c := range clicks {
		total += c.weight
	}
	n := rng.IntN(total)
	for _, c := range clicks {
		if n -= c.weight; n < 0 {
			if c.path == "" {
				return c.name, "/console/exchanges/" + id
			}
			return c.name, c.path
		}
	}
	return "overview", "/console/"
}

func fetch(ctx context.Context, client *http.Client, url, token string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	r.AddCookie(&http.Cookie{Name: "__Host-reeve", Value: token})
	began := time.Now()
	resp, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, resp.Status)
	}
	return time.Since(began), err
}

// write appends the nth exchange: nine of ten are answered, some are refused, blocked or fail.
func (h *house) write(n int) error {
	now := h.clock()
	req := custody.Request{Subject: fmt.Sprintf("user:u%d", n%500), Model: fmt.Sprintf("m%d", n%7), Route: "/v1/chat/completions", Dialect: "openai", Op: "chat", LabelIn: "internal", KeyID: "k1", Access: "allow"}
	o := &custody.Outcome{ID: custody.NewID(now), Start: now, End: now, Request: &req, Input: []byte("question"), Output: []byte("answer"), Result: "ok", HTTPStatus: 200, LabelOut: "public"}
	switch {
	case n%1000 == 3:
		o.Result, o.Rule, o.GuardOut = "blocked", "secrets", []custody.GuardResult{{Rule: "secrets", Stage: "out", Action: reeve.Block, Count: 1}}
	case n%200 == 7:
		o.Result, o.Rule = "refused", "mac-no-read-up"
	case n%5000 == 10:
		o.Result, req.LabelIn = "failed", "restricted{HR}"
	case n%10 == 1:
		o.GuardOut = []custody.GuardResult{{Rule: "pii", Stage: "out", Action: reeve.Mask, Count: 2}}
	}
	return h.log.Outcome(o)
}

// fillUp writes exchanges over the last 400 days, and has them indexed.
func (h *house) fillUp(b *testing.B, n int) {
	b.Helper()
	end := h.now
	h.mu.Lock()
	h.now = end.AddDate(0, 0, -400)
	h.mu.Unlock()
	step := end.Sub(h.now) / time.Duration(n)
	var next atomic.Int64
	var all sync.WaitGroup
	for range 1024 * runtime.GOMAXPROCS(0) { // a drain takes all that wait
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				h.pass(step - time.Millisecond)
				if err := h.write(int(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	h.mu.Lock()
	h.now = end
	h.mu.Unlock()
	must(b, h.catchUp())
}

// traffic writes two hundred exchanges a second.
func (h *house) traffic(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		if err := h.write(n); err != nil {
			h.t.Error(err)
			return
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func listing() lifecycle.Listing { return lifecycle.Listing{Kind: "exchange", Limit: 1000} }

func mapsKeys(m map[string][]time.Duration) iter.Seq[string] { return maps.Keys(m) }
