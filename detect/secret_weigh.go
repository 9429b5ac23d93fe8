package detect

// assignedScore weighs what the name promises against what the value looks like.
func (w *window) assignedScore(a *assignment, v quoted, text []byte) float32 {
	key := w.b[a.keyFrom:a.keyTo]
	if isStandIn(text, key) || looksLikeCode(text, v) || hasTokenPrefix(text) {
		return 0
	}
	if isCrypt(text) {
		return 0.8
	}
	w.steps += len(text)
	m := study(text)
	r := m.randomness()
	if isUUID(text) || m.hex && hasSuffixFold(key, "hash") {
		r = 0.7
	}
	if a.power == weakKey && hasSuffixFold(key, "auth") {
		if s := basicScore(text); s >= 0.4 {
			return min(s, 0.8) // docker's config.json, .npmrc
		}
	}
	if a.power == weakKey && isLoginPair(text) {
		return 0.6
	}
	switch a.power {
	case passwordKey:
		switch {
		case a.login && (r < 0.55 || m.n < 5), v.quote == 0 && w.b[a.at] == ':' && string(key) == "PASS": // the verdict of a test
			return 0
		case m.lower+m.upper+m.other == 0:
			if m.n >= 6 && (v.quote != 0 || hasSuffixFold(key, "password") || hasSuffixFold(key, "passwd") || hasSuffixFold(key, "pwd")) {
				return 0.55
			}
			return 0
		case m.n > 120:
			return 0
		case v.quote == 0 && r < 0.8 && m.digits == 0 && m.other == 0:
			return 0
		case r >= 0.8:
			return 0.8
		case r >= 0.5:
			return 0.65
		case m.digits > 0 && m.n >= 6 && m.lower+m.upper > 0 && indexOf(text, '/') < 0 && indexOf(text, ':') < 0:
			return 0.55
		}
	case tokenKey:
		switch {
		case m.n < 6 || m.n < 8 && m.digits > 0:
			return 0
		case r >= 0.9 && m.n >= 16:
			return 0.85
		case r >= 0.8:
			return 0.7
		case r >= 0.7 || r >= 0.5 && m.digits > 0:
			return 0.55
		}
	case weakKey:
		if m.hex && (!isConstant(key) && isOneOfFold(key, []string{"key", "keys"}) || hasSuffixFold(key, "nonce")) {
			return 0 // names of entries, and the vectors of tests
		}
		if m.n >= 16 && r >= 0.9 && m.digits > 0 && m.lower+m.upper > 0 && (m.entropy > 3 || m.hex && m.entropy > 2.7) {
			return 0.6
		}
	}
	return 0
}

// isUUID reports the form 8-4-4-4-12 of hexadecimal digits.
func isUUID(v []byte) bool {
	if len(v) != 36 {
		return false
	}
	for i, c := range v {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && classOf[c]&clHex == 0 {
			return false
		}
	}
	return true
}

// endsInKey reports whether the name of a function ends in a word that announces a secret: setPassword does, and
// password.decode does not.
func endsInKey(name []byte, power strength) bool {
	if power < tokenKey || isConstant(name) {
		return false
	}
	from := len(name)
	for from > 0 && isAlnum(name[from-1]) {
		if from--; keyPartBegins(name, from) && keyName(name[from:]) >= tokenKey {
			return true
		}
	}
	return false
}

// isLoginPair reports a user and a password with a colon between them, as they are encoded for Basic authentication.
func isLoginPair(v []byte) bool {
	k := indexOf(v, ':')
	if k < 1 || k > 40 || len(v)-k-1 < 4 || indexOf(v[k+1:], ':') >= 0 {
		return false
	}
	for _, c := range v {
		if c <= ' ' || c == '/' {
			return false
		}
	}
	m := study(v[k+1:])
	return m.randomness() >= 0.55 && !isStandIn(v[k+1:], nil)
}

func indexOf(v []byte, c byte) int {
	for i := range v {
		if v[i] == c {
			return i
		}
	}
	return -1
}

// tokenPrefixes are the beginnings of vendors' tokens, by first byte. What begins so and is no such token is none at all.
var tokenPrefixes = func() (by [256][]string) {
	for _, table := range tokenTables() {
		for _, row := range table {
			for _, s := range row.shapes {
				if parts, err := parseShape(s); err == nil && len(parts[0].text) >= 4 {
					by[s[0]] = append(by[s[0]], parts[0].text)
				}
			}
		}
	}
	return by
}()

func hasTokenPrefix(v []byte) bool {
	for _, p := range tokenPrefixes[v[0]] {
		if len(v) >= len(p) && string(v[:len(p)]) == p {
			return true
		}
	}
	digits := 0
	for digits < len(v) && isDigit(v[digits]) {
		digits++
	}
	return digits > 3 && len(v) > digits+20 && v[digits] == ':' && v[digits+1] == 'A' // a bot token of Telegram
}

func hasSuffixFold(b []byte, s string) bool {
	return len(b) >= len(s) && equalFold(b[len(b)-len(s):], s)
}

// isConstant reports a name without lower-case letters, as macros have.
func isConstant(name []byte) bool {
	for _, c := range name {
		if c-'a' < 26 {
			return false
		}
	}
	return true
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}
