package tinygguf

import "bytes"

// pairs collects metadata keys with their values.
type pairs struct {
	body    bytes.Buffer
	count   uint64
	without string // a key that is left out
}

func (p *pairs) bytes() []byte { return p.body.Bytes() }

// key starts a pair and says whether it is wanted.
func (p *pairs) key(name string, kind uint32) bool {
	if name == p.without {
		return false
	}
	p.count++
	putString(&p.body, name)
	put(&p.body, kind)
	return true
}

func (p *pairs) text(name, v string) {
	if p.key(name, typeString) {
		putString(&p.body, v)
	}
}

func (p *pairs) number(name string, v int) {
	if p.key(name, typeU32) {
		put(&p.body, uint32(v))
	}
}

func (p *pairs) real(name string, v float32) {
	if p.key(name, typeF32) {
		put(&p.body, v)
	}
}

// array writes an array head; the caller writes the elements when it answers true.
func (p *pairs) array(name string, element uint32, n int) bool {
	if !p.key(name, typeArray) {
		return false
	}
	put(&p.body, element, uint64(n))
	return true
}

// metadata is the key-value section. A runtime cannot load the file without general.architecture, the llama.* keys up
// to the epsilon, and the tokenizer's model and tokens; without llama.block_count Ollama v0.24.0 dies as a whole.
func metadata(m Model, v *vocabulary) *pairs {
	p := &pairs{without: m.Without}
	p.text("general.architecture", "llama")
	p.text("general.name", m.Name)
	p.number("general.file_type", 0) // all tensors are F32
	p.text("general.license", "apache-2.0")
	p.number("llama.context_length", context)
	p.number("llama.embedding_length", m.Width)
	p.number("llama.block_count", m.Layers)
	p.number("llama.feed_forward_length", 2*m.Width)
	p.number("llama.attention.head_count", heads)
	p.number("llama.attention.head_count_kv", kvHeads)
	p.real("llama.attention.layer_norm_rms_epsilon", 1e-5)
	p.number("llama.rope.dimension_count", m.Width/heads)
	p.real("llama.rope.freq_base", 10000)
	p.number("llama.vocab_size", len(v.tokens))
	p.text("tokenizer.ggml.model", "llama") // SentencePiece
	p.text("tokenizer.ggml.pre", "default")
	if p.array("tokenizer.ggml.tokens", typeString, len(v.tokens)) {
		for _, t := range v.tokens {
			putString(&p.body, t.text)
		}
	}
	if p.array("tokenizer.ggml.scores", typeF32, len(v.tokens)) {
		for _, t := range v.tokens {
			put(&p.body, t.score)
		}
	}
	if p.array("tokenizer.ggml.token_type", typeI32, len(v.tokens)) {
		for _, t := range v.tokens {
			put(&p.body, t.kind)
		}
	}
	p.number("tokenizer.ggml.bos_token_id", idBegin)
	p.number("tokenizer.ggml.eos_token_id", idEnd)
	p.number("tokenizer.ggml.unknown_token_id", idUnknown)
	p.text("tokenizer.chat_template", m.Template)
	return p
}
