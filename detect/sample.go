package detect

// Bodies for the examples of token rules. They are made up here, so that no example is or resembles a live key and
// scanners of this repository stay quiet.

// sample returns n varied bytes of an alphabet.
func sample(alphabet string, n int) string {
	b := make([]byte, n)
	x := uint32(2463534242)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = alphabet[x%uint32(len(alphabet))]
	}
	return string(b)
}

const (
	digits = "0123456789"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

func sampleHex(n int) string   { return sample("0123456789abcdef", n) }
func sampleB62(n int) string   { return sample(digits+upper+lower, n) }
func sampleUpper(n int) string { return sample(digits+upper, n) }
func sampleLower(n int) string { return sample(digits+lower, n) }
func sampleAlpha(n int) string { return sample(upper+lower, n) }
func sampleDigit(n int) string { return sample("123456789", n) }
