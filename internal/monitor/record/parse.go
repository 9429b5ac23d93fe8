package record

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve/internal/custody"
)

// inference is how the version of exchanges' leaves is spelt in them.
var inference = []byte(`"v":"reeve.inference/1"}`)

// maxWords bounds the strings that a Parser keeps.
const maxWords = 4096

// Parser reads leaves. It keeps strings that come again, so that most records cost no memory. It belongs to one goroutine.
type Parser struct{ words map[string]string }

// NewParser returns an empty one.
func NewParser() *Parser { return &Parser{words: map[string]string{}} }

// word is b as a string.
func (p *Parser) word(b []byte) string {
	if s, known := p.words[string(b)]; known {
		return s
	}
	if len(p.words) >= maxWords {
		clear(p.words)
	}
	s := string(b)
	p.words[s] = s
	return s
}

// Parse reads a leaf into r, which it overwrites. Leaves of exchanges are canonical (docs/custody-format.md, Leaf) and are read
// member by member; everything else goes through a JSON parser. Members that are not known stay unread.
func (p *Parser) Parse(r *Record, s *custody.Stored) error {
	*r = Record{Seq: s.Seq, Kind: s.Kind, ID: s.ID, Guard: r.Guard[:0]}
	if !bytes.HasSuffix(s.Leaf, inference) || !p.members(r, s.Leaf) {
		*r = Record{Seq: s.Seq, Kind: s.Kind, ID: s.ID}
		return parseAny(r, s.Leaf)
	}
	r.Began = r.Start
	return nil
}

func (p *Parser) members(r *Record, rest []byte) bool {
	for len(rest) > 1 && (rest[0] == '{' || rest[0] == ',') {
		name, value, after := member(rest[1:])
		if after == nil || !p.set(r, name, value) {
			return false
		}
		rest = after
	}
	return len(rest) == 1 && rest[0] == '}'
}

// member takes "name":value off the front. after is nil where that is not what stands there.
func member(b []byte) (name, value, after []byte) {
	if len(b) < 4 || b[0] != '"' {
		return nil, nil, nil
	}
	end := bytes.IndexByte(b[1:], '"')
	if end < 0 || len(b) < end+4 || b[end+2] != ':' {
		return nil, nil, nil
	}
	name, b = b[1:end+1], b[end+3:]
	switch b[0] {
	case '"':
		k := bytes.IndexByte(b[1:], '"')
		if k < 0 || bytes.IndexByte(b[1:k+1], '\\') >= 0 {
			return nil, nil, nil
		}
		return name, b[1 : k+1], b[k+2:]
	case '[':
		k := bytes.IndexByte(b, ']') // no member of an exchange holds a list in a list
		if k < 0 {
			return nil, nil, nil
		}
		return name, b[:k+1], b[k+1:]
	}
	k := bytes.IndexAny(b, ",}")
	if k < 0 {
		return nil, nil, nil
	}
	return name, b[:k], b[k:]
}

// set keeps a member. It reports false for a value of another form than ours.
func (p *Parser) set(r *Record, name, value []byte) bool {
	if text := r.text(string(name)); text != nil {
		*text = p.word(value)
		return true
	}
	var err error
	if n := r.number(string(name)); n != nil {
		*n, err = strconv.ParseInt(string(value), 10, 64)
		return err == nil
	}
	switch string(name) {
	case "trace_id":
		r.TraceID = string(value) // never comes again
	case "span_id":
		r.SpanID = string(value)
	case "t_start":
		r.Start, err = time.Parse(time.RFC3339Nano, string(value))
	case "t_end":
		r.End, err = time.Parse(time.RFC3339Nano, string(value))
	case "intended":
		r.Intended = string(value) == "true"
	case "stream":
		r.Stream = string(value) == "true"
	case "seq":
		return string(value) == strconv.FormatUint(r.Seq, 10)
	case "guard":
		return p.guard(r, value)
	}
	return err == nil
}

func (r *Record) text(name string) *string {
	switch name {
	case "route":
		return &r.Route
	case "dialect":
		return &r.Dialect
	case "op":
		return &r.Op
	case "model":
		return &r.Model
	case "upstream":
		return &r.Upstream
	case "label_in":
		return &r.LabelIn
	case "label_out":
		return &r.LabelOut
	case "policy":
		return &r.Policy
	case "result":
		return &r.Result
	case "refusal":
		return &r.Refusal
	case "rule":
		return &r.Rule
	case "finish":
		return &r.Finish
	}
	return nil
}

func (r *Record) number(name string) *int64 {
	switch name {
	case "http":
		return &r.HTTP
	case "tokens_in":
		return &r.TokensIn
	case "tokens_out":
		return &r.TokensOut
	case "us_first":
		return &r.FirstUS
	case "us_guard":
		return &r.GuardUS
	case "us_custody":
		return &r.CustodyUS
	case "us_queue":
		return &r.QueueUS
	case "us_upstream":
		return &r.UpstreamUS
	}
	return nil
}

// guard reads [{"action":…,"n":…,"rule":…,"stage":…},…].
func (p *Parser) guard(r *Record, b []byte) bool {
	if len(b) < 2 || b[0] != '[' {
		return false
	}
	b = b[1 : len(b)-1]
	for len(b) > 0 {
		k := bytes.IndexByte(b, '}')
		if b[0] != '{' || k < 0 {
			return false
		}
		var m Match
		for rest := b[:k+1]; len(rest) > 1; {
			name, value, after := member(rest[1:])
			if after == nil {
				return false
			}
			switch string(name) {
			case "action":
				m.Action = p.word(value)
			case "rule":
				m.Rule = p.word(value)
			case "stage":
				m.Stage = p.word(value)
			case "n":
				n, err := strconv.ParseInt(string(value), 10, 64)
				if err != nil {
					return false
				}
				m.N = n
			}
			rest = after
		}
		r.Guard = append(r.Guard, m)
		if b = b[k+1:]; len(b) > 0 && b[0] == ',' {
			b = b[1:]
		}
	}
	return true
}

// any are the members of leaves of every kind.
type anyLeaf struct {
	Seq      uint64            `json:"seq"`
	Start    time.Time         `json:"t_start"`
	End      time.Time         `json:"t_end"`
	Route    string            `json:"route"`
	Dialect  string            `json:"dialect"`
	Op       string            `json:"op"`
	Model    string            `json:"model"`
	Upstream string            `json:"upstream"`
	LabelIn  string            `json:"label_in"`
	LabelOut string            `json:"label_out"`
	Policy   string            `json:"policy"`
	Result   string            `json:"result"`
	Refusal  string            `json:"refusal"`
	Rule     string            `json:"rule"`
	Finish   string            `json:"finish"`
	TraceID  string            `json:"trace_id"`
	SpanID   string            `json:"span_id"`
	Act      string            `json:"act"`
	Object   string            `json:"object"`
	Names    map[string]string `json:"names"`
	Intended bool              `json:"intended"`
	Stream   bool              `json:"stream"`
	HTTP     int64             `json:"http"`
	TokIn    int64             `json:"tokens_in"`
	TokOut   int64             `json:"tokens_out"`
	First    int64             `json:"us_first"`
	GuardUS  int64             `json:"us_guard"`
	Custody  int64             `json:"us_custody"`
	Queue    int64             `json:"us_queue"`
	Up       int64             `json:"us_upstream"`
	Guard    []struct {
		Action string `json:"action"`
		N      int64  `json:"n"`
		Rule   string `json:"rule"`
		Stage  string `json:"stage"`
	} `json:"guard"`
}

func parseAny(r *Record, leaf []byte) error {
	var a anyLeaf
	if err := json.Unmarshal(leaf, &a); err != nil {
		return fmt.Errorf("record %d: %w", r.Seq, err)
	}
	if a.Seq != r.Seq {
		return fmt.Errorf("record %d says that it is %d", r.Seq, a.Seq)
	}
	r.Start, r.End = a.Start, a.End
	r.About = About{
		Began: a.Start, Route: a.Route, Dialect: a.Dialect, Op: a.Op, Model: a.Model, Upstream: a.Upstream, LabelIn: a.LabelIn, Policy: a.Policy,
		TraceID: a.TraceID, SpanID: a.SpanID, Stream: a.Stream,
	}
	r.Result, r.Refusal, r.Rule, r.Finish, r.LabelOut = a.Result, a.Refusal, a.Rule, a.Finish, a.LabelOut
	r.Intended, r.HTTP, r.TokensIn, r.TokensOut = a.Intended, a.HTTP, a.TokIn, a.TokOut
	r.FirstUS, r.GuardUS, r.CustodyUS, r.QueueUS, r.UpstreamUS = a.First, a.GuardUS, a.Custody, a.Queue, a.Up
	r.Act, r.Object, r.Names = a.Act, a.Object, a.Names
	for _, g := range a.Guard {
		r.Guard = append(r.Guard, Match{g.Rule, g.Stage, g.Action, g.N})
	}
	return nil
}
