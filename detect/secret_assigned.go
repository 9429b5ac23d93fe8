package detect

import (
	"bytes"
	"encoding/base64"
	"strings"
)

// Values that are recognised by what they are assigned to, in any language of code, configuration or prose:
//
//	key = value   "key": "value"   key => 'value'   key := value   <key>value</key>   set("key", "value")   $x['key'] = f("value")
//
// One recogniser looks at the bytes that separate a name from its value, reads the name backwards and the value forwards,
// and says which rule of this group it is: a key of a service whose name stands before the value, or an assigned secret.

// assignment is a separator with what stands before it.
type assignment struct {
	at, value int // the first byte of the separator, the byte behind it
	keyFrom   int
	keyTo     int
	power     strength
	tag       bool // the separator is the end of an XML tag
	call      bool // the separator is the bracket of a call
	login     bool // the value is the second argument of a call such as login("user", "password")
	asked     bool // the services are known
	named     int
	services  [3]int8 // that stand before it, the nearest first
}

// findContext looks for a value at the separator i.
func findContext(w *window, i int) hit {
	w.lead = min(i+1, len(w.b))
	var a assignment
	if !w.separator(i, &a) {
		return hit{}
	}
	if w.touched {
		return hit{}
	}
	w.key(&a)
	if a.call && !endsInKey(w.b[a.keyFrom:a.keyTo], a.power) {
		a.power = noKey
	}
	v, ok := w.value(&a)
	if !ok || w.touched {
		return hit{}
	}
	text := w.b[v.from:v.to]
	if h := w.serviceValue(&a, v); h.score > 0 {
		return h
	}
	if h := w.jwkValue(&a, v); h.score > 0 || w.touched {
		return h
	}
	if h := w.manifestValue(&a, v); h.score > 0 || w.touched {
		return h
	}
	if a.power == noKey {
		return hit{}
	}
	score := w.assignedScore(&a, v, text)
	if score == 0 {
		return hit{}
	}
	rule := ctxAssignedSecret
	if a.power == passwordKey {
		rule = ctxAssignedPassword
	}
	return hit{start: v.from, end: v.to, resume: a.value, score: score, context: rule}
}

// separator reports whether the byte at i begins a separator, and how far it goes.
func (w *window) separator(i int, a *assignment) bool {
	prev := w.before(i)
	a.at, a.value = i, i+1
	switch w.b[i] {
	case ',':
		if prev != '"' && prev != '\'' && prev != '`' {
			return false
		}
		for k := 0; k < 4 && w.at(a.value) == ' '; k++ {
			a.value++
		}
		if c := w.at(a.value); c != '"' && c != '\'' && c != '`' && c != '@' && c != 'b' && c != '\\' {
			return false
		}
	case '(':
		a.call = true
		if !isWord(prev) {
			return false
		}
		if c := w.at(a.value); c != '"' && c != '\'' && c != '`' && c != '@' {
			return false
		}
	case '>':
		a.tag = true
		if !isAlnum(prev) && prev != '"' && prev != '\'' {
			return false
		}
	case '=':
		if prev == '<' || prev == '>' || prev == '=' {
			return false
		}
		if indexByte(":?.+|!~", prev) >= 0 && i > 0 {
			if prev == ':' || prev == '!' && w.before(i-1) == '=' {
				return false // the colon is the separator
			}
			a.at--
		}
		w.operator(a)
	case ':':
		if prev == ':' || prev == '/' {
			return false
		}
		if c := w.at(a.value); c == '/' || c == ':' && w.at(a.value+1) != '=' && w.at(a.value+1) != ':' {
			return false
		}
		w.operator(a)
	}
	return true
}

// operator moves the value behind the rest of an operator such as := => == or ::=.
func (w *window) operator(a *assignment) {
	for k := 0; k < 3; k++ {
		if c := w.at(a.value); c != '=' && c != ':' && c != '>' && c != '~' {
			return
		}
		a.value++
	}
}

// key reads the name before a separator.
func (w *window) key(a *assignment) {
	k := a.at
	list := w.b[a.at] == ','
	stop := max(0, a.at-maxKey-48)
	w.steps += 8
	for k > stop && (w.b[k-1] == ' ' || w.b[k-1] == '\t') {
		k--
	}
	for n := 0; n < 4 && k > stop && indexByte("\"'`]\\*)", w.b[k-1]) >= 0; n++ {
		k--
	}
	a.keyFrom, a.keyTo = w.nameBefore(k), k
	if list {
		open := w.firstOfPair(a.keyFrom)
		if open < 0 {
			a.keyFrom, a.asked = k, true
			return
		}
		if a.power = w.loginCall(open); a.power > noKey {
			a.login = true
			return
		}
	}
	name := w.b[a.keyFrom:k]
	if w.b[a.at] == ':' && w.before(a.keyFrom) == ':' && !allDigits(name) {
		return // a part of a resource name, as in arn:aws:secretsmanager:…:secret:name
	}
	a.power = keyName(name)
	if p := w.before(a.keyFrom); string(name) == "sig" && (p == '?' || p == '&') {
		a.power = weakKey // a shared access signature
	}
	switch {
	case a.power >= tokenKey || len(name) == 0:
	case len(name) > 14:
	case isOneOfFold(name, typeWords):
		w.widen(a, a.keyFrom, 2)
	case a.power == weakKey && len(name) <= 4:
		w.joined(a) // "api key"
	case isOneOfFold(name, valueWords):
		if w.widen(a, a.keyFrom, 6); a.power < tokenKey {
			a.power = noKey
		}
	case len(name) < 5 && allDigits(name) && a.at > 4 && w.before(a.keyFrom) == ':' && w.before(a.keyFrom-1) == 's':
		w.widen(a, a.keyFrom-1, 2) // PHP: s:8:"password";s:6:"…"
	}
}

// firstOfPair returns the bracket before the name in quotes at i if it is the first
// in it, as in set("name", "value"), and -1 otherwise: in longer lists of names the next one is no value.
func (w *window) firstOfPair(i int) int {
	if i == 0 || !isQuote(w.b[i-1]) {
		return -1
	}
	for i--; i > 0 && (w.b[i-1] == ' ' || w.b[i-1] == '@' || w.b[i-1] == '\\'); i-- {
		w.steps++
	}
	if i > 0 && (w.b[i-1] == '(' || w.b[i-1] == '{') {
		return i - 1
	}
	return -1
}

// loginCall reports whether the bracket at i is that of a function that takes a user and a password, such as login.
func (w *window) loginCall(i int) strength {
	if w.b[i] != '(' {
		return noKey
	}
	from := w.nameBefore(i)
	if from == i && w.before(i) == '=' { // auth=("user", "password")
		i--
		from = w.nameBefore(i)
	}
	name := w.b[from:i]
	for from = len(name); from > 0; {
		if from--; isAlnum(name[from]) && keyPartBegins(name, from) {
			part := partAfter(name, foldedName(name), from)
			if isOneOf(part, loginParts) {
				return passwordKey
			}
		}
	}
	return noKey
}

var loginParts = strings.Fields("login logon signin authenticate auth authentication credential credentials basic connect userpass password")

func foldedName(b []byte) []byte { return bytes.ToLower(b[:min(len(b), maxKey)]) }

// nameBefore returns where the name that ends at k begins.
func (w *window) nameBefore(k int) int {
	j, stop := k, max(0, k-maxKey)
	for j > stop && nameByte[w.b[j-1]] {
		j--
	}
	w.steps += k - j
	if j > 0 && j < k && w.b[j-1] == '\\' && (w.b[j] == 'n' || w.b[j] == 't' || w.b[j] == 'r') {
		j++
	}
	return j
}

// nameByte holds what names are made of.
var nameByte = func() (t [256]bool) {
	for c := range t {
		t[c] = isWord(byte(c)) || c == '-' || c == '.' || c == '$' || c >= 0x80
	}
	return t
}()

var typeWords = []string{"string", "str", "text", "char", "varchar", "byte", "var", "const", "let", "bytes", "any", "none", "optional", "nil", "null", "securestring"}

var valueWords = []string{"value", "default", "val", "defaultvalue", "default_value", "content", "data", "string", "initial", "s"}

func isOneOfFold(b []byte, list []string) bool {
	for _, s := range list {
		if len(b) == len(s) && equalFold(b, s) {
			return true
		}
	}
	return false
}

// joined judges two words as one name: "api key", "secret access key".
func (w *window) joined(a *assignment) {
	if a.keyFrom < 3 || w.b[a.keyFrom-1] != ' ' {
		return
	}
	from := w.nameBefore(a.keyFrom - 1)
	if p := keyName(w.b[max(from, a.keyTo-maxKey):a.keyTo]); p > a.power {
		a.keyFrom, a.power = max(from, a.keyTo-maxKey), p
	}
}

// widen looks for the name in the words before, at most n of them and on the same two lines: a type or the word value
// stands where the name is expected.
func (w *window) widen(a *assignment, from, n int) {
	lines := 0
	stop := max(0, a.at-120)
	for k := from; n > 0; n-- {
		for k > stop && !nameByte[w.b[k-1]] {
			if k--; w.b[k] == '\n' {
				lines++
			}
			if lines > 1 || indexByte("{};", w.b[k]) >= 0 && w.b[k] != ';' {
				return
			}
		}
		if k <= stop {
			return
		}
		j := w.nameBefore(k)
		if j <= stop {
			return
		}
		if p := keyName(w.b[j:k]); p > noKey {
			a.keyFrom, a.keyTo, a.power = j, k, p
			return
		}
		k = j
	}
}

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

func assignedPasswordRule() builtin {
	pw := "xk29" + "fjw8q"
	return builtin{
		Rule: Rule{
			ID: "secret/assigned-password", Kind: KindSecret, Severity: High,
			Description: "password that is assigned, passed or listed under a name that says so",
			Positives: []string{
				`password = "` + pw + `"`, `'Password': 'bxqvjn',`, "DB_PASS=" + pw, "<password>" + pw + "</password>", `setPassword("` + pw + `")`, `client.login("jo", "` + pw + `")`, `HTTPBasicAuth('jo', '` + pw + `')`, `get(u, auth=('jo', '` + pw + `'))`, `<property name="db.password">` + pw + `</property>`, `"password": "40` + `82917"`,
				`$cfg['pwd'] = '` + pw + `';`, "passwort: " + pw, `<add key="Password" value="` + pw + `" />`, "jdbc:x;user=sa;Password=" + pw + ";", `"пароль": "` + pw + `"`,
				`String passwd = new String("` + pw + `");`, `s:8:"password";s:9:"` + pw + `";`, "mysql --password=" + pw,
			},
			Negatives: []string{
				`password = os.Getenv("DB_PASSWORD")`, "password: Enter your password", `password = "changeme"`, "password=${DB_PASSWORD}", `password: '<password>'`,
				"password = getPassword()", `password_file = "/run/secrets/db"`, `passwordField = "mat-input-7"`, "password: true", `"password": ""`, "passport: X1234567",
				"compass: 3f9k2x8q", "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-8Xk2Lp", `password="{{ db_password }}"`, `login("form", "submit")`, `password: 123456`, `connect('click', 'onClick2')`, "--- PASS: TestSplit42", `password_length = 1200000`, "password: string", `pass = args["pass"]`, "password=********",
			},
		},
		context: ctxAssignedPassword,
	}
}

func assignedSecretRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/assigned-secret", Kind: KindSecret, Severity: High,
			Description: "token, key or secret that is assigned under a name that says so",
			Positives: []string{
				"auth_token: " + sampleHex(32), `"client_secret": "` + sampleB62(24) + `"`, `apiKey => '` + sampleLower(20) + `'`, "?access_token=" + sampleB62(32) + "&x=1",
				`secretKey := []byte("` + sampleB62(32) + `")`, `cookieValidationKey = "` + sampleB62(32) + `"`, `secret_key = createSecretKey(Buffer.from('` + sampleHex(64) + `', 'hex'))`,
				`"nonce_str":"` + sampleB62(32) + `"`, `set("session_secret", "` + sampleB62(20) + `")`, "API key: " + sampleB62(30),
				`"auth": "` + base64.StdEncoding.EncodeToString([]byte("svc:Kx7w2pQz")) + `"`, "?sv=2022&sp=r&sig=" + sampleB62(41) + "%3D",
			},
			Negatives: []string{
				`token = "placeholder"`, "public_key: " + sampleB62(43), "sort_key = " + sampleHex(32), "csrf_token=" + sampleB62(40), `"tokenizer": "` + sampleB62(20) + `"`,
				"monkey: " + sampleB62(32), `secret_name = "` + sampleB62(20) + `"`, "token: the one that you got", `"key": "states/s3/state1"`, "author: jane-doe-2024-xk",
				`access_token_url = "https://host.example/oauth/token"`, `key = "RSA_2048"`, "token = request.headers.get('x')", "max_tokens: 4096", "PublicKeyToken=" + sampleHex(16), "issuerKeyHash=" + sampleHex(40), "token: " + sampleB62(12) + "...",
			},
		},
		context: ctxAssignedSecret,
	}
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
