package detect

import "crypto/sha256"

const (
	base58Bitcoin = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	base58Ripple  = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"
)

// base58Values maps characters of an alphabet to their values, all others to 255.
type base58Values [256]byte

func makeBase58(alphabet string) *base58Values {
	var t base58Values
	for c := range t {
		t[c] = 255
	}
	for k := range len(alphabet) {
		t[alphabet[k]] = byte(k)
	}
	return &t
}

var bitcoinBase58, rippleBase58 = makeBase58(base58Bitcoin), makeBase58(base58Ripple)

// decode writes the number that the text stands for to the end of dst, most significant byte first. It reports whether
// the text is of the alphabet and the number fits.
func (t *base58Values) decode(dst, text []byte) bool {
	clear(dst)
	low := len(dst) // bytes before are still zero
	for _, c := range text {
		carry := int(t[c])
		if carry == 255 {
			return false
		}
		for k := len(dst) - 1; k >= low || carry > 0; k-- {
			if k < 0 {
				return false
			}
			carry += int(dst[k]) * 58
			dst[k] = byte(carry)
			carry >>= 8
			low = min(low, k)
		}
	}
	return true
}

// base58check reports whether the text decodes to size bytes of which the last four are the beginning of the double
// SHA-256 of the others. It returns those.
func (t *base58Values) base58check(buf, text []byte) bool {
	if !t.decode(buf, text) {
		return false
	}
	body := len(buf) - 4
	once := sha256.Sum256(buf[:body])
	twice := sha256.Sum256(once[:])
	return string(twice[:4]) == string(buf[body:])
}

// leadingOnes counts the characters that stand for zero bytes at the front.
func leadingZeros(text []byte, zero byte) int {
	n := 0
	for n < len(text) && text[n] == zero {
		n++
	}
	return n
}

// moneroAddress checks a Monero address, whose bytes are written in blocks of eight, eleven characters each, and end in
// four bytes of the Keccak hash of the others.
func moneroAddress(text []byte) bool {
	var raw [80]byte
	n := 0
	for len(text) > 0 {
		chars := min(11, len(text))
		size := [12]int{0, -1, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8}[chars]
		if size < 0 || n+size > len(raw) {
			return false
		}
		if !bitcoinBase58.decode(raw[n:n+size], text[:chars]) {
			return false
		}
		n += size
		text = text[chars:]
	}
	if n != 69 && n != 77 {
		return false
	}
	sum := keccak256(raw[:n-4])
	return string(sum[:4]) == string(raw[n-4:n])
}

// encodeBase58check writes a number with its check bytes, for the examples of rules: nothing that spends anything
// stands in the source.
func encodeBase58check(raw []byte) string {
	once := sha256.Sum256(raw)
	twice := sha256.Sum256(once[:])
	n := append(append([]byte(nil), raw...), twice[:4]...)
	var out []byte
	for {
		rest, any := 0, false
		for k := range n {
			v := rest<<8 | int(n[k])
			n[k], rest = byte(v/58), v%58
			any = any || n[k] != 0
		}
		out = append(out, base58Bitcoin[rest])
		if !any {
			break
		}
	}
	for k := 0; k < len(out)/2; k++ {
		out[k], out[len(out)-1-k] = out[len(out)-1-k], out[k]
	}
	return string(out)
}

func sampleWIF(compressed bool) string {
	raw := append([]byte{0x80}, sample(upper, 32)...)
	if compressed {
		raw = append(raw, 1)
	}
	return encodeBase58check(raw)
}

func sampleExtended(version uint32) string {
	raw := []byte{byte(version >> 24), byte(version >> 16), byte(version >> 8), byte(version)}
	return encodeBase58check(append(raw, sample(upper, 74)...))
}
