package detect

const hexLetters = "abcdefABCDEF"

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
	if w.touched || gap == (groups == 8) || groups < 2 && end-i < 6 || groups < 4 && w.run(clHex, i, 5)-i < 2 || groups > 8 {
		return hit{}
	}
	if c := w.b[i] | 0x20; gap && c >= 'a' && c < 'f' && !w.mixed(i, end) {
		return hit{} // a path of names
	}
	if c := w.at(end); isWord(c) || c == ':' || c == '.' && isWord(w.at(end+1)) {
		return hit{}
	}
	return hit{start: i, end: w.zone(end), score: w.scoreIPv6(i)}
}

// findCompressedIPv6 looks for an address that begins with "::".
func findCompressedIPv6(w *window, i int) hit {
	if c := w.before(i); isWord(c) || c == ':' || c == '.' || c == ')' || c == '>' || c == ']' {
		return hit{}
	}
	end, groups := i+2, 0
	for groups < 7 {
		j := w.run(clHex, end, 5)
		if j == end || j == end+5 {
			break
		}
		if w.at(j) == '.' {
			q, _ := w.quad(end)
			if q == 0 {
				return hit{}
			}
			end, groups = q, groups+2
			break
		}
		end = j
		if groups++; w.at(j) != ':' || classOf[w.at(j+1)]&clHex == 0 {
			break
		}
		end = j + 1
	}
	if c := w.at(end); isWord(c) || c == ':' || c == '.' && isWord(w.at(end+1)) || groups == 0 && c != '/' {
		return hit{}
	}
	if groups == 1 && !w.mixed(i, end) {
		return hit{}
	}
	if zone := w.zone(end); groups > 0 || zone > end {
		return hit{start: i, end: zone, score: 0.4}
	}
	return hit{}
}

// mixed reports whether there is a digit between from and to.
func (w *window) mixed(from, to int) bool {
	for _, c := range w.b[from:to] {
		if isDigit(c) {
			return true
		}
	}
	return false
}

// scoreIPv6 is lower for unique local, link-local, multicast and documentation addresses (RFC 6890).
func (w *window) scoreIPv6(i int) float32 {
	if w.b[i]|0x20 == 'f' || equalFold(w.b[i:min(i+9, len(w.b))], "2001:db8:") || equalFold(w.b[i:min(i+10, len(w.b))], "2001:0db8:") {
		return 0.45
	}
	return 0.85
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
