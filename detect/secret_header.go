package detect

import (
	"bytes"
	"encoding/base64"
)

// headerRules are for what stands behind the name of an authentication scheme, in dumps of HTTP headers and in code.
func headerRules() []builtin {
	return []builtin{bearerRule(), basicRule(), statementRule()}
}

func bearerRule() builtin {
	r := builtin{Rule: Rule{
		ID: "secret/bearer-token", Kind: KindSecret, Severity: High,
		Description: "token behind the word Bearer (RFC 6750)",
		Positives:   []string{"Authorization: Bearer " + sampleHex(40), "- Bearer " + sampleB62(30), "auth = 'bearer " + sampleB62(24) + "'"},
		Negatives:   []string{"Bearer token authentication", "bearer ACCESS_TOKEN_FROM_ABOVE", "Bearer ${TOKEN}", "the bearer of good news", "Bearer realm=example-realm-2024"},
	}}
	for _, scheme := range []string{"Bearer ", "bearer ", "BEARER "} {
		r.on = append(r.on, entry{prefix: scheme, skip: len(scheme), find: func(w *window, i int) hit {
			from := i + len(scheme)
			end := w.longRun(clB64|clB64u|clDot, from, maxQuoted)
			if w.touched || end-from < 12 || end-from >= maxQuoted {
				return hit{}
			}
			v := w.b[from:end]
			m := study(v)
			if isStandIn(v, nil) || m.digits == 0 || m.randomness() < 0.7 || hasTokenPrefix(v) {
				return hit{}
			}
			return hit{start: from, end: end, resume: from, score: 0.85}
		}})
	}
	return r
}

func basicRule() builtin {
	pair := base64.StdEncoding.EncodeToString([]byte("svc-report:Kx7w2pQz"))
	r := builtin{Rule: Rule{
		ID: "secret/basic-auth", Kind: KindSecret, Severity: High,
		Description: "user and password behind the word Basic (RFC 7617)",
		Positives:   []string{"Authorization: Basic " + pair, "'Basic " + pair + "'"},
		Negatives:   []string{"Basic authentication is not safe", "Basic Auth", "Basic dXNlcjpwYXNzd29yZA==", "basic knowledge"},
	}}
	for _, scheme := range []string{"Basic ", "basic ", "BASIC "} {
		r.on = append(r.on, entry{prefix: scheme, skip: len(scheme), find: func(w *window, i int) hit {
			from := i + len(scheme)
			end := w.longRun(clB64, from, maxToken)
			if w.touched || end-from < 8 || end-from >= maxToken {
				return hit{}
			}
			return hit{start: from, end: end, resume: from, score: basicScore(w.b[from:end])}
		}})
	}
	return r
}

// basicScore weighs what may be a user and a password in base64.
func basicScore(v []byte) float32 {
	if len(v) > maxToken {
		return 0
	}
	var buf [maxToken]byte
	enc := base64.RawStdEncoding
	n, err := enc.Decode(buf[:], bytes.TrimRight(v, "="))
	k := indexOf(buf[:n], ':')
	if err == nil && k > 0 && printable(buf[:n]) {
		password := buf[k+1 : n]
		switch {
		case len(password) == 0 || string(password) == "open sesame" || isOneOf(password, published) || isOneOfFold(password, plainWords) || isOneOfFold(password, standIns):
			return 0
		case isStandIn(password, nil):
			return 0.4
		}
		return 0.85
	}
	m := study(v)
	if len(v) >= 12 && m.upper > 0 && m.lower > 0 && m.randomness() >= 0.9 && !isStandIn(v, nil) {
		return 0.55
	}
	return 0
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func jwkRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/jwk-private-key", Kind: KindSecret, Severity: High,
			Description: "private member of a JSON web key (RFC 7518, section 6): d, k, p, q, dp, dq, qi",
			Positives: []string{
				`{"kty":"EC","crv":"P-256","x":"` + sampleB62(43) + `","y":"` + sampleLower(43) + `","d":"` + sampleB62(43) + `"}`,
				"kty: 'oct',\n k: '" + sampleB62(22) + "',",
			},
			Negatives: []string{`{"kty":"EC","crv":"P-256","x":"` + sampleB62(43) + `"}`, `{"d": "` + sampleB62(43) + `"}`, "d: 'a word'"},
		},
		context: ctxJWK,
	}
}

var jwkMembers = []string{"d", "k", "p", "q", "dp", "dq", "qi"}

// jwkValue looks for a private member of a JSON web key: its name is short, so other members must stand near.
func (w *window) jwkValue(a *assignment, v quoted) hit {
	text := w.b[v.from:v.to]
	if v.quote == 0 || len(text) < 20 || !isOneOf(w.b[a.keyFrom:a.keyTo], jwkMembers) {
		return hit{}
	}
	for _, c := range text {
		if classOf[c]&clB64u == 0 {
			return hit{}
		}
	}
	m := study(text)
	if m.randomness() < 0.9 {
		return hit{}
	}
	before := w.b[max(0, a.at-150):a.at]
	w.steps += len(before)
	found := false
	for _, s := range jwkCompany {
		found = found || bytes.Contains(before, []byte(s))
	}
	if !found {
		stop := min(v.to+100, len(w.b))
		w.steps += stop - v.to
		for _, s := range jwkCompany {
			found = found || bytes.Contains(w.b[v.to:stop], []byte(s))
		}
		if stop == len(w.b) && stop < v.to+100 {
			w.touch()
		}
	}
	if !found {
		return hit{}
	}
	score := float32(0.8)
	if name := w.b[a.keyFrom:a.keyTo]; name[0] != 'd' && name[0] != 'k' || len(name) > 1 {
		score = 0.45 // the key itself is a finding
	}
	return hit{start: v.from, end: v.to, resume: a.value, score: score, context: ctxJWK}
}

// jwkCompany are pieces that stand near a private member.
var jwkCompany = []string{
	"kty", "crv", "AQAB", "\"y\":", "y: '", "\"oct\"", "'oct'", "\"dp\"", "dp: '", "\"qi\"", "qi: '", "\"use\"", "\"alg\"", "alg: '", "use: '", "p: '", "\"p\":",
}

func statementRule() builtin {
	r := builtin{Rule: Rule{
		ID: "secret/statement-password", Kind: KindSecret, Severity: High,
		Description: "password in a statement that has no sign between name and value: SQL, netrc, shell",
		Positives: []string{
			"CREATE USER jo WITH PASSWORD 'xk29fjw8q' LOGIN", "identified by 'Zt7!kq0x'", "machine h.example login jo password kq8xw2zt", "ENV DB_PASSWORD kq8xw2zt\n",
			"CREATE USER jo IDENTIFIED BY \"Zt7kq0xw\"", "the password is kq8xw2zt", "requirepass kq8xw2zt", "#define WIFI_PASSWORD \"kq8xw2zt\"", "storePassword 'kq8xw2zt'",
		},
		Negatives: []string{"the password is long", "requirepass is set", "define password rules", "WITH PASSWORD 'password'", "password strength", "login and password fields", "set password on the form", "ENV PATH /usr/bin"},
	}}
	power := func(words string, p strength) {
		r.on = append(r.on, entry{prefix: words, skip: len(words), find: func(w *window, i int) hit { return w.statement(i, i+len(words), p) }})
	}
	for _, s := range []string{"PASSWORD ", "password ", "Password ", "passwd ", "PASSPHRASE ", "password is ", "Password is ", "storePassword ", "keyPassword ", "requirepass ", "masterauth ", "IDENTIFIED BY ", "identified by ", "Identified by "} {
		power(s, passwordKey)
	}
	for _, s := range []string{"ENV ", "ARG ", "set ", "setx ", "SET ", "define "} {
		power(s, noKey)
	}
	return r
}

// statement looks for a value that follows its name without a sign. Without quotes it must look drawn, since most words
// that follow are words.
func (w *window) statement(i, from int, power strength) hit {
	a := assignment{at: from - 1, value: from, keyFrom: i, keyTo: from - 1, power: power}
	if power == noKey {
		end := w.run(clWord, from, maxKey)
		if w.touched || w.at(end) != ' ' {
			return hit{}
		}
		if a.power = keyName(w.b[from:end]); a.power < tokenKey {
			return hit{}
		}
		a.keyFrom, a.keyTo, a.value, from = from, end, end+1, end+1
		w.lead = min(from, len(w.b))
	}
	w.lead = min(from, len(w.b))
	q := w.at(from)
	if w.touched {
		return hit{}
	}
	if c := w.b[i]; !isQuote(q) && (c|0x20 == 'i' || c == 'd') {
		return hit{} // IDENTIFIED BY and #define have quotes
	}
	if power == passwordKey && !isQuote(q) && from-i < len("password is ") && w.b[i] != 'r' && w.b[i] != 'm' && !w.near(i, loginWords) {
		return hit{}
	}
	v, ok := w.value(&a)
	if !ok || w.touched {
		return hit{}
	}
	text := w.b[v.from:v.to]
	score := w.assignedScore(&a, v, text)
	if m := study(text); score == 0 || v.quote == 0 && (m.randomness() < 0.55 || m.randomness() < 0.8 && m.digits == 0 && m.other == 0 && m.upper == 0) {
		return hit{}
	}
	return hit{start: v.from, end: v.to, resume: v.from, score: score}
}

var loginWords = words("login", "machine", "user", "username", "account")
