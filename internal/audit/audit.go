// Package audit looks through data sets: it walks folders, has every file judged, and tells findings in the order of the
// files and of the bytes in them, whatever the number of workers.
//
// A run is a stream. feed.go walks and cuts big files of lines into chunks, worker.go judges chunks in parallel, and
// emit.go takes their results in order, counts lines on, leaves out what somebody has accepted, and tells the rest. A
// chunk's result does not depend on where it was cut, so shards (plan.go), the cache (cache.go) and a plain run give the
// same bytes.
package audit

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/dataset"
	"github.com/reeve-ai/reeve/internal/inspect"
	"github.com/reeve-ai/reeve/internal/label"
	"github.com/reeve-ai/reeve/internal/report"
)

// Options say how to look. Inspector must be set; the zero value of everything else is a plain run.
type Options struct {
	Inspector *inspect.Inspector
	Policy    *label.Policy  // nil: the one that ships
	Limits    dataset.Limits // From and To are ignored
	Walk      dataset.WalkOptions
	Workers   int    // 0: GOMAXPROCS, at most 16
	Root      string // fingerprints name files relative to this folder; "" leaves paths as they are given

	Values      bool           // findings bring their values
	Explain     bool           // findings say what made their score, which takes long
	MinSeverity reeve.Severity // what is less is not told
	Baseline    *Baseline      // nil: none
	Allow       *AllowList     // nil: none
	Lines       *ChangedLines  // only findings on these lines count; nil: all
	Cache       string         // folder of the cache; "" keeps none
	Exclude     []string       // files that are not read, such as the report itself

	Today    time.Time                  // for expiry
	Progress func(bytes int64)          // called from workers with the bytes that were done; nil: nobody
	Found    func(*reeve.Finding) error // gets every finding in order; the Finding is reused
}

// maxWorkers bounds the memory of a run that nobody gave a number: one reader of files cannot feed more.
const maxWorkers = 16

func (o *Options) workers() int {
	if o.Workers > 0 {
		return o.Workers
	}
	return min(runtime.GOMAXPROCS(0), maxWorkers)
}

// ErrChangedRules says that something was made under other rules, options or by another version.
var ErrChangedRules = errors.New("made with other rules or another version of reeve")

// Run looks through the paths. Where some file could not be read the Summary says so, and the error is nil. After ctx is
// cancelled the Summary holds what was done so far, and the error is that of ctx.
func Run(ctx context.Context, paths []string, o Options) (*report.Summary, error) {
	return run(ctx, &o, func(ctx context.Context, f *feeder) error { return f.walk(ctx, paths) }, paths)
}

// RunSources looks through sources that are no files on disk, such as what git has staged. open is called from workers.
func RunSources(ctx context.Context, list []Named, o Options) (*report.Summary, error) {
	o.Cache = ""
	return run(ctx, &o, func(ctx context.Context, f *feeder) error { return f.named(ctx, list) }, nil)
}

// Named is a source with the path by which it is told, and by which fingerprints name it.
type Named struct {
	Path string
	Open func() (dataset.Source, error) // a Source that is an io.Closer is closed
}

func run(ctx context.Context, o *Options, feed func(context.Context, *feeder) error, roots []string) (*report.Summary, error) {
	if o.Policy == nil {
		o.Policy = label.Default()
	}
	cache, err := openCache(o, roots)
	if err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	e := newEmitter(o)
	e.cache = cache
	err = stream(ctx, o, cache, feed, e)
	e.summary.Interrupt = ctx.Err() != nil
	if cerr := cache.close(err != nil); cerr != nil && err == nil && !errors.Is(cerr, errCacheOff) {
		err = fmt.Errorf("write cache: %w", cerr)
	}
	return e.done(), err
}

// sink takes results in order.
type sink interface {
	result(r *result) error
	// unfinished says that the run ends in the file of the last result.
	unfinished()
}

// stream has everything that feed finds judged, and gives the results to the sink.
func stream(ctx context.Context, o *Options, c *cache, feed func(context.Context, *feeder) error, to sink) error {
	inner, stop := context.WithCancel(ctx)
	defer stop()
	f := startFeeder(inner, o, c)
	fed := make(chan error, 1)
	go func() {
		defer close(f.ordered)
		defer close(f.jobs)
		fed <- feed(inner, f)
	}()
	err := take(f.ordered, to)
	stop()
	for range f.ordered { // the feeder may be waiting
	}
	f.workers.Wait()
	if feedErr := <-fed; err == nil && ctx.Err() == nil && !errors.Is(feedErr, context.Canceled) {
		err = feedErr
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		to.unfinished()
	}
	return err
}

// take gives results on, in order, until there are no more or one ends the run.
func take(results <-chan *result, to sink) error {
	for r := range results {
		<-r.ready
		if r.err != nil {
			return r.err
		}
		if err := to.result(r); err != nil {
			return err
		}
	}
	return nil
}
