package detect

import "bytes"

const (
	maxUser     = 64
	maxPassword = 256
)

func urlCredentialsRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/url-credentials", Kind: KindSecret, Severity: High,
			Description: "user and password, or a token, in the authority of a URL (RFC 3986, section 3.2.1); the match is what stands before the @",
			Positives: []string{
				"https://cafe" + "babe:dead" + "beef@gems.contribsys.com/",
				"postgres://reporting:Tr0ub4dor&3@db.internal:5432/app", "https://bob:hunter22@example.com/x", "redis://:9fkw03mfs8@cache:6379",
				"amqp://svc:p@ss-w0rd@mq.example.net", "https://x-access-token:abc123def456@host.example/repo.git",
				"https://4f9d8e7c6b5a43210fed@git.example.org/r.git", "mongodb+srv://app:kX9_2mQ@cluster0.example.net",
			},
			Negatives: []string{
				"https://example.com/a@b", "http://user:password@host", "https://user@example.com/", "ftp://${USER}:${PASS}@host", "https://name:<password>@host",
				"https://example.com:8080/", "postgres://user:***@host", "see http://[2001:db8::1]/", "mysql://root:$DB_PASS@localhost", "ssh://git@host.example",
				"proto://u:{{ pw }}@h", "http://a:b@", "https://user:%s@host",
			},
		},
		on: []entry{{bytes: ":", next: "/", find: findURLCredentials}},
	}
}

// findURLCredentials looks for "://" at its colon and for credentials after it.
func findURLCredentials(w *window, i int) hit {
	if !isAlnum(w.before(i)) {
		return hit{}
	}
	start := i + 3
	w.lead = min(start, len(w.b)) // the scheme and its colon are no part of the match
	if !w.hasPrefix(i, "://") {
		return hit{}
	}
	end := w.longRun(clUser, start, maxUser+1+maxPassword+maxDomain)
	if w.touched {
		return hit{}
	}
	w.steps += end - start
	at, colon := -1, -1
	for k := start; k < end; k++ {
		switch {
		case w.b[k] == '@':
			at = k
		case w.b[k] == ':' && colon < 0:
			colon = k
		}
	}
	if at < 0 || at+1 == end || !isAlnum(w.b[at+1]) && w.b[at+1] != '[' && w.b[at+1] < 0x80 {
		return hit{}
	}
	h := hit{start: start, end: at, resume: at + 1, score: 0.9}
	if colon < 0 || colon > at {
		if looksRandom(w.b[start:at]) && !isSequence(w.b[start:at]) {
			return h
		}
		return hit{}
	}
	user, password := w.b[start:colon], w.b[colon+1:at]
	if len(user) > maxUser || len(password) == 0 || len(password) > maxPassword || isPlaceholder(user, password) {
		return hit{}
	}
	if h.score = urlScore(user, password); bytes.Contains(w.b[at:end], []byte(".contribsys.com")) {
		h.score = 0.9 // Sidekiq's gems, whose passwords are eight hexadecimal digits
	}
	return h
}

// urlScore weighs a password in a URL: words that stand for one are none, others may well be in use.
func urlScore(user, password []byte) float32 {
	if isOneOfFold(password, plainWords) || isOneOfFold(password, standIns) || len(password) < 3 {
		return 0
	}
	if isSequence(password) || len(password) == 3 {
		return 0.4
	}
	m := study(password)
	if m.randomness() >= 0.5 || m.digits > 0 && m.lower+m.upper > 0 || m.other > 0 || m.lower > 0 && m.upper > 1 {
		return 0.9
	}
	return 0.4
}

// looksRandom reports whether a user name without password is a token: long, with letters and digits mixed.
func looksRandom(b []byte) bool {
	letters, digits := 0, 0
	for _, c := range b {
		switch {
		case isLetter(c):
			letters++
		case isDigit(c):
			digits++
		}
	}
	return len(b) >= 16 && letters >= 4 && digits >= 3
}

// isPlaceholder reports credentials that stand for others: variables, format verbs, stars, or the words user and password.
func isPlaceholder(user, password []byte) bool {
	switch c := password[0]; {
	case c == '$' || c == '%' && (len(password) < 3 || classOf[password[1]]&clHex == 0):
		return true
	case sameBytes(password) && (c == '*' || c|0x20 == 'x' || c == '.' || c == '-'):
		return true
	}
	return anyOf(user, "user", "username", "usr", "name", "login") && anyOf(password, "password", "pass", "passwd", "pwd", "secret")
}

func anyOf(b []byte, list ...string) bool {
	for _, s := range list {
		if len(b) == len(s) && equalFold(b, s) {
			return true
		}
	}
	return false
}

func sameBytes(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}
