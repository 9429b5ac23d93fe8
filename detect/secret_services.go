package detect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// The rules of the group that findContext serves, by their number in hits.
const (
	_ int8 = iota
	ctxAssignedPassword
	ctxAssignedSecret
	ctxJWK
	ctxKubernetes
	ctxService // the first of the services
)

// service is a row: keys without a prefix that are known by the name of the service in the text before.
type service struct {
	id, description string
	words           string // in lower case
	forms           string
}

// bareForm is the form of a key without a prefix: an alphabet and lengths.
type bareForm struct {
	class      uint16
	min, max   int
	uuid       bool
	identifier bool // no secret by itself
	suffix     string
}

const (
	minBareKey  = 12
	serviceSpan = 48
)

// serviceWord is a word with the service that it names.
type serviceWord struct {
	text    string
	service int
}

// serviceTable is compiled from serviceRows: words by first letter, forms by service.
var serviceTable = compileServices(serviceRows())

type services struct {
	rows  []service
	words [26][]serviceWord
	pairs [32]uint32 // bit of the second letter by the first
	forms [][]bareForm
}

func compileServices(rows []service) *services {
	t := &services{rows: rows}
	for i := range rows {
		for _, word := range strings.Fields(rows[i].words) {
			t.words[word[0]-'a'] = append(t.words[word[0]-'a'], serviceWord{word, i})
			t.pairs[word[0]&31] |= 1 << (word[1] & 31)
		}
		var forms []bareForm
		for _, s := range strings.Fields(rows[i].forms) {
			f, err := parseForm(s)
			if err != nil {
				panic("detect: table of services: " + err.Error())
			}
			forms = append(forms, f)
		}
		t.forms = append(t.forms, forms)
	}
	return t
}

// moreClasses are alphabets of keys without prefix, beside shapeClasses: q base64url and =, z anything but blanks.
var moreClasses = map[byte]uint16{'q': clB64u | clEqual, 'z': clUser | clSlash}

func parseForm(s string) (f bareForm, err error) {
	s, f.identifier = strings.CutPrefix(s, "i:")
	s, f.suffix, _ = strings.Cut(s, ":")
	if s == "uuid" {
		f.uuid, f.min, f.max = true, 36, 36
		return f, nil
	}
	if f.class = shapeClasses[s[0]] | moreClasses[s[0]]; f.class == 0 {
		return f, fmt.Errorf("form %q: no such alphabet", s)
	}
	low, high, ranged := strings.Cut(s[1:], "-")
	if f.min, err = strconv.Atoi(low); err != nil {
		return f, err
	}
	f.max = f.min
	if ranged {
		f.max, err = strconv.Atoi(high)
	}
	return f, err
}

// fits reports whether the whole value has the form.
func (f *bareForm) fits(v []byte) bool {
	if f.uuid {
		return isUUID(v)
	}
	if len(v) < f.min || len(v) > f.max || !bytes.HasSuffix(v, []byte(f.suffix)) {
		return false
	}
	for _, c := range v {
		if classOf[c]&f.class == 0 {
			return false
		}
	}
	return true
}

// maybe reports whether a value without a name that announces a secret may still be one: it is long, and a service stands
// before it, or its name is that of a member of a web key, or it is indented as in a manifest.
func (w *window) maybe(a *assignment, i int) bool {
	j := w.run(clUser|clSlash, i, 2*minBareKey)
	if j-i < minBareKey || w.touched {
		return false
	}
	drawn := false
	for _, c := range w.b[i:j] {
		drawn = drawn || isDigit(c)
	}
	if !drawn {
		return false // hardly a key: one in a thousand has no digit so far
	}
	w.servicesBefore(a)
	if a.named > 0 {
		return true
	}
	name := w.b[a.keyFrom:a.keyTo]
	return len(name) <= 2 && isOneOf(name, jwkMembers) || w.b[a.at] == ':' && a.keyFrom > 1 && w.b[a.keyFrom-1] == ' '
}

// servicesBefore looks for the names of services in the text before the separator.
func (w *window) servicesBefore(a *assignment) {
	if a.asked {
		return
	}
	a.asked = true
	t := serviceTable
	from := max(0, a.at-serviceSpan)
	w.steps += a.at - from
	for k := a.at - 2; k >= from; k-- {
		c := w.b[k]
		if c == '\n' {
			break
		}
		if !isLetter(c) || t.pairs[c&31]>>(w.b[k+1]&31)&1 == 0 {
			continue
		}
		for _, word := range t.words[c|0x20-'a'] {
			if a.named < len(a.services) && w.serviceWordAt(k, a.at, word.text) {
				a.services[a.named] = int8(word.service)
				a.named++
			}
		}
	}
}

// serviceValue compares the value with the forms of the services that stand before it, the nearest first.
func (w *window) serviceValue(a *assignment, v quoted) hit {
	text := w.b[v.from:v.to]
	if len(text) < minBareKey || len(text) > maxToken {
		return hit{}
	}
	if isOneOfFold(w.b[a.keyFrom:a.keyTo], hashNames) {
		return hit{}
	}
	w.servicesBefore(a)
	for _, n := range a.services[:a.named] {
		if score := serviceTable.judge(int(n), text); score > 0 {
			return hit{start: v.from, end: v.to, resume: a.value, score: score, context: ctxService + n}
		}
	}
	return hit{}
}

// serviceWordAt reports whether the word stands at k, as a part of a name or of the text. Short words must end there too.
func (w *window) serviceWordAt(k, stop int, word string) bool {
	end := k + len(word)
	if end > stop || !equalFold(w.b[k:end], word) {
		return false
	}
	if k > 0 && isLetter(w.b[k-1]) && !(isUpper(w.b[k]) && !isUpper(w.b[k-1])) && len(word) < 6 {
		return false
	}
	if len(word) >= 6 || end == len(w.b) {
		return true
	}
	c := w.b[end]
	if !isLetter(c) || isUpper(c) && !isUpper(w.b[end-1]) {
		return true
	}
	for _, s := range []string{"token", "key", "api", "secret", "access", "client", "auth", "app", "oauth", "id"} {
		if n := end + len(s); n <= stop && equalFold(w.b[end:n], s) {
			return true
		}
	}
	return false
}

// judge scores a value for a service.
func (t *services) judge(service int, v []byte) float32 {
	var best float32
	for i := range t.forms[service] {
		f := &t.forms[service][i]
		if !f.fits(v) {
			continue
		}
		m := study(v)
		r := m.randomness()
		score := float32(0)
		switch {
		case m.longest*3 > m.n || m.entropy < 2.2 || isSequence(v):
		case f.identifier:
			score = 0.35
		case f.uuid:
			score = 0.6
		case r >= 0.7 && m.digits > 0, r >= 0.5 && m.n >= 15:
			score = 0.7
		}
		best = max(best, score)
	}
	if best > 0.5 && hasTokenPrefix(v) {
		return 0
	}
	return best
}

// hashNames are names of values that are digests of content, as lock files and build logs are full of.
var hashNames = strings.Fields("h1 sha1 sha224 sha256 sha384 sha512 md5 crc integrity checksum digest hash commit revision rev etag oid tree blob sum fingerprint")

// contextRules are the rules of the group, in the order of their numbers.
func contextRules() []builtin {
	out := []builtin{assignedPasswordRule(), assignedSecretRule(), jwkRule(), kubernetesRule()}
	for i, row := range serviceTable.rows {
		word, _, _ := strings.Cut(row.words, " ")
		r := builtin{
			Rule: Rule{
				ID: "secret/" + row.id + "-secret", Kind: KindSecret, Severity: High,
				Description: row.description + " key or token, known by the name of the service before it",
			},
			context: ctxService + int8(i),
		}
		for k, f := range serviceTable.forms[i] {
			v := f.sample()
			r.Positives = append(r.Positives, word+"_token = \""+v+"\"", "<"+word+"Key>\n  "+v+"\n</"+word+"Key>")
			if k == 0 {
				r.Negatives = append(r.Negatives, "reference: "+v, word+"_token = \"<your "+word+" token>\"", word+" is the service that we use")
			}
		}
		out = append(out, r)
	}
	return out
}

// sample composes a value of the form for the rule's own examples.
func (f *bareForm) sample() string {
	switch {
	case f.uuid:
		return sampleHex(8) + "-4b1c-4d2e-8f30-" + sampleHex(12)
	case f.class == clDigit:
		return sampleDigit(f.min)
	case f.class == clHex:
		return sampleHex(f.min)
	}
	return sampleB62(f.min-len(f.suffix)) + f.suffix
}

// contextEntries are the entries of the group.
func contextEntries() []entry {
	return []entry{
		{bytes: "=:", find: findContext},
		{bytes: ">", prev: digits + letters + "\"'", find: findContext},
		{bytes: "(", next: "\"'`@", find: findContext},
		{bytes: ",", prev: "\"'`", next: " \"'`@b\\", find: findContext},
	}
}
