package guard

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Vault holds the values of reversible masks for one exchange. It lives in memory only, is never stored and never
// logged. It is safe for concurrent use.
//
// On the way in, a value becomes a token such as [[EMAIL_1]]; the same value of the same kind always becomes the same
// token, so the model can still tell people apart. On the way out, the tokens of the vault become the values again,
// after every other rule has judged the answer. What looks like a token in the text of the caller is itself put into
// the vault on the way in ([[EMAIL_1]] becomes, say, [[TOKEN_1]]) and comes out as it was typed: no one can read a value
// of the vault by guessing the name of its token.
type Vault struct {
	mu      sync.Mutex
	seed    maphash.Seed
	entries []entry
	byValue map[uint64][]int32 // hash of name and value → entries
	byToken map[string]int32
	count   map[string]int // tokens per name
	bytes   int            // in values
}

type entry struct {
	name, token string
	value       []byte
}

// Limits of a vault. Past them a value is masked for good instead.
const (
	maxVaultValues = 10_000
	maxVaultBytes  = 4 << 20
)

// NewVault returns an empty vault.
func NewVault() *Vault {
	return &Vault{seed: maphash.MakeSeed(), byValue: map[uint64][]int32{}, byToken: map[string]int32{}, count: map[string]int{}}
}

// Len is the number of values held.
func (v *Vault) Len() int {
	if v == nil {
		return 0
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.entries)
}

// Free overwrites the values and forgets them. Tokens stay as they are afterwards, and no new ones are made.
func (v *Vault) Free() {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.entries {
		clear(v.entries[i].value)
	}
	v.entries, v.byValue, v.byToken, v.count, v.bytes = nil, nil, nil, nil, 0
}

// token returns the token for a value, which it copies; "" if the vault is full or freed.
func (v *Vault) token(name string, value []byte) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	hash := v.hash(name, value)
	for _, i := range v.byValue[hash] {
		if e := &v.entries[i]; e.name == name && bytes.Equal(e.value, value) {
			return e.token
		}
	}
	if v.byValue == nil || len(v.entries) >= maxVaultValues || v.bytes+len(value) > maxVaultBytes {
		return ""
	}
	v.count[name]++
	i := int32(len(v.entries)) //nolint:gosec // at most maxVaultValues
	e := entry{name: name, token: tokenOpen + name + "_" + strconv.Itoa(v.count[name]) + tokenClose, value: bytes.Clone(value)}
	v.entries = append(v.entries, e)
	v.byValue[hash] = append(v.byValue[hash], i)
	v.byToken[e.token] = i
	v.bytes += len(value)
	return e.token
}

func (v *Vault) hash(name string, value []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(v.seed)
	_, _ = h.WriteString(name)
	_ = h.WriteByte(0)
	_, _ = h.Write(value)
	return h.Sum64()
}

// value appends the value of a token to dst.
func (v *Vault) value(dst, token []byte) (out []byte, found bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i, found := v.byToken[string(token)]
	if !found {
		return dst, false
	}
	return append(dst, v.entries[i].value...), true
}

// Conceal puts the tokens back in the place of the values, wherever they stand in a text, also in the form that they have
// inside a JSON string. It is for records: what the caller gets back must not be kept. It returns the text itself
// where no value is in it, and nil where the vault is freed, as nobody could say any more.
func (v *Vault) Conceal(text []byte) []byte {
	if v == nil {
		return text
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.byToken == nil {
		return nil
	}
	sorted := slices.Clone(v.entries)
	slices.SortStableFunc(sorted, func(a, b entry) int { return len(b.value) - len(a.value) }) // a value may hold another
	out := text
	for i := range sorted {
		e := &sorted[i]
		out = replace(out, e.value, e.token)
		if quoted, err := jsontext.AppendQuote(nil, e.value); err == nil {
			out = replace(out, quoted[1:len(quoted)-1], e.token)
		}
	}
	return out
}

// replace is bytes.ReplaceAll without a copy where there is nothing to replace.
func replace(text, value []byte, token string) []byte {
	if !bytes.Contains(text, value) {
		return text
	}
	return bytes.ReplaceAll(text, value, []byte(token))
}

// tokenName shortens a kind: EMAIL_ADDRESS becomes EMAIL.
func tokenName(kind string) string {
	for _, suffix := range []string{"_ADDRESS", "_NUMBER", "_CODE"} {
		if short, found := strings.CutSuffix(kind, suffix); found {
			return short
		}
	}
	return kind
}
