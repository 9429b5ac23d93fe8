package detect

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
	if !w.plain && w.plainly(&a) {
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
