package guard

// encode writes text that stays, with control characters in strings escaped again.
func (d *jsonDoc) encode(dst, text []byte) []byte {
	for _, c := range text {
		if d.drop {
			if numeric(c) {
				continue
			}
			d.drop = false
		}
		dst = d.put(dst, c)
	}
	return dst
}

// put writes one byte and follows the structure.
func (d *jsonDoc) put(dst []byte, c byte) []byte {
	switch {
	case !d.str:
		d.str = c == '"'
		d.number = numeric(c)
	case d.esc:
		if d.owed {
			dst = append(dst, '\\')
		}
		d.esc, d.owed = false, false
	case c == '\\':
		d.esc = true
	case c == '"':
		d.str = false
	case c < ' ':
		return appendControl(dst, c)
	}
	return append(dst, c)
}

// mask writes a mask in the place of a match. Inside a string the mask stands in the string. A number becomes a string
// that holds the mask. Where a match runs across quotes, the structure stays and everything else of it goes.
func (d *jsonDoc) mask(dst, match []byte, mask string) []byte {
	written, atom := false, false
	text := func() { // the mask inside a string, once
		if !written {
			dst, written = append(dst, mask...), true
		}
	}
	if d.esc && !d.owed { // a backslash that is already out must not escape the mask
		dst = append(dst, '\\')
	}
	d.owed = false
	d.drop = d.drop && onlyNumeric(match)
	for _, c := range match {
		switch {
		case d.str && d.esc:
			d.esc = false
			text()
		case d.str && c == '\\':
			d.esc = true
			text()
		case d.str && c == '"':
			text()
			d.str = false
			dst = append(dst, c)
		case d.str:
			text()
		case c == '"':
			d.str, atom, d.number, d.drop = true, false, false, false
			dst = append(dst, c)
		case structural(c):
			dst = append(dst, c)
			atom, d.number, d.drop = false, false, false
		case !atom && !d.drop:
			dst, atom, written = d.maskAtom(dst, mask, written), true, true
		}
	}
	d.owed = d.esc // the byte after the match is escaped and stays so
	d.drop = d.drop || atom && onlyNumeric(match)
	return dst
}

// maskAtom replaces a value outside of strings: by the mask as a string, or by 0 where that would not be valid because
// digits of the same number are already out, or where the mask was written before.
func (d *jsonDoc) maskAtom(dst []byte, mask string, written bool) []byte {
	if d.number || written {
		d.number = true
		return append(dst, '0')
	}
	dst = append(dst, '"')
	dst = append(dst, mask...)
	return append(dst, '"')
}

// quote writes a value of the vault into a string.
func (d *jsonDoc) quote(dst, value []byte) []byte {
	if d.esc && !d.owed {
		dst = append(dst, '\\')
	}
	d.esc, d.owed = false, false
	for _, c := range value {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = appendControl(dst, c)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// unquote is the plain text of a match inside a string.
func (d *jsonDoc) unquote(match []byte) []byte {
	if !d.str {
		return match
	}
	var out []byte
	for i := 0; i < len(match); i++ {
		if match[i] == '\\' && i+1 < len(match) {
			i++
		}
		out = append(out, match[i])
	}
	return out
}

func structural(c byte) bool {
	switch c {
	case '{', '}', '[', ']', ':', ',', ' ', '\t', '\n', '\r':
		return true
	}
	return false
}

// numeric reports whether numbers are made of c.
func numeric(c byte) bool {
	return c-'0' < 10 || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

func onlyNumeric(b []byte) bool {
	for _, c := range b {
		if !numeric(c) {
			return false
		}
	}
	return true
}
