package detect

import (
	"bytes"
	"slices"
)

const (
	maxPEM     = 16 << 10 // a longer block is cut there
	maxPEMGap  = 128      // bytes between two lines
	minPEMBody = 40       // bytes; a shorter body is a placeholder
	pemLine    = 16       // a shorter run of base64 can only be the last line
)

func privateKeyRule() builtin {
	const body = "MC4CAQAwBQYDK2VwBCIEIJ8Qz1mP0fT5uVhXrLwK3yDnC7sGbA2eRtYi4oHpNkQm"
	return builtin{
		Rule: Rule{
			ID: "secret/private-key", Kind: KindSecret, Severity: Critical,
			Description: "private key in PEM (RFC 7468, RFC 4716) or OpenPGP armour, the whole block, also in one line or cut off before its end",
			Positives: []string{
				"-----BEGIN PRIVATE KEY-----\n" + body + "\n-----END PRIVATE KEY-----",
				"key = \"-----BEGIN RSA PRIVATE KEY-----\\n" + body + "\\n" + body[:20] + "==\\n-----END RSA PRIVATE KEY-----\\n\"",
				"-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C3D\n\n" + body + "\n-----END EC PRIVATE KEY-----\n",
				"-----BEGIN OPENSSH PRIVATE KEY----- " + body + " " + body, "  -----BEGIN PGP PRIVATE KEY BLOCK-----\n  Version: 1\n\n  " + body + "\n  =abcd\n  -----END PGP PRIVATE KEY BLOCK-----",
			},
			Negatives: []string{
				"-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----\n" + body,
				"the file starts with -----BEGIN PRIVATE KEY----- and then comes the key itself, in lines of base64",
				"-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "----------\nPRIVATE KEY\n----------", "- item",
			},
		},
		on: []entry{{bytes: "-", next: "-", find: findPEM}},
	}
}

var pemLabels = []string{
	"PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY",
	"SSH2 ENCRYPTED PRIVATE KEY", "ANY PRIVATE KEY", "ED25519 PRIVATE KEY", "PGP PRIVATE KEY BLOCK",
}

// findPEM looks for a private key at the first of five hyphens.
func findPEM(w *window, i int) hit {
	const begin = "-----BEGIN "
	if w.before(i) == '-' || !w.hasPrefix(i, begin) {
		return hit{}
	}
	label := i + len(begin)
	j := label
	for c := w.at(j); (isUpper(c) || isDigit(c) || c == ' ') && j < label+32; c = w.at(j) {
		j++
	}
	if w.touched || !slices.Contains(pemLabels, string(w.b[label:j])) || !w.hasPrefix(j, "-----") {
		return hit{}
	}
	body := j + len("-----")
	end := w.pemEnd(i, body)
	if w.touched || end-body < minPEMBody {
		return hit{}
	}
	score := float32(0.98)
	if head := w.b[label:min(end, body+64)]; bytes.Contains(head, []byte("ENCRYPTED")) {
		score = 0.65 // it takes a password to use it
	}
	return hit{start: i, end: end, score: score}
}

// pemEnd returns the end of the block whose body starts at body: after its END line, or after the last run of base64
// if something else follows or the bound is reached. It remembers the last run that it has finished.
func (w *window) pemEnd(start, body int) int {
	limit := start + maxPEM
	end := w.recall(tagPEM, start)
	if end == start {
		end = body
	}
	full, short := end, false // end of the last full line; the last run was shorter
	for {
		p := w.pemGap(end, min(limit, end+maxPEMGap))
		if p < limit && w.hasPrefix(p, "-----END ") {
			return w.pemFooter(p)
		}
		switch {
		case w.touched || p >= limit:
			return min(end, limit)
		case short && p < len(w.b):
			return full // the short run is a word of what follows
		case short || p >= end+maxPEMGap:
			return end
		}
		if q := w.pemHeader(p); q > p || w.touched {
			if w.touched {
				return end
			}
			end, full = q, q
			w.remember(tagPEM, start, end)
			continue
		}
		q := w.longRun(clB64, p, limit-p)
		if w.touched || q == p {
			return end
		}
		if short = q-p < pemLine; short && end == body {
			return end // prose
		}
		end = q
		if !short {
			full = end
			w.remember(tagPEM, start, end)
		}
	}
}

// tagPEM marks memos of pemEnd; run memos are tagged with their class.
const tagPEM, tagJWT = 1 << 16, 1 << 17

// pemGap skips what stands between two lines: white space, escaped line ends, the quotes and plus signs of string
// concatenations.
func (w *window) pemGap(i, limit int) int {
	for i < limit {
		switch c := w.at(i); {
		case classOf[c]&clSpace != 0 || c == '"' || c == '\'' || c == ',' || c == '>' || c == '|':
			i++
		case c == '\\' && (w.at(i+1) == 'n' || w.at(i+1) == 'r' || w.at(i+1) == 't' || w.at(i+1) == '\\' || w.at(i+1) == '\n'):
			i += 2
		case (c == '+' || c == '.') && (w.at(i+1) == ' ' || w.at(i+1) == '\n' || w.at(i+1) == '"'):
			i++
		default:
			return i
		}
	}
	return i
}

var pemHeaders = []string{"Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Charset:", "Hash:", "Subject:"}

// pemHeader returns the end of a header line at i, or i.
func (w *window) pemHeader(i int) int {
	for _, h := range pemHeaders {
		if !w.hasPrefix(i, h) {
			continue
		}
		for j := i + len(h); j < i+256; j++ {
			c := w.at(j)
			if c == '\n' || c == 0 || c == '\\' && w.at(j+1) == 'n' {
				return j
			}
		}
	}
	return i
}

// pemFooter returns the end of the END line at i.
func (w *window) pemFooter(i int) int {
	j := i + len("-----END ")
	for c := w.at(j); (isUpper(c) || isDigit(c) || c == ' ') && j < i+64; c = w.at(j) {
		j++
	}
	for k := 0; k < 5 && w.at(j) == '-'; k++ {
		j++
	}
	return j
}
