package main

import (
	"encoding/json"
	"strings"
)

// The mock's answer is always the same 100 English words, one per token. A request's "seed" (Ollama: options.seed)
// steers it:
//
//	1 … 1,000,000  streams pause that many microseconds between tokens and every token carries the time it was sent
//	saySeed        the answer is "the reply is: " + the phrase last PUT to /mock/say, streamed 3 bytes at a time
const (
	nTokens = 100
	saySeed = 777777777
	sayLead = "the reply is: "
)

var words = strings.Fields(`the answer is short and plain and it goes on for a while so that a reader can see how each
word comes in one by one as a small model would send them when it runs on a machine in the same room`)

// token i of the answer, with its leading space. No word contains "tk", which starts a stamp.
func token(i int) string {
	if i == 0 {
		return "The"
	}
	return " " + words[i%len(words)]
}

func answer(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(token(i))
	}
	return b.String()
}

// A stamp is "tk" and the low 40 bits of the clock in nanoseconds as ten letters a–p: letters only, so that no
// detector takes it for a number, a key or an address.
const (
	stampLen  = 12
	stampMask = 1<<40 - 1
)

func appendStamp(b []byte, t int64) []byte {
	v := uint64(t) & stampMask
	b = append(b, "tk"...)
	for s := 36; s >= 0; s -= 4 {
		b = append(b, 'a'+byte(v>>s)&15)
	}
	return b
}

// transit is how long ago the stamp was made, seen from now.
func transit(b []byte, now int64) (int64, bool) {
	var v uint64
	for _, c := range b[2:stampLen] {
		if c < 'a' || c > 'p' {
			return 0, false
		}
		v = v<<4 | uint64(c-'a')
	}
	d := (uint64(now) - v) & stampMask
	return int64(d), d < 1<<39
}

// quoted gives JSON string contents, without the quotes.
func quoted(s string) string {
	q, _ := json.Marshal(s) // a string always marshals
	return string(q[1 : len(q)-1])
}
