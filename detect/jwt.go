package detect

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

const (
	maxJWTHeader = 1 << 10
	maxJWT       = 8 << 10 // a longer token is cut there
)

func jwtRule() builtin {
	const header, payload, signature = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "eyJzdWIiOiJ1LTE3IiwiZXhwIjoxOTAwMDAwMDAwfQ", "q3vT0mZk1yXbW8sLd5fGh2JpR7nKc4VaEuQoYi6tNxA"
	return builtin{
		Rule: Rule{
			ID: "secret/jwt", Kind: KindSecret, Severity: High,
			Description: "JSON web token (RFC 7519): a header that decodes to JSON with alg, a payload, a signature or none; five parts if encrypted (RFC 7516)",
			Positives: []string{
				header + "." + payload + "." + signature, "Authorization: Bearer " + header + "." + payload + "." + signature + "\n", "\"" + header + "." + payload + ".\"",
				"eyJlbmMiOiJBMTI4R0NNIiwiYWxnIjoiZGlyIn0..K0pXeLz1Qa9sTbRm.Yd8uJh3w5c2nV7oEkPfG.xB6iZt4qNrCyWvDlAhSjMg",
			},
			Negatives: []string{
				header, header + "." + payload, "eyJub3QiOiJhIGhlYWRlciJ9." + payload + "." + signature, "eyJ.eyJ.abc", "eyJhbGciOiJI." + payload + "." + signature,
			},
		},
		on: []entry{{prefix: "eyJ", find: findJWT}},
	}
}

// findJWT looks for a token at the base64 of `{"`.
func findJWT(w *window, i int) hit {
	j := w.longRun(clB64u, i, maxJWTHeader)
	if w.at(j) != '.' || w.touched || !w.isJWTHeader(i, j) {
		return hit{}
	}
	limit := i + maxJWT
	end, parts := j, 1
	for parts < 5 && end < limit && w.at(end) == '.' {
		from := end + 1
		q := w.longRun(clB64u, from, limit-from)
		if w.touched {
			return hit{}
		}
		if parts++; parts == 2 && q == from && w.at(from) != '.' || parts > 3 && q == from {
			break
		}
		end = q
	}
	if w.touched || parts < 3 || end-i < 40 {
		return hit{}
	}
	if bytes.HasSuffix(w.b[i:end], []byte(".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c")) {
		return hit{start: i, end: end, score: 0.25} // the token that jwt.io shows everybody
	}
	if parts == 3 && w.b[end-1] == '.' {
		return hit{start: i, end: end, score: 0.45} // unsecured (RFC 7519, section 6): it opens no door
	}
	if parts == 5 || !w.hasPrefix(j+1, "ey") {
		return hit{start: i, end: end, score: 0.45} // encrypted (RFC 7516), or signed text that is no set of claims
	}
	return hit{start: i, end: end, score: 0.95}
}

// isJWTHeader reports whether the text from i to j decodes to a JSON object with a member "alg".
func (w *window) isJWTHeader(i, j int) bool {
	if w.recall(tagJWT, i) > i {
		return true
	}
	w.steps += j - i
	var buf [maxJWTHeader]byte
	n, err := base64.RawURLEncoding.Decode(buf[:], w.b[i:j])
	if err != nil || !bytes.Contains(buf[:n], []byte(`"alg"`)) || !json.Valid(buf[:n]) {
		return false
	}
	w.remember(tagJWT, i, j)
	return true
}
