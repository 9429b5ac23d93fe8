package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

// EventsRequest asks for exchanges and events in the words of another system. Content is never among them.
type EventsRequest struct {
	Format string `json:"format"` // "ocsf" or "otel"
	From   uint64 `json:"from,omitempty"`
	To     uint64 `json:"to,omitempty"` // behind the last record; 0 for the newest
}

// Events writes one JSON object a line: for OCSF one event for each record that ends an exchange and each other record, for
// OpenTelemetry one span for each exchange that has ended. An exchange counts where its last record lies.
func (c *Custodian) Events(ctx context.Context, q EventsRequest, w io.Writer) error {
	size, err := c.o.Reader.Size()
	if err != nil {
		return err
	}
	if q.To == 0 || q.To > size {
		q.To = size
	}
	feed, err := c.Feed(q.Format)
	if err != nil {
		return err
	}
	out := &lines{w: w}
	err = feed.Each(ctx, q.From, q.To, func(t *Told) error { return out.add(t.Event) })
	return errors.Join(err, out.flush())
}

// intentOf looks up the intent of an exchange.
func (c *Custodian) intentOf(ctx context.Context, l *leaf) (*leaf, error) {
	id, err := custody.ParseID(l.ID)
	if err != nil {
		return nil, err
	}
	if err := c.index.CatchUp(ctx); err != nil {
		return nil, err
	}
	seqs, err := c.index.recordsIn(ctx, id)
	if err != nil || len(seqs) == 0 {
		return nil, err
	}
	r, err := c.o.Reader.Record(seqs[0])
	if errors.Is(err, custody.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parseLeaf(r.Seq, r.Leaf)
}

// lines gathers lines of JSON, so that not each of them is sent alone.
type lines struct {
	w io.Writer
	b []byte
}

func (l *lines) add(b []byte) error {
	l.b = append(append(l.b, b...), '\n')
	if len(l.b) < 64<<10 {
		return nil
	}
	return l.flush()
}

func (l *lines) flush() error {
	if len(l.b) == 0 {
		return nil
	}
	_, err := l.w.Write(l.b)
	l.b = l.b[:0]
	return err
}

// ended is an exchange that has ended, or an event.
type ended struct {
	*leaf
	intent *leaf // nil where there was none
	hash   custody.Hash
}

// about is what is known of the request: from the intent, else from the record itself.
func (e *ended) about() *leaf {
	if e.intent != nil {
		return e.intent
	}
	return e.leaf
}

func (e *ended) exchange() bool { return e.Kind == "outcome" || e.Kind == "aborted" }

// failed is the class of error that an exchange ended with, "" where it went well.
func (e *ended) failed() string {
	switch {
	case e.Kind == "aborted":
		return "aborted"
	case e.Refusal != "":
		return e.Refusal
	case e.Result != "" && e.Result != "ok":
		return e.Result
	}
	return ""
}

// provider is what the runtime speaks; it is local, so that no company stands behind it.
func (e *ended) provider() string {
	if d := e.about().Dialect; d != "" {
		return d
	}
	return "unknown"
}

type object = map[string]any

// The confidentiality of OCSF's data classification, by level.
var confidentiality = map[reeve.Level]int{reeve.Public: 1, reeve.Internal: 5, reeve.Confidential: 2, reeve.Restricted: 6}

// ocsf is an OCSF event: API Activity (class 6003, category 6) with the profiles ai_operation, record_integrity and
// data_classification, as in ocsf/ocsf-schema of August 2026. The fingerprint is SHA-256 over the event in RFC 8785 form
// without the fingerprint, as the attestation object asks for; the hash of the leaf in our own log stands under unmapped.
func ocsf(e *ended) any {
	activity, name := 99, e.Act
	if e.exchange() {
		name = "inference"
	}
	about := e.about()
	status, severity := 1, 1
	if e.failed() != "" {
		status, severity = 2, 2
	}
	out := object{
		"category_uid": 6, "class_uid": 6003, "activity_id": activity, "activity_name": orElse(name, e.Kind), "type_uid": 6003*100 + activity,
		"time": e.when().UnixMilli(), "severity_id": severity, "status_id": status,
		"metadata": object{
			"uid": strconv.FormatUint(e.Seq, 10), "correlation_uid": e.ID, "product": object{"name": "reeve", "vendor_name": "reeve"},
			"profiles": []string{"ai_operation", "data_classification", "record_integrity"}, "version": ocsfVersion, "log_name": "custody",
		},
		"actor":        object{"user": object{"uid": orElse(orElse(about.Subject, about.Actor), "unknown"), "type_id": 0}},
		"src_endpoint": object{"uid": orElse(about.KeyID, "unknown")},
		"api":          ocsfAPI(e),
		"unmapped":     object{"leaf_hash": hex.EncodeToString(e.hash[:]), "kind": e.Kind, "leaf_version": e.Version},
	}
	if e.exchange() && about.Start.Before(e.when()) {
		out["start_time"], out["end_time"] = about.Start.UnixMilli(), e.when().UnixMilli()
	}
	if e.exchange() && about.Model != "" {
		out["ai_model"] = object{"model_name": about.Model, "ai_provider": e.provider()}
		out["message_context"] = object{
			"ai_role_id": 2, "service": object{"name": orElse(about.Upstream, "reeve")}, "uid": e.ID,
			"prompt_tokens": e.TokIn, "completion_tokens": e.TokOut, "total_tokens": e.TokIn + e.TokOut,
		}
	}
	if labels := ocsfLabels(about.LabelIn, e.LabelOut); labels != nil {
		out["data_classifications"] = labels
	}
	attestation := object{"uid": strconv.FormatUint(e.Seq, 10), "chain_uid": "reeve/custody"}
	out["attestation"] = attestation
	if canonical, err := json.Marshal(out, json.Deterministic(true)); err == nil { // keys sorted, integers only: RFC 8785
		sum := sha256.Sum256(canonical)
		attestation["fingerprint"] = object{"algorithm_id": 3, "algorithm": "SHA-256", "value": hex.EncodeToString(sum[:])}
	}
	return out
}

// ocsfVersion is the version of the schema that the profiles are taken from.
const ocsfVersion = "1.9.0-dev"

func ocsfAPI(e *ended) object {
	about := e.about()
	api := object{"operation": orElse(orElse(about.Op, e.Act), e.Kind), "request": object{"uid": e.ID}, "service": object{"name": "reeve"}}
	response := object{}
	if e.HTTP != 0 {
		response["code"] = e.HTTP
	}
	if why := e.failed(); why != "" {
		response["error"] = why
	}
	if e.Rule != "" {
		response["message"] = e.Rule
	}
	if len(response) > 0 {
		api["response"] = response
	}
	return api
}

func ocsfLabels(texts ...string) []object {
	var out []object
	for _, l := range parseLabels(texts...) {
		if l.Level == reeve.Public && len(l.Categories) == 0 {
			continue
		}
		one := object{"confidentiality_id": confidentiality[l.Level], "confidentiality": l.Level.String()}
		if len(l.Categories) > 0 {
			one["category"] = strings.Join(l.Categories, ",")
		}
		out = append(out, one)
	}
	return out
}

// otelSchema names the version of the conventions that the attributes are taken from: gen_ai.* is in development.
const (
	otelSchema = "https://opentelemetry.io/schemas/1.44.0"
	otelScope  = "github.com/reeve-ai/reeve/internal/lifecycle"
)

// span is one exchange as an OTLP trace export in JSON (one ExportTraceServiceRequest a line, as the OTLP file exporter
// writes it), with the attributes of the GenAI conventions for a client's inference span. Events are no spans: nil.
func span(e *ended) any {
	if !e.exchange() {
		return nil
	}
	about := e.about()
	id := sha256.Sum256([]byte(e.ID))
	s := object{
		"traceId": orElse(about.TraceID, hex.EncodeToString(id[:16])), "spanId": hex.EncodeToString(id[16:24]),
		"name": strings.TrimSpace(orElse(about.Op, "chat") + " " + about.Model), "kind": 3,
		"startTimeUnixNano": nanos(about.Start), "endTimeUnixNano": nanos(e.when()),
		"attributes": spanAttributes(e),
	}
	if about.SpanID != "" { // of the caller
		s["parentSpanId"] = about.SpanID
	}
	if why := e.failed(); why != "" {
		s["status"] = object{"code": 2, "message": why}
	}
	return object{"resourceSpans": []object{{
		"resource":   object{"attributes": []object{text("service.name", "reeve")}},
		"scopeSpans": []object{{"scope": object{"name": otelScope}, "schemaUrl": otelSchema, "spans": []object{s}}},
	}}}
}

func spanAttributes(e *ended) []object {
	about := e.about()
	out := []object{text("gen_ai.operation.name", orElse(about.Op, "chat")), text("gen_ai.provider.name", e.provider()), text("gen_ai.response.id", e.ID)}
	add := func(key, value string) {
		if value != "" {
			out = append(out, text(key, value))
		}
	}
	add("gen_ai.request.model", about.Model)
	add("error.type", e.failed())
	add("reeve.policy", about.Policy)
	add("reeve.rule", e.Rule)
	add("reeve.label.in", about.LabelIn)
	add("reeve.label.out", e.LabelOut)
	if e.Finish != "" {
		out = append(out, object{"key": "gen_ai.response.finish_reasons", "value": object{"arrayValue": object{"values": []object{{"stringValue": e.Finish}}}}})
	}
	if about.Stream {
		out = append(out, object{"key": "gen_ai.request.stream", "value": object{"boolValue": true}})
		if e.FirstUS > 0 {
			out = append(out, object{"key": "gen_ai.response.time_to_first_chunk", "value": object{"doubleValue": float64(e.FirstUS) / 1e6}})
		}
	}
	for _, n := range []struct {
		key string
		n   int64
	}{{"gen_ai.usage.input_tokens", e.TokIn}, {"gen_ai.usage.output_tokens", e.TokOut}, {"reeve.record", int64(e.Seq)}} {
		if n.n > 0 {
			out = append(out, object{"key": n.key, "value": object{"intValue": strconv.FormatInt(n.n, 10)}})
		}
	}
	return out
}

func text(key, value string) object {
	return object{"key": key, "value": object{"stringValue": value}}
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
