package detect

import (
	"bytes"
	"slices"
	"strings"
)

// strength says what the name of a value promises.
type strength uint8

const (
	noKey       strength = iota
	weakKey              // key, salt, session, signature: a random value is a finding
	tokenKey             // token, secret, api key: a value that is no word is a finding
	passwordKey          // password: short and simple values count too
)

// keyWord is a word in the name of a value.
type keyWord struct {
	text  string
	power strength
	part  bool // the word must begin where a part of the name begins, as in session_key; others may follow any letter
}

// keyWords are the words that announce a secret, in the languages of the product.
var keyWords = slices.Concat(
	keyList(passwordKey, false, "password passwd passphrase pwd passwort kennwort contrasena contraseña wachtwoord пароль Пароль 密码 密碼 パスワード 비밀번호"),
	keyList(passwordKey, true, "pass pw psw psk pin passe senha parola hasło haslo dbpass userpass mysqlpass rootpass adminpass mypass smtppass ftppass loginpass sshpass"),
	keyList(tokenKey, false, `secret token credential geheimnis apikey accesskey secretkey privatekey authkey masterkey encryptionkey signingkey
		sharedkey accountkey licensekey consumerkey authtoken apitoken sharedaccesskey`),
	keyList(tokenKey, true, "creds cred otp totp oauth_verifier"),
	keyList(weakKey, false, "appkey sessionkey"),
	keyList(weakKey, true, `key keys hmac auth authorization salt nonce sid session sessionid session_id sessid phpsessid jsessionid cookie jwt bearer
		seed mnemonic webhook access_key_id`),
)

func keyList(power strength, part bool, list string) (out []keyWord) {
	for _, s := range strings.Fields(list) {
		out = append(out, keyWord{s, power, part})
	}
	return out
}

// strongWith are words that make a weak key strong when they stand before it: "api key", "private_key".
var strongWith = strings.Fields(`api access secret private auth encryption encrypt signing master shared account service app client consumer admin
	storage aws azure crypto aes hmac hash license deploy ssh rsa validation security cipher rest subscription`)

// harmlessBefore are words that take the secret out of a name when they stand before the word.
var harmlessBefore = strings.Fields(`public pub pk primary foreign partition sort range csrf xsrf requestverification antiforgery cache row next page
	continuation unique publishable site map sync cursor by no group routing idempotency dedup i18n translation localization object bucket shard
	index etag host kms machine device registry query tracking commit websocket invalid wrong not encrypted encrypting wrapped hashed`)

// harmlessAfter are words that do so when they stand behind it: what follows describes a secret and holds none.
var harmlessAfter = strings.Fields(`file filename path dir name names url uri type types length len size field fields label hint policy regex pattern
	env var expires expiry expiration expire ttl count max min format prefix suffix class provider manager service store error message msg
	placeholder title column index form button link page reset change strength version algorithm alg method mode endpoint host port header param
	parameter arn ref selector usage ops enabled required fingerprint thumbprint digest checksum description desc location source status state
	input validator age timeout date time at in on is not alias group role scope id ids issuer uuid guid kid spec pair usages agreement exchange
	mgr ctx cb fn func callback handler bag management embd embedding embeddings masks bias weight weights management vault ring chain word words board code`)

// mayFollow are the words that may stand behind a short word for a password.
var mayFollow = strings.Fields("value val string str text plain new old confirm default prod dev test db for user root admin s wd word phrase code master repl")

const maxKey = 64

// keyEnd has a bit for each pair of last letters of the key words, folded to five bits each.
var keyEnd, keyByEnd = func() (ends [32]uint32, by [256][]keyWord) {
	for _, k := range keyWords {
		a, b := k.text[len(k.text)-2], k.text[len(k.text)-1]
		ends[a&31] |= 1 << (b & 31)
		by[b] = append(by[b], k)
	}
	return ends, by
}()

// keyName judges the name of a value: the strongest word in it, unless the words around it say that it holds no secret.
func keyName(key []byte) strength {
	best := noKey
	var low [maxKey]byte
	n := len(key)
	folded := false
	for p := 2; p <= n; p++ {
		if keyEnd[key[p-2]&31]>>(key[p-1]&31)&1 == 0 || !keyPartEnds(key, p) {
			continue
		}
		if !folded {
			for i, c := range key {
				if isUpper(c) {
					c |= 0x20
				}
				low[i] = c
			}
			folded = true
		}
		best = max(best, keyWordAt(key, low[:n], p))
	}
	return best
}

// keyWordAt returns the power of the key word that ends at p, given what stands around it.
func keyWordAt(key, low []byte, p int) strength {
	best := noKey
	for _, k := range keyByEnd[low[p-1]] {
		from := p - len(k.text)
		if from < 0 || string(low[from:p]) != k.text || k.part && !keyPartBegins(key, from) {
			continue
		}
		power := k.power
		before, after := partBefore(key, low, from), partAfter(key, low, p)
		if isOneOf(after, harmlessAfter) || isOneOf(before, harmlessBefore) || len(after) > 0 && isOneOf(lastPart(key, low), harmlessAfter) {
			continue
		}
		if power == passwordKey && k.part && len(after) > 0 && !isOneOf(after, mayFollow) {
			continue
		}
		if power < passwordKey && (bytes.Contains(low, []byte("public")) || string(after) == "hash") {
			continue
		}
		if power == tokenKey && k.text == "token" && p < len(low) && low[p] == 's' {
			power = weakKey // a list of words more often than of secrets
		}
		if power == weakKey && isOneOf(before, strongWith) {
			power = tokenKey
		}
		best = max(best, power)
	}
	return best
}

func isOneOf(b []byte, list []string) bool {
	for _, s := range list {
		if string(b) == s {
			return true
		}
	}
	return false
}

// keyPartEnds reports whether a part of a name ends before p: at its end, before a byte that is no letter, at a change
// of case, or before the s of a plural.
func keyPartEnds(key []byte, p int) bool {
	if p >= len(key) || !isLetter(key[p]) {
		return true
	}
	if isUpper(key[p]) {
		return !isUpper(key[p-1])
	}
	return key[p] == 's' && (p+1 == len(key) || !isLetter(key[p+1]))
}

// keyPartBegins reports whether a part of a name begins at p.
func keyPartBegins(key []byte, p int) bool {
	if p == 0 || !isLetter(key[p-1]) && key[p-1] < 0x80 {
		return true
	}
	return isUpper(key[p]) && (!isUpper(key[p-1]) || p+1 < len(key) && key[p+1]-'a' < 26)
}

// partBefore returns the part of a name before from, folded.
func partBefore(key, low []byte, from int) []byte {
	end := from
	for end > 0 && !isAlnum(key[end-1]) {
		end--
	}
	begin := end
	for begin > 0 && isAlnum(key[begin-1]) {
		begin--
		if keyPartBegins(key, begin) {
			break
		}
	}
	return low[begin:end]
}

// partAfter returns the part of a name that begins at p or behind the bytes that separate parts, folded.
func partAfter(key, low []byte, p int) []byte {
	for p < len(key) && !isLetter(key[p]) {
		p++
	}
	end := p
	for end < len(key) && isLetter(key[end]) && (end == p || !keyPartBegins(key, end)) {
		end++
	}
	return low[p:end]
}

// lastPart returns the last part of a name, folded.
func lastPart(key, low []byte) []byte {
	from := len(key)
	for from > 0 && isLetter(key[from-1]) {
		if from--; keyPartBegins(key, from) {
			break
		}
	}
	return low[from:len(key)]
}
