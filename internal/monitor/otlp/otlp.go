// Package otlp sends traces and metrics of exchanges to an OpenTelemetry collector, in the words of the semantic conventions
// for generative AI. It follows the custody log, so that no request waits for it, and sends no content: what it knows has none.
//
// An exchange is one client span, gen_ai.* as of schema 1.44.0 (status Development). Its trace is the caller's, where the
// request had a traceparent, and its ids follow from the exchange's, as the gateway told the runtime.
package otlp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/monitor/record"
)

// Schema is the version of the conventions.
const Schema = "https://opentelemetry.io/schemas/1.44.0"

const scope = "github.com/reeve-ai/reeve"

// Source is the log. *custody.Reader is one.
type Source interface {
	Size() (uint64, error)
	Leaves(from, to uint64, fn func(*custody.Stored) error) error
}

// Options of Open.
type Options struct {
	Endpoint      string // such as http://127.0.0.1:4318
	Authorization string // header of that name; "": none
	TLS           *tls.Config
	SamplePercent int           // of traces
	Every         time.Duration // between two exports of metrics
	Queue         int           // records that spans may be behind; what is older is dropped
	Timeout       time.Duration // of one export; default 10 s
	Source        Source
	Version       string // of reeve
	Clock         reeve.Clock
	Log           *slog.Logger
}

// Exporter follows the log from the end that it finds.
type Exporter struct {
	o        Options
	spans    *collected
	exporter sdktrace.SpanExporter
	traces   *sdktrace.TracerProvider
	meters   *sdkmetric.MeterProvider
	tracer   trace.Tracer
	tokens   metric.Int64Histogram
	duration metric.Float64Histogram
	models   map[string]bool

	parser *record.Parser
	joiner *record.Joiner
	next   uint64

	dropped, failed, sent atomic.Uint64
}

// collected keeps the spans of a batch. It is used by one goroutine.
type collected struct{ list []sdktrace.ReadOnlySpan }

// OnStart implements sdktrace.SpanProcessor.
func (*collected) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd implements sdktrace.SpanProcessor.
func (c *collected) OnEnd(s sdktrace.ReadOnlySpan) { c.list = append(c.list, s) }

// Shutdown implements sdktrace.SpanProcessor.
func (*collected) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdktrace.SpanProcessor.
func (*collected) ForceFlush(context.Context) error { return nil }

// ids makes the ids of a span from those of its exchange.
type ids struct{}

type exchangeID struct{}

// NewIDs implements sdktrace.IDGenerator.
func (ids) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	sum, _ := ctx.Value(exchangeID{}).([sha256.Size]byte) //nolint:errcheck // set by span
	return trace.TraceID(sum[:16]), trace.SpanID(sum[16:24])
}

// NewSpanID implements sdktrace.IDGenerator.
func (g ids) NewSpanID(ctx context.Context, _ trace.TraceID) trace.SpanID {
	_, id := g.NewIDs(ctx)
	return id
}

// Open makes the exporters. It asks nobody: a collector that is away is no reason not to serve.
func Open(ctx context.Context, o Options) (*Exporter, error) {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	endpoint := strings.TrimSuffix(o.Endpoint, "/")
	headers := map[string]string{}
	if o.Authorization != "" {
		headers["Authorization"] = o.Authorization
	}
	spans, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint+"/v1/traces"), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(o.Timeout),
		otlptracehttp.WithTLSClientConfig(o.TLS), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	metrics, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpointURL(endpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(headers), otlpmetrichttp.WithTimeout(o.Timeout),
		otlpmetrichttp.WithTLSClientConfig(o.TLS), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{Enabled: false}))
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	e := &Exporter{o: o, spans: &collected{}, exporter: spans, models: map[string]bool{}, parser: record.NewParser(), joiner: record.NewJoiner()}
	about := resource.NewWithAttributes(Schema, attribute.String("service.name", "reeve"), attribute.String("service.version", o.Version))
	e.traces = sdktrace.NewTracerProvider(sdktrace.WithResource(about), sdktrace.WithIDGenerator(ids{}), sdktrace.WithSpanProcessor(e.spans),
		sdktrace.WithSampler(sdktrace.TraceIDRatioBased(float64(o.SamplePercent)/100)))
	e.tracer = e.traces.Tracer(scope, trace.WithSchemaURL(Schema))
	e.meters = sdkmetric.NewMeterProvider(sdkmetric.WithResource(about), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(metrics, sdkmetric.WithInterval(o.Every), sdkmetric.WithTimeout(o.Timeout))))
	if err := e.instruments(); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	if e.next, err = o.Source.Size(); err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return e, nil
}

// instruments are those that the conventions name, with the buckets that they advise.
func (e *Exporter) instruments() (err error) {
	m := e.meters.Meter(scope, metric.WithSchemaURL(Schema))
	var tokens, seconds []float64
	for n := 1.0; n <= 67108864; n *= 4 {
		tokens = append(tokens, n)
	}
	for n := 0.01; n < 100; n *= 2 {
		seconds = append(seconds, n)
	}
	e.tokens, err = m.Int64Histogram("gen_ai.client.token.usage", metric.WithUnit("{token}"), metric.WithDescription("Number of input and output tokens used."), metric.WithExplicitBucketBoundaries(tokens...))
	if err != nil {
		return err
	}
	e.duration, err = m.Float64Histogram("gen_ai.client.operation.duration", metric.WithUnit("s"), metric.WithDescription("GenAI operation duration."), metric.WithExplicitBucketBoundaries(seconds...))
	return err
}

// batchRecords are read for one export.
const batchRecords = 1024

// Run exports until ctx ends, and sends the metrics once more then.
func (e *Exporter) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	pace := custody.NewPace(e.o.Source.Size, e.o.Clock)
	for failing := false; ; {
		err := pace.Work(func() (bool, error) { return e.step(ctx) })
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			e.o.Log.Warn("spans reach the collector", "now", !failing, "error", err)
		}
		select {
		case <-ctx.Done():
			return e.close()
		case <-tick.C:
		}
	}
}

// close gives the collector a moment for the last metrics. That it is away is no failure of the server.
func (e *Exporter) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := errors.Join(e.meters.Shutdown(ctx), e.exporter.Shutdown(ctx), e.traces.Shutdown(ctx)); err != nil {
		e.o.Log.Debug("the last telemetry was not taken", "error", err)
	}
	return nil
}

// step exports one batch: spans that were not taken yet, then those of the next records.
func (e *Exporter) step(ctx context.Context) (more bool, err error) {
	size, err := e.o.Source.Size()
	if err != nil {
		return false, err
	}
	if behind := uint64(e.o.Queue); size-min(e.next, size) > behind && len(e.spans.list) > 0 { // the collector is away
		e.dropped.Add(uint64(len(e.spans.list)))
		e.spans.list = nil
	}
	if len(e.spans.list) == 0 {
		to := min(size, e.next+batchRecords)
		if err := e.read(e.next, to); err != nil {
			return false, err
		}
		e.next = to
	}
	if len(e.spans.list) > 0 {
		sending, cancel := context.WithTimeout(ctx, e.o.Timeout)
		defer cancel()
		if err := e.exporter.ExportSpans(sending, e.spans.list); err != nil {
			e.failed.Add(1)
			return false, err
		}
		e.sent.Add(uint64(len(e.spans.list)))
		e.spans.list = nil
	}
	return e.next < size, nil
}

func (e *Exporter) read(from, to uint64) error {
	var r record.Record
	return e.o.Source.Leaves(from, to, func(s *custody.Stored) error {
		if err := e.parser.Parse(&r, s); err != nil {
			return err
		}
		if e.joiner.Add(&r) && r.Ends() {
			e.span(&r)
			e.measure(&r)
		}
		return nil
	})
}

// span makes the span of an exchange.
func (e *Exporter) span(r *record.Record) {
	ctx := context.WithValue(context.Background(), exchangeID{}, sha256.Sum256([]byte(r.ID.String())))
	if parent, ok := parentOf(r); ok {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent)
	}
	_, s := e.tracer.Start(ctx, strings.TrimSpace(operation(r)+" "+r.Model), trace.WithSpanKind(trace.SpanKindClient), trace.WithTimestamp(r.Began), trace.WithAttributes(attributes(r)...))
	if r.Verdict() != "ok" {
		s.SetStatus(codes.Error, errorType(r))
	}
	s.End(trace.WithTimestamp(r.When()))
}

func parentOf(r *record.Record) (trace.SpanContext, bool) {
	t, err := trace.TraceIDFromHex(r.TraceID)
	if err != nil {
		return trace.SpanContext{}, false
	}
	s, err := trace.SpanIDFromHex(r.SpanID)
	if err != nil {
		return trace.SpanContext{}, false
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: t, SpanID: s, TraceFlags: trace.FlagsSampled, Remote: true}), true
}

func operation(r *record.Record) string {
	if r.Op == "" {
		return "chat"
	}
	return r.Op
}

func provider(r *record.Record) string {
	if r.Dialect == "" {
		return "unknown"
	}
	return r.Dialect
}

func errorType(r *record.Record) string {
	if r.Refusal != "" {
		return r.Refusal
	}
	return r.Verdict()
}

func attributes(r *record.Record) []attribute.KeyValue {
	out := []attribute.KeyValue{
		attribute.String("gen_ai.operation.name", operation(r)), attribute.String("gen_ai.provider.name", provider(r)), attribute.String("gen_ai.response.id", r.ID.String()),
		attribute.String("reeve.label", r.Label()), attribute.Int64("reeve.record", int64(r.Seq)), //nolint:gosec // a position
	}
	for _, a := range []struct{ key, value string }{
		{"gen_ai.request.model", r.Model}, {"reeve.policy", r.Policy}, {"reeve.rule", r.Rule}, {"reeve.upstream", r.Upstream}, {"http.route", r.Route},
	} {
		if a.value != "" {
			out = append(out, attribute.String(a.key, a.value))
		}
	}
	if r.Verdict() != "ok" {
		out = append(out, attribute.String("error.type", errorType(r)))
	}
	if r.Finish != "" {
		out = append(out, attribute.StringSlice("gen_ai.response.finish_reasons", []string{r.Finish}))
	}
	if r.Stream {
		out = append(out, attribute.Bool("gen_ai.request.stream", true))
		if r.FirstUS > 0 {
			out = append(out, attribute.Float64("gen_ai.response.time_to_first_chunk", float64(r.FirstUS)/1e6))
		}
	}
	for _, a := range []struct {
		key string
		n   int64
	}{
		{"gen_ai.usage.input_tokens", r.TokensIn},
		{"gen_ai.usage.output_tokens", r.TokensOut},
		{"http.response.status_code", r.HTTP},
		{"reeve.guard.us", r.GuardUS},
		{"reeve.custody.us", r.CustodyUS},
		{"reeve.queue.us", r.QueueUS},
		{"reeve.upstream.us", r.UpstreamUS},
	} {
		if a.n > 0 {
			out = append(out, attribute.Int64(a.key, a.n))
		}
	}
	return out
}

// maxModels bounds the models that metrics tell apart.
const maxModels = 100

// measure counts an exchange in the metrics.
func (e *Exporter) measure(r *record.Record) {
	model := r.Model
	if !e.models[model] {
		if len(e.models) < maxModels {
			e.models[model] = true
		} else {
			model = "other"
		}
	}
	ctx := context.Background()
	base := []attribute.KeyValue{attribute.String("gen_ai.operation.name", operation(r)), attribute.String("gen_ai.provider.name", provider(r)), attribute.String("gen_ai.request.model", model)}
	with := func(more ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributes(append(base[:len(base):len(base)], more...)...)
	}
	took := r.When().Sub(r.Began).Seconds()
	if r.Verdict() == "ok" {
		e.duration.Record(ctx, took, with())
	} else {
		e.duration.Record(ctx, took, with(attribute.String("error.type", errorType(r))))
	}
	if r.TokensIn > 0 {
		e.tokens.Record(ctx, r.TokensIn, with(attribute.String("gen_ai.token.type", "input")))
	}
	if r.TokensOut > 0 {
		e.tokens.Record(ctx, r.TokensOut, with(attribute.String("gen_ai.token.type", "output")))
	}
}

// Counts are spans that were sent and dropped, and exports that failed, since the start.
func (e *Exporter) Counts() (sent, dropped, failed uint64) {
	return e.sent.Load(), e.dropped.Load(), e.failed.Load()
}
