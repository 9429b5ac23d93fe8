package detect

func ipRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/ip-address", Kind: KindIP, Severity: Low,
			Description: "IPv4 or IPv6 address (RFC 791, RFC 4291), not part of a version number or a longer dotted number",
			Positives: []string{
				"from 192.0.2.17 port 22", "http://203.0.113.5:8080/x", "10.0.0.1/24", "[2001:db8::8a2e:370:7334]:443", "fe80::1ff:fe23:4567:890a%eth0",
				"FD12:3456:789A:1::1", "8.8.8.8.", "2001:0db8:0000:0000:0000:ff00:0042:8329", "::ffff at 64:ff9b::192.0.2.33", "198.51.100.7,",
			},
			Negatives: []string{
				"version 1.2.3.4", "v1.2.3.4", "1.2.3.4.5", "256.1.1.1", "192.168.01.1", "12:30:45", "00:1a:2b:3c:4d:5e", "1.2.3", "std::vector",
				"fe::x", "10.0.0.1abc", "fee: 12", "Chrome/120.0.0.0", "2024:05:13", "a192.0.2.1", "1::2", "face:off",
			},
		},
		on: []entry{{bytes: "0123456789", find: findIP}},
	}
	for _, p := range []string{"fc", "fd", "fe", "ff", "FC", "FD", "FE", "FF"} {
		r.on = append(r.on, entry{prefix: p, find: findIPv6})
	}
	return r
}

var versionCues = words("version", "versions", "ver", "v", "release", "build", "firmware", "sdk", "driver", "section", "chapter", "clause")

// findIP looks for an address of either family at a digit.
func findIP(w *window, i int) hit {
	switch size := w.group - i; {
	case size > 4:
	case w.after == '.' && size < 4:
		return findIPv4(w, i)
	case w.after == ':' || classOf[w.after]&clHex != 0:
		return findIPv6(w, i)
	}
	return hit{}
}

func findIPv4(w *window, i int) hit {
	if c := w.before(i); c == '.' || (c == '-' || c == ':') && i > 1 && isWord(w.b[i-2]) {
		return hit{}
	}
	end, octets := w.quad(i)
	if end == 0 {
		return hit{}
	}
	if c := w.at(end); isWord(c) || (c == '.' || c == '-') && isWord(w.at(end+1)) {
		return hit{}
	}
	if c := w.before(i); c == '/' && i > 1 && isLetter(w.b[i-2]) && octets[3] == 0 || w.nearWithin(i, versionCues, 12) {
		return hit{}
	}
	if w.at(end) == '/' {
		if j := w.run(clDigit, end+1, 3); j > end+1 && j < end+4 && !isWord(w.at(j)) {
			end = j
		}
	}
	score := float32(0.8)
	if octets[0] == 0 || octets[0] == 127 || octets[0] == 255 {
		score = 0.3 // names nobody
	} else if octets[0] < 8 && octets[0] != 1 && max(octets[1], octets[2], octets[3]) < 10 {
		score = 0.4 // rather the number of a version or section
	}
	return hit{start: i, end: end, score: score}
}

// quad reads four decimal octets without leading zeros. It returns 0 as the end if there are none.
func (w *window) quad(i int) (end int, octets [4]byte) {
	for k := range octets {
		j := w.run(clDigit, i, 4)
		if j == i || j == i+4 || w.b[i] == '0' && j > i+1 {
			return 0, octets
		}
		v := 0
		for _, c := range w.b[i:j] {
			v = v*10 + int(c-'0')
		}
		if v > 255 || k < 3 && w.at(j) != '.' {
			return 0, octets
		}
		octets[k] = byte(v)
		i = j + 1
	}
	return i - 1, octets
}

// findIPv6 looks for an address whose first group stands at i.
func findIPv6(w *window, i int) hit {
	if c := w.before(i); c == ':' || c == '.' {
		return hit{}
	}
	end, groups, gap := i, 0, false
	for groups < 8 {
		j := w.run(clHex, end, 5)
		if j == end || j == end+5 {
			if j == end && gap {
				break
			}
			return hit{}
		}
		if groups >= 2 && w.at(j) == '.' && isDigit(w.at(j+1)) {
			if q, _ := w.quad(end); q > 0 {
				end = q
				groups += 2
				break
			}
		}
		groups++
		end = j
		if w.at(j) != ':' || groups == 8 {
			break
		}
		if w.at(j+1) == ':' {
			if gap {
				return hit{}
			}
			gap = true
			end = j + 2
			continue
		}
		if classOf[w.at(j+1)]&clHex == 0 {
			break
		}
		end = j + 1
	}
	if gap == (groups == 8) || groups < 2 && end-i < 6 || groups < 4 && w.run(clHex, i, 5)-i < 2 || groups > 8 {
		return hit{}
	}
	if c := w.at(end); isWord(c) || c == ':' || c == '.' && isWord(w.at(end+1)) {
		return hit{}
	}
	return hit{start: i, end: w.zone(end), score: 0.85}
}

// zone returns the end of a zone identifier or prefix length at end, or end itself.
func (w *window) zone(end int) int {
	switch w.at(end) {
	case '%':
		if j := w.run(clAlnum, end+1, 16); j > end+1 {
			return j
		}
	case '/':
		if j := w.run(clDigit, end+1, 4); j > end+1 && j < end+5 && !isWord(w.at(j)) {
			return j
		}
	}
	return end
}
