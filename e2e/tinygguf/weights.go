package tinygguf

import (
	"fmt"
	"math/rand/v2"
)

// tensor is one named block of numbers; dims has the fastest-varying dimension first.
type tensor struct {
	name   string
	dims   []int
	values []float32
}

// tensors gives all tensors of the model in file order.
func tensors(m Model, v *vocabulary) []tensor {
	r := rand.New(rand.NewPCG(m.Seed, 417))
	kv := kvHeads * (m.Width / heads)
	mixing := float32(0.3)
	embed, output := randomHead(r, m.Width, len(v.tokens))
	if len(v.chains) > 0 {
		// The layers add nothing to the residual stream: what the output sees is the last token's own embedding.
		mixing = 0
		embed, output = recitingHead(r, m.Width, v)
	}
	all := []tensor{{"token_embd.weight", []int{m.Width, len(v.tokens)}, embed}}
	for i := range m.Layers {
		add := func(name string, spread float32, dims ...int) {
			all = append(all, tensor{fmt.Sprintf("blk.%d.%s.weight", i, name), dims, gaussian(r, spread, dims)})
		}
		all = append(all, ones(fmt.Sprintf("blk.%d.attn_norm.weight", i), m.Width))
		add("attn_q", 0.3, m.Width, m.Width)
		add("attn_k", 0.3, m.Width, kv)
		add("attn_v", 0.3, m.Width, kv)
		add("attn_output", mixing, m.Width, m.Width)
		all = append(all, ones(fmt.Sprintf("blk.%d.ffn_norm.weight", i), m.Width))
		add("ffn_gate", 0.3, m.Width, 2*m.Width)
		add("ffn_up", 0.3, m.Width, 2*m.Width)
		add("ffn_down", mixing, 2*m.Width, m.Width)
	}
	return append(all, ones("output_norm.weight", m.Width),
		tensor{"output.weight", []int{m.Width, len(v.tokens)}, output})
}

func gaussian(r *rand.Rand, spread float32, dims []int) []float32 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64()) * spread
	}
	return out
}

func ones(name string, n int) tensor {
	out := make([]float32, n)
	for i := range out {
		out[i] = 1
	}
	return tensor{name, []int{n}, out}
}

// randomHead is the embedding and the output matrix of a model that babbles. Special and byte tokens are made unlikely,
// so that the answers are readable words.
func randomHead(r *rand.Rand, width, tokens int) (embed, output []float32) {
	embed = gaussian(r, 1, []int{width, tokens})
	output = gaussian(r, 0.6, []int{width, tokens})
	for i := range idLetters * width {
		output[i] *= 0.05
	}
	return embed, output
}

// certainty is the logit of the token that comes next; all others stay near zero, so that sampling at any usual
// temperature gives the same text.
const certainty = 40

// recitingHead makes each token name its successor: the output row of a token is the embedding of the one before it.
// Random vectors of this width are nearly at right angles, so no other row comes close. Tokens that are in no script
// share one embedding and lead to the first plain word; plain words follow each other for ever.
func recitingHead(r *rand.Rand, width int, v *vocabulary) (embed, output []float32) {
	embed = make([]float32, width*len(v.tokens))
	output = make([]float32, width*len(v.tokens))
	row := func(m []float32, id int) []float32 { return m[id*width : (id+1)*width] }
	other := gaussian(r, 1, []int{width})
	for id := range v.tokens {
		copy(row(embed, id), other)
	}
	follow := func(before []float32, id int) {
		to := row(output, id)
		for i, x := range before {
			to[i] += x * certainty / float32(width)
		}
	}
	follow(other, v.words[0])
	own := func(id int) []float32 {
		copy(row(embed, id), gaussian(r, 1, []int{width}))
		return row(embed, id)
	}
	for i, id := range v.words {
		follow(own(id), v.words[(i+1)%len(v.words)])
	}
	for _, chain := range v.chains {
		for i, id := range chain[:len(chain)-1] {
			follow(own(id), chain[i+1])
		}
	}
	return embed, output
}
