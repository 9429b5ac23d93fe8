package lifecycle

import (
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
)

// leaf are the members of a leaf that are searched by. The whole format stands in docs/custody-format.md.
type leaf struct {
	Version  string    `json:"v"`
	Kind     string    `json:"kind"`
	ID       string    `json:"ulid"`
	Seq      uint64    `json:"seq"`
	Start    time.Time `json:"t_start"`
	End      time.Time `json:"t_end"`
	Kek      string    `json:"kek"`
	Actor    string    `json:"actor_c"`
	Subject  string    `json:"subject_c"`
	Model    string    `json:"model"`
	Route    string    `json:"route"`
	Dialect  string    `json:"dialect"`
	Op       string    `json:"op"`
	Act      string    `json:"act"`
	Object   string    `json:"object"`
	Result   string    `json:"result"`
	Refusal  string    `json:"refusal"`
	Rule     string    `json:"rule"`
	Finish   string    `json:"finish"`
	LabelIn  string    `json:"label_in"`
	LabelOut string    `json:"label_out"`
	Upstream string    `json:"upstream"`
	Policy   string    `json:"policy"`
	KeyID    string    `json:"key_id"`
	TraceID  string    `json:"trace_id"`
	SpanID   string    `json:"span_id"`
	Access   string    `json:"access"`
	Intended bool      `json:"intended"`
	Stream   bool      `json:"stream"`
	HTTP     int64     `json:"http"`
	TokIn    int64     `json:"tokens_in"`
	TokOut   int64     `json:"tokens_out"`
	FirstUS  int64     `json:"us_first"`
	GuardUS  int64     `json:"us_guard"`
	Sealed   string    `json:"sealed"`

	CPrompt   string `json:"c_prompt"`
	CResponse string `json:"c_response"`
	NPrompt   int64  `json:"n_prompt"`
	NResponse int64  `json:"n_response"`
	NPayload  int64  `json:"n_payload"`

	Keks    []string          `json:"keks"`
	Ranges  [][2]uint64       `json:"ranges"`
	Refs    []string          `json:"refs"`
	Names   map[string]string `json:"names"`
	Numbers map[string]uint64 `json:"numbers"`
	Guard   []guardLeaf       `json:"guard"`
}

// guardLeaf is one rule's part in a verdict.
type guardLeaf struct {
	Action string `json:"action"`
	N      int64  `json:"n"`
	Rule   string `json:"rule"`
	Stage  string `json:"stage"`
}

// parseLeaf reads a leaf that the log holds. Members that this package does not know stay unread.
func parseLeaf(seq uint64, b []byte) (*leaf, error) {
	l := &leaf{}
	if err := json.Unmarshal(b, l); err != nil {
		return nil, fmt.Errorf("record %d: %w", seq, err)
	}
	if l.Seq != seq {
		return nil, fmt.Errorf("record %d says that it is %d", seq, l.Seq)
	}
	return l, nil
}

// when is the time of the record itself: the end of an exchange where it is an outcome.
func (l *leaf) when() time.Time {
	if !l.End.IsZero() {
		return l.End
	}
	return l.Start
}

// kek is the id of the key that the payload is sealed under, and whether there is one.
func (l *leaf) kek() (id KEKID, sealed bool) { return parseKEK(l.Kek) }

// parseKEK reads the id of a key as leaves write it: unpadded base64url.
func parseKEK(s string) (id KEKID, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	return KEKID(b), true
}

// decodeCommitment reads a commitment or digest as leaves write it: unpadded base64url.
func decodeCommitment(s string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(s) }

// parseLabels reads labels, and leaves out what is none.
func parseLabels(texts ...string) []reeve.Label {
	var out []reeve.Label
	for _, text := range texts {
		if label, err := reeve.ParseLabel(text); text != "" && err == nil {
			out = append(out, label)
		}
	}
	return out
}
