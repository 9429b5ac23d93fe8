package lifecycle

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// inference is how the version of exchanges' leaves is spelt in them.
var inference = []byte(`"v":"reeve.inference/1"}`)

// indexedLeaf reads of a leaf what the index holds. Leaves of exchanges, which are nearly all, are canonical: one object, keys in
// order, strings without escapes; they are read member by member without a parser. All others go to parseLeaf.
func indexedLeaf(seq uint64, b []byte) (*leaf, error) {
	if !bytes.HasSuffix(b, inference) {
		return parseLeaf(seq, b)
	}
	l := &leaf{Version: "reeve.inference/1"}
	rest := b
	for len(rest) > 1 && (rest[0] == '{' || rest[0] == ',') {
		name, value, after := member(rest[1:])
		if after == nil || !l.set(name, value) {
			return parseLeaf(seq, b)
		}
		rest = after
	}
	if l.Seq != seq {
		return nil, fmt.Errorf("record %d says that it is %d", seq, l.Seq)
	}
	return l, nil
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
	case '[', '{':
		k := nested(b)
		return name, b[:k], b[k:]
	}
	k := bytes.IndexAny(b, ",}")
	if k < 0 {
		return nil, nil, nil
	}
	return name, b[:k], b[k:]
}

// nested is the length of an array or object at the front.
func nested(b []byte) int {
	depth, quoted := 0, false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(b)
}

// set keeps a member that the index holds. It reports false for a value of another form than ours.
func (l *leaf) set(name, value []byte) bool {
	var err error
	switch string(name) {
	case "kind":
		l.Kind = string(value)
	case "ulid":
		l.ID = string(value)
	case "seq":
		l.Seq, err = strconv.ParseUint(string(value), 10, 64)
	case "t_start":
		l.Start, err = time.Parse(time.RFC3339Nano, string(value))
	case "t_end":
		l.End, err = time.Parse(time.RFC3339Nano, string(value))
	case "kek":
		l.Kek = string(value)
	case "actor_c":
		l.Actor = string(value)
	case "subject_c":
		l.Subject = string(value)
	case "model":
		l.Model = string(value)
	case "route":
		l.Route = string(value)
	case "result":
		l.Result = string(value)
	case "label_in":
		l.LabelIn = string(value)
	case "label_out":
		l.LabelOut = string(value)
	case "rule":
		l.Rule = string(value)
	case "guard":
		err = json.Unmarshal(value, &l.Guard)
	case "intended":
		l.Intended = string(value) == "true"
	case "sealed":
		l.Sealed = string(value)
	case "n_prompt":
		l.NPrompt, err = strconv.ParseInt(string(value), 10, 64)
	case "n_response":
		l.NResponse, err = strconv.ParseInt(string(value), 10, 64)
	case "n_payload":
		l.NPayload, err = strconv.ParseInt(string(value), 10, 64)
	}
	return err == nil
}
