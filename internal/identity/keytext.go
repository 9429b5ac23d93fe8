package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

// A key's text is "rv_" + id + "_" + secret + check.
//
//	id      10 characters of lower-case base 32 (RFC 4648, 50 random bits): public, names the key
//	secret  43 characters of base 62: 256 random bits
//	check    6 characters of base 62: CRC-32 of all before it, so that a typo is told from a wrong key without a lookup
//	         and a scanner of source code knows a real key
const (
	keyPrefix = "rv_"
	idLen     = 10
	secretLen = 43
	checkLen  = 6
	keyLen    = len(keyPrefix) + idLen + 1 + secretLen + checkLen

	base32 = "abcdefghijklmnopqrstuvwxyz234567"
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func newID() string { return randomText(idLen, base32) }

func newSecret() string { return randomText(secretLen, base62) }

// randomText draws each character evenly: bytes beyond the last full round of the alphabet are thrown away.
func randomText(n int, alphabet string) string {
	limit := 256 - 256%len(alphabet)
	out := make([]byte, 0, n)
	var draw [64]byte
	for len(out) < n {
		rand.Read(draw[:]) // never fails: the program ends where the system has no randomness
		for _, b := range draw {
			if int(b) < limit && len(out) < n {
				out = append(out, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(out)
}

func hashSecret(secret string) [sha256.Size]byte {
	var buf [secretLen]byte // not []byte(secret): no allocation for each request
	return sha256.Sum256(buf[:copy(buf[:], secret)])
}

func formatKey(id, secret string) string {
	body := keyPrefix + id + "_" + secret
	check := checkOf(body)
	return body + string(check[:])
}

// checkOf computes CRC-32 itself over the string: the library's takes bytes, which would be an allocation per request.
func checkOf(body string) (check [checkLen]byte) {
	sum := ^uint32(0)
	for i := range len(body) {
		sum = crc32.IEEETable[byte(sum)^body[i]] ^ sum>>8
	}
	sum = ^sum
	for i := checkLen - 1; i >= 0; i-- {
		check[i] = base62[sum%62]
		sum /= 62
	}
	return check
}

// parseKey splits a key's text. It accepts exactly what formatKey writes and does not allocate.
func parseKey(text string) (id, secret string, ok bool) {
	if len(text) != keyLen || !strings.HasPrefix(text, keyPrefix) {
		return "", "", false
	}
	body, check := text[:keyLen-checkLen], text[keyLen-checkLen:]
	id, secret = body[len(keyPrefix):len(keyPrefix)+idLen], body[keyLen-checkLen-secretLen:]
	if body[len(keyPrefix)+idLen] != '_' || !isBase32(id) || !isBase62(secret) {
		return "", "", false
	}
	want := checkOf(body)
	return id, secret, check == string(want[:])
}

func isBase32(s string) bool {
	for i := range len(s) {
		if b := s[i]; (b < 'a' || b > 'z') && (b < '2' || b > '7') {
			return false
		}
	}
	return true
}

func isBase62(s string) bool {
	for i := range len(s) {
		if b := s[i]; (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return true
}
