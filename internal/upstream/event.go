package upstream

// Channel is one line of text inside an answer. Each is guarded for itself.
type Channel uint8

const (
	Content       Channel = iota // what the reader sees
	Reasoning                    // thinking, reasoning_content
	Refusal                      // the model's own refusal
	ToolName                     // name of a called tool
	ToolArguments                // arguments of a called tool: a JSON text, or a string inside one
	Other                        // any other string
)

var channels = [...]string{"content", "reasoning", "refusal", "tool_name", "tool_arguments", "other"}

func (c Channel) String() string { return channels[min(int(c), len(channels)-1)] }

// Text is a string of a request or an answer that must be judged. Tool arguments may also be any other value: then the
// raw JSON is the text.
type Text struct {
	Node    int // in the Doc
	Choice  int
	Tool    int // index of the tool call
	Channel Channel
	Whole   bool // complete in itself; otherwise the next piece of a streamed channel
}

// Finish is the end of a choice.
type Finish struct {
	Choice int
	Node   int // of the reason, a string
}

// Event is one answer, or one piece of a streamed answer. The zero value is ready; Parse reuses its memory. Not safe for
// concurrent use.
type Event struct {
	Doc      Doc
	Texts    []Text // in document order
	Finishes []Finish
	Logprobs []Finish // the logprobs of a choice; they repeat its text
	Context  int      // Ollama's context: the text as token numbers; -1 without
	Done     bool     // Ollama: done is true
	Failed   bool     // the runtime reports an error
	In, Out  int64    // token counts, 0 where not told
}

// Parse reads one answer (or one event of a stream) of an endpoint of that kind. The error is a *SyntaxError.
func (e *Event) Parse(kind Kind, b []byte, stream bool) error {
	e.Texts, e.Finishes, e.Logprobs = e.Texts[:0], e.Finishes[:0], e.Logprobs[:0]
	e.Context, e.Done, e.Failed, e.In, e.Out = -1, false, false, 0, 0
	if err := e.Doc.Parse(b); err != nil {
		return err
	}
	d := &e.Doc
	if !d.IsObject(0) {
		return &SyntaxError{0, "not a JSON object"}
	}
	for c := d.First(0); c < d.End(0); c = d.Next(c) {
		e.top(kind, c, stream)
	}
	return nil
}

func (e *Event) top(kind Kind, c int, stream bool) {
	d := &e.Doc
	switch key := string(d.Key(c)); key {
	case "id", "object", "created", "model", "system_fingerprint", "service_tier", "created_at", "done_reason":
		if key == "done_reason" && d.IsString(c) {
			e.Finishes = append(e.Finishes, Finish{0, c})
		}
	case "choices":
		if d.IsArray(c) {
			for x, i := d.First(c), 0; x < d.End(c); x, i = d.Next(x), i+1 {
				e.choice(x, i, stream)
			}
		}
	case "message":
		e.message(c, 0, stream)
	case "response":
		e.text(c, 0, 0, Content, !stream)
	case "thinking":
		e.text(c, 0, 0, Reasoning, !stream)
	case "context":
		e.Context = c
	case "done":
		e.Done = d.Node(c).Kind == True
	case "usage":
		e.In, _ = d.Int(d.Member(c, "prompt_tokens"))
		e.Out, _ = d.Int(d.Member(c, "completion_tokens"))
	case "prompt_eval_count":
		e.In, _ = d.Int(c)
	case "eval_count":
		e.Out, _ = d.Int(c)
	case "embeddings", "data":
		if kind != Embeddings && kind != Embed {
			e.all(c, 0, 0, Other)
		}
	case "error":
		e.Failed = d.Node(c).Kind != Null
		e.all(c, 0, 0, Other)
	default:
		e.all(c, 0, 0, Other)
	}
}

func (e *Event) choice(x, position int, stream bool) {
	d := &e.Doc
	index := position
	if i, ok := d.Int(d.Member(x, "index")); ok && i < 1<<16 {
		index = int(i)
	}
	for c := d.First(x); d.IsObject(x) && c < d.End(x); c = d.Next(c) {
		switch string(d.Key(c)) {
		case "index":
		case "delta", "message":
			e.message(c, index, stream)
		case "text":
			e.text(c, index, 0, Content, !stream)
		case "finish_reason":
			if d.IsString(c) {
				e.Finishes = append(e.Finishes, Finish{index, c})
			}
		case "logprobs":
			if d.IsObject(c) {
				e.Logprobs = append(e.Logprobs, Finish{index, c})
			}
		default:
			e.all(c, index, 0, Other)
		}
	}
}

func (e *Event) message(m, choice int, stream bool) {
	d := &e.Doc
	if !d.IsObject(m) {
		e.all(m, choice, 0, Other)
		return
	}
	for c := d.First(m); c < d.End(m); c = d.Next(c) {
		switch string(d.Key(c)) {
		case "role":
		case "content":
			e.text(c, choice, 0, Content, !stream)
		case "reasoning_content", "reasoning", "thinking":
			e.text(c, choice, 0, Reasoning, !stream)
		case "refusal":
			e.text(c, choice, 0, Refusal, !stream)
		case "tool_calls":
			for t, i := d.First(c), 0; d.IsArray(c) && t < d.End(c); t, i = d.Next(t), i+1 {
				e.tool(t, choice, i, stream)
			}
		case "function_call":
			e.function(c, choice, 0, stream)
		default:
			e.all(c, choice, 0, Other)
		}
	}
}

func (e *Event) tool(t, choice, position int, stream bool) {
	d := &e.Doc
	index := position
	if i, ok := d.Int(d.Member(t, "index")); ok && i < 1<<16 {
		index = int(i)
	}
	for c := d.First(t); d.IsObject(t) && c < d.End(t); c = d.Next(c) {
		switch string(d.Key(c)) {
		case "index", "id", "type":
		case "function":
			e.function(c, choice, index, stream)
		default:
			e.all(c, choice, index, Other)
		}
	}
}

func (e *Event) function(f, choice, tool int, stream bool) {
	d := &e.Doc
	for c := d.First(f); d.IsObject(f) && c < d.End(f); c = d.Next(c) {
		switch string(d.Key(c)) {
		case "index":
		case "name":
			e.text(c, choice, tool, ToolName, true)
		case "arguments":
			e.Texts = append(e.Texts, Text{c, choice, tool, ToolArguments, !stream || !d.IsString(c)})
		default:
			e.all(c, choice, tool, Other)
		}
	}
}

// text takes a string; what should be one and is not is judged leaf by leaf.
func (e *Event) text(c, choice, tool int, ch Channel, whole bool) {
	if e.Doc.IsString(c) {
		e.Texts = append(e.Texts, Text{c, choice, tool, ch, whole})
		return
	}
	e.all(c, choice, tool, Other)
}

// all takes every string of a subtree for itself.
func (e *Event) all(c, choice, tool int, ch Channel) {
	for i := c; i < e.Doc.End(c); i++ {
		if e.Doc.Node(i).Kind == String {
			e.Texts = append(e.Texts, Text{i, choice, tool, ch, true})
		}
	}
}

// ParseAll reads a document of unknown shape, such as an error: every string is judged for itself.
func (e *Event) ParseAll(b []byte) error {
	e.Texts, e.Finishes, e.Logprobs = e.Texts[:0], e.Finishes[:0], e.Logprobs[:0]
	e.Context, e.Done, e.Failed, e.In, e.Out = -1, false, false, 0, 0
	if err := e.Doc.Parse(b); err != nil {
		return err
	}
	e.all(0, 0, 0, Other)
	return nil
}
