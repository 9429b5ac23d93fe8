package detect

func ipRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/ip-address", Kind: KindIP, Severity: Low,
			Description: "IPv4 or IPv6 address (RFC 791, RFC 4291), not part of a version number or a longer dotted number; addresses that no host on the Internet has score lower",
			Positives: []string{
				"from 192.0.2.17 port 22", "http://203.0.113.5:8080/x", "10.0.0.1/24", "[2001:db8::8a2e:370:7334]:443", "fe80::1ff:fe23:4567:890a%eth0",
				"FD12:3456:789A:1::1", "8.8.8.8.", "2001:0db8:0000:0000:0000:ff00:0042:8329", "::ffff at 64:ff9b::192.0.2.33", "198.51.100.7,",
				"host ::1", "[::ffff:192.0.2.128]", "ABCD:EF01:2345:6789:ABCD:EF01:2345:6789", "from a1b2:c3::17", "::/0",
			},
			Negatives: []string{
				"version 1.2.3.4", "v1.2.3.4", "1.2.3.4.5", "256.1.1.1", "192.168.01.1", "12:30:45", "00:1a:2b:3c:4d:5e", "1.2.3", "std::vector",
				"fe::x", "10.0.0.1abc", "fee: 12", "Chrome/120.0.0.0", "2024:05:13", "a192.0.2.1", "1::2", "face:off",
				"dec::add::Bed", "a::b", "x::1", ":::", "::", "ab:cd:ef:01:23:45", "be::ad::1",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(1, 2, 3), after: ".", then: thenDigit, find: findIP}, {bytes: digits, sizes: lengths(1, 2, 3, 4), after: ":" + hexLetters, colon: true, find: findIP}},
	}
	for a := range hexLetters {
		for b := range len(hexLetters) + 11 {
			second := (hexLetters + digits + ":")[b]
			r.on = append(r.on, entry{prefix: hexLetters[a:a+1] + string(second), next: hexLetters + digits + ":", late: hexLetters[a]|0x20 != 'f', colon: true, find: findIPv6})
		}
	}
	r.on = append(r.on, entry{bytes: ":", next: ":", find: findCompressedIPv6})
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
	score := addressScore(octets)
	if score > 0.4 && octets[0] < 8 && octets[0] != 1 && max(octets[1], octets[2], octets[3]) < 10 {
		score = 0.4 // rather the number of a version or section
	}
	return hit{start: i, end: end, score: score}
}

// addressScore is lower for the special-purpose addresses of RFC 6890: private, shared, loopback, link-local,
// documentation, multicast and reserved ones.
func addressScore(o [4]byte) float32 {
	switch {
	case o[0] == 0 || o[0] == 127 || o[0] == 255:
		return 0.3 // names nobody
	case o[0] == 10, o[0] == 172 && o[1]>>4 == 1, o[0] == 192 && o[1] == 168, o[0] == 169 && o[1] == 254, o[0] == 100 && o[1]>>6 == 1,
		o[0] == 192 && o[1] == 0 && (o[2] == 0 || o[2] == 2), o[0] == 198 && (o[1]|1 == 19 || o[1] == 51 && o[2] == 100), o[0] == 203 && o[1] == 0 && o[2] == 113, o[0] >= 224:
		return 0.4
	}
	return 0.8
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
