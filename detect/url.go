package detect

import "unicode/utf8"

func urlRule() builtin {
	r := builtin{
		weak: true,
		Rule: Rule{
			ID: "pii/url", Kind: KindURL, Severity: Info,
			Description: "web address (RFC 3986): http, https or ftp, or a domain under a known top-level domain",
			Positives: []string{
				"see https://www.example.com/a?b=c#d.", "http://localhost:8080/x", "HTTPS://EXAMPLE.COM", "(http://example.org/a_(b))", "ftp://ftp.example.net/pub",
				"www.example.co.uk", "visit example.com/about, please", "my site is RiskyStore.com.", "https://пример.рф/а", "http://münchen.example/ä",
			},
			Negatives: []string{
				"https://", "http:/x", "e.g. this", "main.py", "README.md", "node.js", "obj.name", "logger.info(x)", "jane@example.com", "a.b", "3.com", "www.", "com.example.app.Main",
				"httpx://y", "end.It is", "foo.bar/baz", "System.Net.Http", "self.com(",
			},
		},
		on: []entry{{bytes: ".", next: letters, late: true, find: findHost}},
	}
	for _, p := range []string{"http", "HTTP", "Http", "ftp:", "FTP:"} {
		r.on = append(r.on, entry{prefix: p, find: findURL})
	}
	return r
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	maxURL  = 2048 // bytes
)

// findURL looks for an address with its scheme.
func findURL(w *window, i int) hit {
	j := i + 4
	if w.b[i]|0x20 == 'f' {
		j = i + 3
	} else if w.at(j)|0x20 == 's' {
		j++
	}
	if !w.hasPrefix(j, "://") {
		return hit{}
	}
	host := j + 3
	end := host
	if w.at(host) == '[' {
		if end = w.run(clHex|clDot, host+1, 64); w.at(end) != ']' {
			for end-host < 64 && (classOf[w.at(end)]&(clHex|clDot) != 0 || w.at(end) == ':') {
				end++
			}
		}
		if w.at(end) != ']' {
			return hit{}
		}
		end++
	} else if end = w.label(host); end == host {
		return hit{}
	}
	if end = w.urlEnd(host, end); end == host {
		return hit{}
	}
	return hit{start: i, end: end, resume: j, score: 0.9}
}

// urlEnd returns the end of the address whose host starts at host, at from or later: before white space, quotes and
// angle brackets, and before what more likely belongs to the sentence.
func (w *window) urlEnd(host, from int) int {
	end, open := from, 0
	for end-host < maxURL {
		c := w.at(end)
		if c == '(' {
			open++
		}
		if c == ')' {
			if open == 0 {
				break
			}
			open--
		}
		if c <= ' ' || indexByte("\"<>`{}|\\^", c) >= 0 {
			break
		}
		if c < 0x80 {
			end++
			continue
		}
		r, n := w.rune(end)
		if n == 0 || !isAddressLetter(r) {
			break
		}
		end += n
	}
	for end > from && indexByte(".,;:!?'*_", w.b[end-1]) >= 0 {
		end--
	}
	return end
}

// commonTop are the top-level domains under which a name without scheme and path is taken for an address. The names of
// fields, methods and files end in many of the others.
var commonTop = func() map[string]bool {
	t := map[string]bool{}
	for _, s := range []string{
		"com", "net", "org", "edu", "gov", "mil", "biz", "eu", "uk", "de", "fr", "es", "nl", "pt", "ch", "se", "dk", "fi", "cz", "ie", "gr", "hu", "ro",
		"us", "ca", "au", "nz", "jp", "cn", "kr", "br", "mx", "ar", "za", "ru", "ua", "tr", "il", "sg", "hk", "tw", "xyz", "online", "shop", "site",
	} {
		t[s] = true
	}
	return t
}()

// findHost looks for an address without scheme at the first dot of its host.
func findHost(w *window, dot int) hit {
	if !w.plain && w.noTop(dot) {
		return hit{}
	}
	start := w.hostStart(dot)
	w.lead = start
	if start == dot || dot-start > maxLabel || w.b[start] == '-' || !isHostStart(w.before(start)) || w.before(start) == '.' && start > 1 {
		return hit{}
	}
	end, _ := w.domain(start)
	if w.touched || end == 0 {
		return hit{}
	}
	top := end
	for w.b[top-1] != '.' {
		top--
	}
	var buf [24]byte
	name, cases := lowered(&buf, w.b[top:end])
	common := commonTop[string(name)] && cases
	www := dot-start == 3 && anyOf(w.b[start:dot], "www")
	switch c := w.at(end); {
	case isWord(c) || c == '(' || c == '@' || c >= 0x80 || c == '-':
		return hit{}
	case c == '/' && (www || common || name[0] == 'i' && len(name) == 2) && w.at(end+1) > ' ':
		return hit{start: start, end: w.urlEnd(start, end), resume: dot + 1, score: 0.7}
	case c == '.' && isWord(w.at(end+1)), c == '/' && !www && !common:
		return hit{}
	case www:
		return hit{start: start, end: w.urlEnd(start, end), resume: dot + 1, score: 0.8}
	case common && start+2 < dot && !isDigit(w.b[start]):
		return hit{start: start, end: w.urlEnd(start, end), resume: dot + 1, score: 0.5}
	}
	return hit{}
}

// noTop reports that the label behind the dot is the last of the name and no top-level domain that an address without scheme
// may have. It reports false where it cannot tell.
func (w *window) noTop(dot int) bool {
	b := w.b[dot+1 : min(dot+1+block, len(w.b))]
	if dot >= 3 && b3(w.b[dot-3:dot]) == b3([]byte("www")) {
		return false
	}
	n := 0
	for n < len(b) && classOf[b[n]]&(clAlnum|clDash) != 0 {
		n++
	}
	if n == len(b) || b[n] == '.' || b[n] >= utf8.RuneSelf {
		return false
	}
	return n == 0 || n >= len(topEnds) || topEnds[n][b[0]&31]>>(b[n-1]&31)&1 == 0
}

// b3 is the first three bytes with their letters in lower case.
func b3(b []byte) uint32 { return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16) | 0x202020 }

// topEnds has a bit for the last letter of a common top-level domain, by its length and first letter, with those of two
// letters that begin with i.
var topEnds = func() (t [8][32]uint32) {
	for s := range commonTop {
		t[len(s)][s[0]&31] |= 1 << (s[len(s)-1] & 31)
	}
	t[2]['i'&31] = ^uint32(0)
	return t
}()

// hostStart returns the start of the label that ends at dot; with another dot before it, dot itself, since the host was
// looked at there.
func (w *window) hostStart(dot int) int {
	i := dot
	for i > 0 && dot-i <= maxLabel && (classOf[w.b[i-1]]&(clAlnum|clDash) != 0 || w.b[i-1] >= 0x80) {
		i--
	}
	w.steps += dot - i
	if i > 0 && w.b[i-1] == '.' && i > 1 && isWord(w.b[i-2]) {
		return dot
	}
	return i
}

// isHostStart reports whether an address may begin after c.
func isHostStart(c byte) bool { return !isWord(c) && indexByte("@/\\$%&#.-+=", c) < 0 }

// lowered returns a label in lower case, and whether it is written in one case throughout.
func lowered(buf *[24]byte, label []byte) (name []byte, one bool) {
	name = buf[:copy(buf[:], label)]
	ups := 0
	for k, c := range name {
		if isUpper(c) {
			ups++
			name[k] = c | 0x20
		}
	}
	return name, ups == 0 || ups == len(name)
}

// hostHold returns the start of the label, or of the dotted name, that the text ends with.
func (w *window) hostHold() int {
	i := len(w.b)
	for stop := max(0, i-maxLabel-1); i > stop && (classOf[w.b[i-1]]&(clAlnum|clDash) != 0 || w.b[i-1] >= 0x80); {
		i--
	}
	if len(w.b)-i > maxLabel {
		return len(w.b)
	}
	return i
}
