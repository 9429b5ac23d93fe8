package detect

import (
	"testing"

	"pgregory.net/rapid"
)

// drawDigits draws n values from 0 to 9.
func drawDigits(t *rapid.T, n int) []byte {
	return rapid.SliceOfN(rapid.ByteRange(0, 9), n, n).Draw(t, "digits")
}

// TestCheckDigitsFindSingleErrors completes random numbers with the digit that passes: there is exactly one, and no
// other single digit may be wrong either.
func TestCheckDigitsFindSingleErrors(t *testing.T) {
	for _, tt := range []struct {
		name  string
		check func([]byte) bool
	}{
		{"Luhn", luhn},
		{"Verhoeff", verhoeff},
		{"MOD 11,10", mod1110},
	} {
		t.Run(tt.name, rapid.MakeCheck(func(t *rapid.T) {
			d := append(drawDigits(t, rapid.IntRange(2, 18).Draw(t, "length")), 0)
			found := 0
			for c := range byte(10) {
				d[len(d)-1] = c
				if tt.check(d) {
					found++
				}
			}
			if found != 1 {
				t.Fatalf("%d check digits pass for %v", found, d[:len(d)-1])
			}
			for d[len(d)-1] = 0; !tt.check(d); d[len(d)-1]++ {
			}
			k := rapid.IntRange(0, len(d)-1).Draw(t, "wrong")
			d[k] = (d[k] + rapid.ByteRange(1, 9).Draw(t, "by")) % 10
			if tt.check(d) {
				t.Fatalf("%v passes with a wrong digit at %d", d, k)
			}
		}))
	}
}

// TestVerhoeffFindsTranspositions swaps neighbours, which Luhn's check does not always notice.
func TestVerhoeffFindsTranspositions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := append(drawDigits(t, 11), 0)
		for ; !verhoeff(d); d[11]++ {
		}
		k := rapid.IntRange(0, 10).Draw(t, "at")
		d[k], d[k+1] = d[k+1], d[k]
		if d[k] != d[k+1] && verhoeff(d) {
			t.Fatalf("%v passes with places %d and %d swapped", d, k, k+1)
		}
	})
}

// TestPublishedNumbers pins the checks to numbers that standards and authorities print as samples.
func TestPublishedNumbers(t *testing.T) {
	values := func(s string) (d []byte) {
		for _, c := range s {
			d = append(d, byte(c-'0'))
		}
		return d
	}
	digitsOf := func(check func([]byte) bool) func(string) bool {
		return func(s string) bool { return check(values(s)) }
	}
	charsOf := func(check checker) func(string) bool {
		return func(s string) bool {
			var r reading
			for k := range len(s) {
				r.put(s[k])
			}
			return check(r.text[:r.n], r.values[:r.digits])
		}
	}
	for _, tt := range []struct {
		name, good, bad string
		check           func(string) bool
	}{
		{"ICAO 9303 document number", "L898902C3" + "6", "L898902C3" + "5", func(s string) bool { return icaoDigit([]byte(s[:9])) == int(s[9]-'0') }},
		{"Spanish DNI", "12345678Z", "12345678A", charsOf(isNIF)},
		{"Italian tax code", "RSSMRA85T10A562S", "RSSMRA85T10A562T", charsOf(isFiscalCode)},
		{"French NIR", "255081416802538", "255081416802539", charsOf(isNIR)},
		{"German tax ID", "86095742719", "86095742718", digitsOf(isDETaxID)},
		{"German health insurance", "A123456780", "A123456781", charsOf(isKVNR)},
		{"German pension insurance", "15070649C103", "15070649C104", charsOf(isSVNR)},
		{"Swiss AHV", "7569217076985", "7569217076984", charsOf(isAHV)},
		{"Indian GSTIN", "27AAPFU0939F1ZV", "27AAPFU0939F1ZW", func(s string) bool { return luhnBase36([]byte(s)) }},
		{"Australian ABN", "51824753556", "51824753557", digitsOf(isABN)},
		{"Korean BRN", "1248100998", "1248100997", digitsOf(isBRN)},
		{"US NPI", "1234567893", "1234567894", charsOf(isNPI)},
		{"Chinese resident ID", "11010519491231002X", "110105194912310021", charsOf(isResidentID)},
		{"VIN", "1M8GDM9AXKP042788", "1M8GDM9A1KP042788", charsOf(isVIN)},
		{"Hong Kong ID", "A1234563", "A1234564", charsOf(isHKID)},
		{"Taiwan ID", "A123456789", "A123456788", charsOf(isTaiwanID)},
	} {
		if !tt.check(tt.good) {
			t.Errorf("%s: %s does not pass", tt.name, tt.good)
		}
		if tt.check(tt.bad) {
			t.Errorf("%s: %s passes", tt.name, tt.bad)
		}
	}
}

// TestKeccak pins the hash of the empty text and of a short one.
func TestKeccak(t *testing.T) {
	for text, want := range map[string]string{
		"":    "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470",
		"abc": "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
	} {
		const hex = "0123456789abcdef"
		got := ""
		for _, c := range keccak256([]byte(text)) {
			got += string(hex[c>>4]) + string(hex[c&15])
		}
		if got != want {
			t.Errorf("of %q: got %s, want %s", text, got, want)
		}
	}
}

// TestBase58 decodes what it encodes.
func TestBase58(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := append([]byte{0x80}, rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")...)
		text := []byte(encodeBase58check(raw))
		var buf [37]byte
		if !bitcoinBase58.base58check(buf[:], text) {
			t.Fatalf("%s does not pass", text)
		}
		k := rapid.IntRange(0, len(text)-1).Draw(t, "wrong")
		text[k] = base58Bitcoin[(int(bitcoinBase58[text[k]])+1)%58]
		if bitcoinBase58.base58check(buf[:], text) {
			t.Fatalf("%s passes", text)
		}
	})
}
