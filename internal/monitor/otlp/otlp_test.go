package otlp

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracespb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spanpb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/reeve-ai/reeve/internal/custody"
)

// fakeLog holds leaves.
type fakeLog struct{ records []custody.Stored }

func (l *fakeLog) Size() (uint64, error) { return uint64(len(l.records)), nil }

func (l *fakeLog) Leaves(from, to uint64, fn func(*custody.Stored) error) error {
	for i := from; i < min(to, uint64(len(l.records))); i++ {
		if err := fn(&l.records[i]); err != nil {
			return err
		}
	}
	return nil
}

var begin = time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)

func (l *fakeLog) exchange(model, result, more string) custody.ID {
	id := custody.NewID(begin.Add(time.Duration(len(l.records)) * time.Second))
	add := func(kind, members string) {
		leaf := fmt.Sprintf(`{%s,"kind":%q,"seq":%d,"ulid":%q,"v":"reeve.inference/1"}`, members, kind, len(l.records), id)
		l.records = append(l.records, custody.Stored{Seq: uint64(len(l.records)), Kind: kind, ID: id, Leaf: []byte(leaf)})
	}
	add("intent", fmt.Sprintf(`"dialect":"ollama","model":%q,"op":"chat","route":"/api/chat"%s,"t_start":"2026-11-21T09:00:00.000000000Z"`, model, more))
	add("outcome", fmt.Sprintf(`"finish":"stop","intended":true,"result":%q,"t_end":"2026-11-21T09:00:02.000000000Z","t_start":"2026-11-21T09:00:00.000000000Z","tokens_in":7,"tokens_out":5`, result))
	return id
}

// collector takes OTLP over HTTP.
type collector struct {
	mu      sync.Mutex
	away    bool
	spans   []*spanpb.Span
	metrics []string
	raw     []byte
	auth    string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var from io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		from = z
	}
	b, _ := io.ReadAll(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	c.raw, c.auth = append(c.raw, b...), r.Header.Get("Authorization")
	if strings.HasSuffix(r.URL.Path, "/v1/traces") {
		var m tracespb.ExportTraceServiceRequest
		if proto.Unmarshal(b, &m) == nil {
			for _, rs := range m.ResourceSpans {
				for _, ss := range rs.ScopeSpans {
					c.spans = append(c.spans, ss.Spans...)
				}
			}
		}
		return
	}
	var m metricspb.ExportMetricsServiceRequest
	if proto.Unmarshal(b, &m) == nil {
		for _, rm := range m.ResourceMetrics {
			for _, sm := range rm.ScopeMetrics {
				for _, one := range sm.Metrics {
					c.metrics = append(c.metrics, one.Name)
				}
			}
		}
	}
}

func open(t *testing.T, c *collector, l *fakeLog, change func(*Options)) *Exporter {
	t.Helper()
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	o := Options{Endpoint: srv.URL + "/", Authorization: "Bearer x", SamplePercent: 100, Every: time.Hour, Queue: 100, Source: l, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	e, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func steps(t *testing.T, e *Exporter) {
	t.Helper()
	for {
		more, err := e.step(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// TestSpans: an exchange is a span with the ids that the runtime was told, in the caller's trace where there is one.
func TestSpans(t *testing.T) {
	l, c := &fakeLog{}, &collector{}
	l.exchange("before", "ok", "")
	e := open(t, c, l, nil) // what was before the start is not told
	own := l.exchange("llama", "ok", "")
	called := l.exchange("llama", "blocked", `,"span_id":"b7ad6b7169203331","trace_id":"0af7651916cd43dd8448eb211c80319c"`)
	steps(t, e)
	if err := e.close(); err != nil {
		t.Fatal(err)
	}
	sum := func(id custody.ID) string { s := sha256.Sum256([]byte(id.String())); return hex.EncodeToString(s[:]) }
	var got []string
	for _, s := range c.spans {
		got = append(got, fmt.Sprintf("%s %x %x parent %x status %s attributes %d, %v", s.Name, s.TraceId, s.SpanId, s.ParentSpanId, s.Status.GetMessage(), len(s.Attributes), time.Duration(s.EndTimeUnixNano-s.StartTimeUnixNano)))
	}
	want := []string{
		fmt.Sprintf("chat llama %s %s parent  status  attributes 10, 2s", sum(own)[:32], sum(own)[32:48]),
		fmt.Sprintf("chat llama 0af7651916cd43dd8448eb211c80319c %s parent b7ad6b7169203331 status blocked attributes 11, 2s", sum(called)[32:48]),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if diff := cmp.Diff([]string{"gen_ai.client.token.usage", "gen_ai.client.operation.duration"}, c.metrics); diff != "" {
		t.Error(diff)
	}
	if c.auth != "Bearer x" || !strings.Contains(string(c.raw), Schema) || strings.Contains(string(c.raw), "gen_ai.input.messages") {
		t.Error("authorization, schema or content")
	}
}

// TestAway: spans wait for a collector that is away, up to a bound; what is dropped is counted, and metrics lose nothing.
func TestAway(t *testing.T) {
	l, c := &fakeLog{}, &collector{away: true}
	e := open(t, c, l, func(o *Options) { o.Queue = 3000 })
	for range 500 {
		l.exchange("m", "ok", "")
	}
	for range 5 {
		if _, err := e.step(t.Context()); err == nil {
			t.Fatal("no error")
		}
	}
	for range 4000 {
		l.exchange("m", "ok", "")
	}
	for range 20 {
		_, _ = e.step(t.Context())
	}
	c.mu.Lock()
	c.away = false
	c.mu.Unlock()
	steps(t, e)
	sent, dropped, failed := e.Counts()
	if sent+dropped != 4500 || dropped == 0 || sent < 1500 || failed == 0 || len(c.spans) != int(sent) {
		t.Errorf("sent %d, dropped %d, failed %d, arrived %d", sent, dropped, failed, len(c.spans))
	}
}

func TestSampling(t *testing.T) {
	for percent, ok := range map[int]func(n int) bool{0: func(n int) bool { return n == 0 }, 50: func(n int) bool { return n > 50 && n < 150 }} {
		l, c := &fakeLog{}, &collector{}
		e := open(t, c, l, func(o *Options) { o.SamplePercent = percent })
		for range 200 {
			l.exchange("m", "ok", "")
		}
		steps(t, e)
		if !ok(len(c.spans)) {
			t.Errorf("%d percent: %d of 200", percent, len(c.spans))
		}
		if err := e.close(); err != nil || len(c.metrics) != 2 {
			t.Error("metrics count all", err, c.metrics)
		}
	}
}

func TestModelsAreBounded(t *testing.T) {
	l, c := &fakeLog{}, &collector{}
	e := open(t, c, l, nil)
	for i := range 2 * maxModels {
		l.exchange(fmt.Sprintf("m%d", i), "ok", "")
	}
	steps(t, e)
	if len(e.models) != maxModels {
		t.Error(len(e.models))
	}
}
