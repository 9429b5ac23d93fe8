package detect

import (
	"bytes"
	"strconv"
	"strings"
)

// standIns are words whose presence in a value says that it stands for another one: samples, instructions, the names of
// what should stand there. A value is folded before it is compared.
var standIns = strings.Fields(`hello newpass oldpass wrongpass xxx secr3t s3cr3t s3cret pa%2fss pa%3fs p%40ss privatekey publickey secretkey accesskey self. this. password passwd passphrase secret token example sample dummy fake foobar changeme change_me change-me replace insert
	placeholder your- your_ yourapi yourkey enter- enter_ redacted hidden masked default todo fixme xxxx **** .... aaaaa
	12345678 abcdefgh 01234567 deadbeef asdf qwerty testtest apikey api_key api-key access_key access-key private_key
	private-key credential undefined unknown invalid string optional required disabled enabled username hunter2 letmein
	somekey something anything whatever mypass my- my_ the- the_ test- test_ -test _test testing none null false true
	passw0rd p@ssw p455 pa55w pa$$ config value variable environ contrase kennwort passwort localhost lorem admin123 welcome`)

// plainWords are whole values that hold nothing.
var plainWords = strings.Fields(`utf8 utf-8 ascii latin1 latin-1 base64 iso-8859-1 hex sha256 bcrypt json jwt null nil none true false yes no on off undefined string str text char varchar bool int any object test tests foo bar baz
	qux pass pwd pw key secret token user auth basic bearer admin root guest abc abc123 a1b2c3 123abc 1234 12345 123456
	123456789 1234567890 void self this nan required hidden plain`)

// isStandIn reports a value that stands for another: a variable, a template, a format verb, dots and stars, one of the
// words above. The key is what the value is assigned to; a value that repeats it says nothing.
func isStandIn(v, key []byte) bool {
	if len(v) < 4 {
		return true
	}
	switch v[0] {
	case '$':
		if v[1] == '{' || v[1] == '(' || isLetter(v[1]) || v[1] == '_' || v[1] == '$' {
			return !isCrypt(v)
		}
	case '%':
		return v[len(v)-1] == '%' || len(v) < 6 || v[1] == '(' || v[1] == 's' || v[1] == '{'
	case '{':
		return !hasPrefixAny(v, "{SSHA", "{SHA", "{MD5}", "{SMD5}", "{CRYPT}", "{PBKDF2")
	case '<', '[', '(', '*', '^', '|':
		return true
	case '@':
		return v[len(v)-1] == '@' || v[1] == '{' || v[1] == '('
	case '#':
		return v[1] == '{' || len(v) == 4 || len(v) == 7
	case '&':
		return isLetter(v[1])
	case '/', '.', '~':
		if v[1] == '/' || v[0] == '.' || v[0] == '/' && len(v) < 40 || bytes.Count(v, []byte("/")) > 1 && len(v) < 40 {
			return true
		}
	case '-':
		if v[1] == '-' {
			return true
		}
	case ':', '=', '!', '?', ',', ';':
		return isWord(v[1]) && v[0] != '!' || v[1] == v[0]
	}
	var buf [96]byte
	low := buf[:min(len(v), len(buf))]
	for i := range low {
		c := v[i]
		if isUpper(c) {
			c |= 0x20
		}
		low[i] = c
	}
	for _, s := range plainWords {
		if string(low) == s {
			return true
		}
	}
	for _, s := range published {
		if string(v) == s {
			return true
		}
	}
	if hasPrefixAny(low, "sha256:", "sha256-", "sha1-", "sha1:", "sha384-", "sha512-", "sha512:", "md5:") {
		return true // a digest
	}
	for _, s := range publicKeys {
		if bytes.HasPrefix(v, []byte(s)) {
			return true
		}
	}
	for _, s := range templateMarks {
		if bytes.Contains(low, []byte(s)) {
			return true
		}
	}
	short := len(v) <= 48
	for _, s := range standIns {
		if (short || len(s) > 6) && bytes.Contains(low, []byte(s)) {
			return true
		}
	}
	return isSnake(low, v) || isSequence(low) || sameName(low, key) || isDate(low) || isNumber(low)
}

// published are values that stand in standards and manuals for all to copy: RFC 6749, RFC 6750, Amazon's documentation.
var published = strings.Fields(`2YotnFZFEjr1zCsicMWpAA tGzv3JOkF0XG5Qx2TlKWIA mF_9.B5f-4.1JqM SplxlOBeZQQYbYS6WxSbIA 7Fjfp0ZBr1KtDRbnfVdmIw gX1fBat3bV
	czZCaGRSa3F0MzpnWDFmQmF0M2JW wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY`)

// publicKeys are the ways in which the base64 of a public key begins (RFC 5280, SubjectPublicKeyInfo; RFC 4253).
var publicKeys = strings.Fields("MFkwEwYHKoZIzj0C MHYwEAYHKoZIzj0C MIGbMBAGByqGSM49 MIIBIjANBgkqhkiG9w0 MIICIjANBgkqhkiG9w0 MIGfMA0GCSqGSIb3DQ MCowBQYDK2V AAAAB3NzaC1yc2 AAAAC3NzaC1lZDI1 AAAAE2VjZHNh")

// templateMarks are pieces of templates, of code and of addresses; they stand in no password that is kept as it is.
var templateMarks = []string{"${", "{{", "}}", "%s", "%d", "%v", "%(", "#{", "<%", "...", "***", "%%", "->", "::", "://", "()", ");", "\\n", "\\u", "\\x", "\\0", "[]", "enc(", "vault:", "arn:", "op://", "secretref", "=>"}

// isCrypt reports a password hash, which begins with a dollar sign too.
func isCrypt(v []byte) bool {
	return len(v) >= 30 && v[0] == '$' && isAlnum(v[1]) && bytes.Count(v[:min(len(v), 40)], []byte("$")) >= 3
}

// isSequence reports ascending or descending bytes and repeated groups.
func isSequence(v []byte) bool {
	up, down := 0, 0
	for i := 1; i < len(v); i++ {
		switch int(v[i]) - int(v[i-1]) {
		case 1:
			up++
		case -1:
			down++
		}
	}
	if n := len(v) - 1; up*4 >= n*3 || down*4 >= n*3 {
		return true
	}
	for p := 1; p <= 4 && p*3 <= len(v); p++ {
		same := 0
		for i := p; i < len(v); i++ {
			if v[i] == v[i-p] {
				same++
			}
		}
		if same == len(v)-p {
			return true
		}
	}
	return false
}

// sameName reports a value that spells its key, whatever stands between the words.
func sameName(v, key []byte) bool {
	if len(key) == 0 {
		return false
	}
	if p := parts(v); len(p) > 3 && len(p)*2 > len(v) && bytes.Contains(parts(key), p) {
		return true
	}
	i, j, same := 0, 0, 0
	for i < len(v) && j < len(key) {
		switch {
		case !isAlnum(v[i]):
			i++
		case !isAlnum(key[j]):
			j++
		case v[i] != key[j] && v[i] != key[j]|0x20:
			return false
		default:
			i, j, same = i+1, j+1, same+1
		}
	}
	return same > 0 && (i == len(v) || len(v)-i <= 4)
}

// isDate reports digits with the punctuation of dates, versions, times and numbers.
func isDate(v []byte) bool {
	signs := false
	for _, c := range v {
		signs = signs || !isDigit(c)
		if !isDigit(c) && indexByte(".:-/+,_ tzv", c) < 0 {
			return false
		}
	}
	return signs
}

// isNumber reports a number in hexadecimal notation, such as the constants of a header file.
func isNumber(v []byte) bool {
	v = bytes.TrimPrefix(v, []byte("-"))
	if len(v) > 24 {
		return false
	}
	if _, err := strconv.ParseFloat(string(v), 64); err == nil && (len(v) <= 12 && !allDigits(v) || bytes.IndexByte(v, '.') >= 0) {
		return true
	}
	if !bytes.HasPrefix(v, []byte("0x")) {
		return false
	}
	for _, c := range v[2:] {
		if classOf[c]&clHex == 0 && c != 'u' && c != 'l' && c != '_' {
			return false
		}
	}
	return true
}

func hasPrefixAny(v []byte, list ...string) bool {
	for _, s := range list {
		if bytes.HasPrefix(v, []byte(s)) {
			return true
		}
	}
	return false
}

// isSnake reports the names of programs: lower-case parts joined by several underscores, or by dots as in the name of a
// package. The first argument is folded.
func isSnake(low, v []byte) bool {
	under, dots, digits := 0, 0, 0
	for i, c := range low {
		switch {
		case c == '_':
			under++
		case c == '.':
			dots++
		case isDigit(c):
			digits++
		case !isLetter(c) || c != v[i]:
			return false
		}
	}
	return under > 1 && digits*4 < len(v) || under == 1 && len(v) < 12 || dots > 1 && digits*6 < len(v)
}

// parts returns the letters and digits of a name, folded.
func parts(name []byte) []byte {
	out := make([]byte, 0, maxKey)
	for _, c := range name[:min(len(name), maxKey)] {
		if isAlnum(c) {
			if isUpper(c) {
				c |= 0x20
			}
			out = append(out, c)
		}
	}
	return out
}
