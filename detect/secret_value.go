package detect

import (
	"encoding/base64"
	"math"
)

//go:generate go run secret_trigrams_gen.go

// trigrams has a bit for each trigram of letters and word ends that occurs in words.
var trigrams = func() (t [(27*27*27 + 7) / 8]byte) {
	b, err := base64.StdEncoding.DecodeString(trigramBits)
	if err != nil {
		panic("detect: trigrams: " + err.Error())
	}
	copy(t[:], b)
	return t
}()

// makeup is what a value consists of.
type makeup struct {
	n, lower, upper, digits, other int
	hex                            bool    // hexadecimal digits only
	wordy                          int     // letters in runs that read like words
	known, asked                   int     // trigrams that occur in words, and all of them
	turns                          int     // changes between letters, digits and other bytes
	entropy                        float32 // bits per character
	longest                        int     // longest repetition of one byte
	constant                       bool    // letters, digits, and the bytes that join them in the name of a constant
}

const maxJudged = 512 // bytes of a value that are looked at

// study takes a value apart. It reads every byte once and a fixed number of times.
func study(v []byte) (m makeup) {
	m.n, m.hex, m.constant = len(v), true, true
	v = v[:min(len(v), maxJudged)]
	var count [256]uint16
	run, kind, same := 0, -1, 0
	for i, c := range v {
		count[c]++
		if m.hex && classOf[c]&clHex == 0 {
			m.hex = false
		}
		k := 2
		switch {
		case isLetter(c):
			k = 0
			if isUpper(c) {
				m.upper++
			} else {
				m.lower++
			}
		case isDigit(c):
			k = 1
			m.digits++
		default:
			m.other++
			if c != '_' && c != '-' && c != '+' && c != '.' && c != '/' {
				m.constant = false
			}
		}
		if i > 0 && k != kind {
			m.turns++
		}
		camel := k == 0 && i > 0 && isUpper(c) && v[i-1]-'a' < 26
		if k != 0 || camel {
			m.word(v[run:i])
			run = i
			if k != 0 {
				run++
			}
		}
		kind = k
		if i > 0 && c == v[i-1] {
			same++
		} else {
			same = 1
		}
		m.longest = max(m.longest, same)
	}
	m.word(v[run:])
	m.entropy = entropyOf(&count, len(v))
	return m
}

// word notes a run of letters: which of its trigrams, word ends included, occur in words.
func (m *makeup) word(v []byte) {
	if len(v) < 3 {
		return
	}
	known, a, b := 0, 0, int(v[0]|0x20-'`')
	for i := range v {
		c := 0
		if i+1 < len(v) {
			c = int(v[i+1] | 0x20 - '`')
		}
		if t := (a*27+b)*27 + c; trigrams[t>>3]>>(t&7)&1 != 0 {
			known++
		}
		a, b = b, c
	}
	m.known += known
	m.asked += len(v)
	if 4*known >= 3*len(v) {
		m.wordy += len(v)
	}
}

var nLogN = func() (t [maxJudged + 1]float64) {
	for i := 1; i < len(t); i++ {
		t[i] = float64(i) * math.Log2(float64(i))
	}
	return t
}()

func entropyOf(count *[256]uint16, n int) float32 {
	if n == 0 {
		return 0
	}
	sum := 0.0
	for _, k := range count {
		sum += nLogN[k]
	}
	return float32((nLogN[n] - sum) / float64(n))
}

// randomness says how much a value looks drawn rather than written, from 0 (words) to 1 (a long random key).
func (m *makeup) randomness() float32 {
	letters := m.lower + m.upper
	switch {
	case m.longest >= 6 || m.longest*2 > m.n || m.entropy < 1.5:
		return 0
	case m.hex && m.n >= 16 && m.digits > 0 && letters > 0:
		if m.entropy >= 2.8 {
			return 1
		}
		return 0.3
	case letters == 0:
		return 0 // numbers and dates
	case m.n < 20 && m.lower == 0 && m.other > 0 && m.constant:
		return 0.1 // RSA_2048
	case 2*m.wordy >= m.n-m.other || 5*m.wordy >= 3*letters:
		if m.n >= 20 && m.digits*5 >= m.n && m.entropy >= 3.8 && 3*m.wordy < m.n {
			return 0.7
		}
		return 0.2
	case m.digits == 0 && (m.upper == 0 || m.lower == 0 || m.turns == 0 && m.n < 16):
		if m.asked == 0 {
			return 0.3
		}
		return ratioScore(m.known, m.asked)
	case m.n >= 20 && m.entropy >= 3.5:
		return 1
	case m.turns >= 2 || m.digits == 0 && m.upper > 0:
		if m.asked > 0 && 3*m.known >= 2*m.asked && m.n < 12 {
			return 0.5
		}
		return 0.9
	}
	if m.asked > 0 {
		return ratioScore(m.known, m.asked)
	}
	return 0.6
}

// ratioScore is for letters without much else: gibberish has few trigrams of words.
func ratioScore(known, asked int) float32 {
	switch {
	case 2*known <= asked:
		return 0.8
	case asked-known >= 2 && 4*known <= 3*asked:
		return 0.55
	}
	return 0.2
}
