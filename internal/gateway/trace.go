package gateway

import (
	"crypto/sha256"
	"encoding/hex"
)

// traceOf reads the header traceparent of a caller as W3C Trace Context (Recommendation, 23 November 2021, section 3.2) says. Where it
// is missing, given twice or malformed, both are "": then the trace begins here.
func traceOf(header []string) (traceID, parentID string) {
	const size = 55 // 2 + 32 + 16 + 2 hex digits and three dashes
	if len(header) != 1 || len(header[0]) < size {
		return "", ""
	}
	h := header[0]
	version := h[:2]
	switch {
	case version == "ff" || version == "00" && len(h) != size || len(h) > size && h[size] != '-' || len(h) > 512,
		h[2] != '-' || h[35] != '-' || h[52] != '-',
		!lowerHex(version) || !lowerHex(h[3:35]) || !lowerHex(h[36:52]) || !lowerHex(h[53:55]),
		zeros(h[3:35]) || zeros(h[36:52]):
		return "", ""
	}
	return h[3:35], h[36:52]
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zeros(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// traceparent is what the runtime gets: the caller's trace, or one of our own, and the span of this exchange. Both follow from
// the id of the exchange (SHA-256 of its text: 16 bytes, then 8), so that who exports spans from the log finds the same.
func (g *Gateway) traceparent(x *exchange) string {
	if !g.opts.Trace {
		return ""
	}
	sum := sha256.Sum256([]byte(x.id.String()))
	trace := x.about.TraceID
	if trace == "" {
		trace = hex.EncodeToString(sum[:16])
	}
	return "00-" + trace + "-" + hex.EncodeToString(sum[16:24]) + "-01"
}
