package detect

// record is an identifier without a shape of its own: a word names it, and the value follows.
type record struct {
	id, description string
	kind            Kind
	severity        Severity
	names           []string // what the text begins with, lower case
	least, most     int      // characters of the value
	lettersFirst    bool     // the value may begin with letters
	score           float32
	positives       []string
	negatives       []string
}

func recordRules() []builtin {
	var out []builtin
	for _, r := range []record{
		{
			id: "phi/mrn", kind: KindRecordNumber, severity: High, description: "medical record number (45 CFR 164.514(b)(2)(i)(H)), after a word that names it",
			names: []string{
				"mrn", "medical record", "medical rec", "patient id", "patient no", "patient number", "patient_id", "patientid", "chart number", "chart no", "patientennummer", "patienten-nr", "fallnummer",
				"numéro de dossier", "historia clínica", "cartella clinica", "patiëntnummer",
			},
			least: 5, most: 14, lettersFirst: true, score: 0.85,
			positives: []string{"MRN: 00123456", "MRN 4471234", "Medical Record Number: A-1029384", "medical record no. 88213345", "patient_id: P1029384", "Patient ID #5510293", "Patientennummer: 4471234", "chart number is 4471234"},
			negatives: []string{"mrn", "medical record of 2024", "patient id: unknown", "MRN: see below", "medical records 5", "patient number one"},
		},
		{
			id: "phi/health-plan", kind: KindHealthPlan, severity: High, description: "health plan beneficiary or policy number (45 CFR 164.514(b)(2)(i)(I)), after a word that names it",
			names: []string{
				"member id", "member_id", "memberid", "member no", "member number", "subscriber id", "subscriber no", "policy number", "policy no", "policy_number", "policy #", "group number", "insurance id",
				"insurance number", "beneficiary id", "versichertennummer", "policennummer", "numéro de police", "número de póliza", "numero di polizza", "polisnummer",
			},
			least: 6, most: 15, lettersFirst: true, score: 0.8,
			positives: []string{"Member ID: XYZ123456789", "policy number 445566778", "Policy No. HP-99887766", "subscriber id ABC1029384", "member_id=10293847"},
			negatives: []string{"member identification", "policy number of days", "member id: none", "group number 5", "policy notes 123456"},
		},
		{
			id: "pii/account-number", kind: KindAccount, severity: Medium, description: "number of an account or customer (45 CFR 164.514(b)(2)(i)(J)), after a word that names it",
			names: []string{
				"account number", "account no", "account_number", "account #", "acct number", "acct no", "acct #", "acct.", "customer number", "customer no", "customer id", "customer_id", "employee id", "employee_id",
				"employee number", "kontonummer", "kundennummer", "personalnummer", "numéro de compte", "numéro client", "número de cuenta", "numero di conto", "rekeningnummer", "klantnummer", "numer konta", "número da conta",
			},
			least: 6, most: 17, score: 0.6,
			positives: []string{"Kundennummer: 10293847", "customer_id: 55443322", "Employee ID: 1029384", "numéro client 10293847"},
			negatives: []string{"account number of users", "account notes", "customer ideas 1234567", "account number: 12", "account no longer 1234567"},
		},
		{
			id: "pii/card-verification", kind: KindCardCode, severity: High, description: "card verification code of three or four digits, after a word that names it",
			names: []string{"cvv2", "cvc2", "cvv", "cvc", "cvn", "card verification", "security code", "prüfziffer", "kartenprüfnummer", "code de sécurité", "código de seguridad"},
			least: 3, most: 4, score: 0.85,
			positives: []string{"CVV 123", "cvc: 9876", "CVV2=123", "security code is 123", "Kartenprüfnummer 123"},
			negatives: []string{"cvv", "cvv 12345", "cvc 12", "CVV code", "cvv123", "security code of conduct 123"},
		},
		{
			id: "pii/card-expiry", kind: KindCardExpiry, severity: Low, description: "expiry date of a card, month and year, after a word that names it",
			names: []string{"exp date", "exp. date", "expiry date", "expiration date", "expires", "expiry", "exp.", "exp", "valid thru", "valid until", "good thru", "gültig bis", "ablaufdatum", "date d'expiration", "caducidad", "scadenza"},
			least: 5, most: 7, score: 0.8,
			positives: []string{"exp 04/27", "Expiry: 04/2027", "valid thru 12/29", "Exp. date: 01-28", "scadenza 04/27"},
			negatives: []string{"exp 13/27", "expires in 2027", "exp 4", "expiry: never", "expires 04/27/2024", "exp(12/29)"},
		},
	} {
		out = append(out, r.rule())
	}
	return append(out, trackRule())
}

// maxJoint is how far behind its name the value begins at most, in bytes.
const maxJoint = 16

// joints may stand between a name and its value, besides punctuation.
var joints = [...]string{"number", "code", "nummer", "no.", "no", "nr.", "nr", "num", "id", "is", "date", "#", "ist", "est", "es", "è"}

func (r record) rule() builtin {
	b := builtin{Rule: Rule{
		ID: r.id, Kind: r.kind, Severity: r.severity, Description: r.description, Positives: r.positives, Negatives: r.negatives,
	}}
	var starts []string
	byStart := map[string][]string{}
	for _, name := range r.names {
		for _, start := range casings(wordStart(name)) {
			if byStart[start] == nil {
				starts = append(starts, start)
			}
			byStart[start] = append(byStart[start], name)
		}
	}
	for _, start := range starts {
		named := r
		named.names = byStart[start]
		b.on = append(b.on, entry{prefix: start, words: named.names, find: named.find})
	}
	return b
}

func casings(s string) []string {
	up := []byte(s)
	for k := range up {
		if up[k]-'a' < 26 {
			up[k] &^= 0x20
		}
	}
	return []string{s, string(up[:1]) + s[1:], string(up)}
}

func (r record) find(w *window, i int) hit {
	end := 0
	for _, name := range r.names {
		if w.foldPrefix(i, name) && len(name) > end {
			end = len(name)
		}
	}
	if end == 0 || w.touched {
		return hit{}
	}
	from := w.joint(i + end)
	if from == 0 {
		return hit{}
	}
	to, ok := r.value(w, from)
	if !ok || isWord(w.at(to)) || w.at(to) == '@' || (w.at(to) == '-' || w.at(to) == '.' || w.at(to) == '/') && isWord(w.at(to+1)) {
		return hit{}
	}
	return hit{start: from, end: to, resume: from, score: r.score}
}

// joint returns where the value begins whose name ends at i, 0 if none can: behind punctuation and small words.
func (w *window) joint(i int) int {
	j := i
	for j-i < maxJoint {
		c := w.at(j)
		if indexByte(" :=\"'#._\t>|-", c) >= 0 && c != 0 {
			j++
			continue
		}
		k := j
		for _, s := range joints {
			if w.foldPrefix(j, s) && !isAlnum(w.at(j+len(s))) {
				k = j + len(s)
				break
			}
		}
		if k == j {
			break
		}
		j = k
	}
	if j == i || !isAlnum(w.at(j)) || isAlnum(w.before(j)) {
		return 0
	}
	return j
}

// value reads the value at i: digits, with letters and dashes where the identifier has them.
func (r record) value(w *window, i int) (end int, ok bool) {
	if r.kind == KindCardExpiry {
		return w.monthYear(i)
	}
	class := clDigit
	if r.lettersFirst {
		class = clCaps | clDash
	}
	end = w.run(class, i, r.most+1)
	count := 0
	for _, c := range w.b[i:end] {
		if isDigit(c) {
			count++
		}
	}
	if w.b[end-1] == '-' {
		return 0, false
	}
	return end, end-i <= r.most && count >= r.least
}

// monthYear reads 04/27 and 04/2027.
func (w *window) monthYear(i int) (end int, ok bool) {
	m, j := w.digitsAt(i, 2)
	if j != i+2 || m < 1 || m > 12 || w.at(j) != '/' && w.at(j) != '-' {
		return 0, false
	}
	y, end := w.digitsAt(j+1, 4)
	return end, end == j+3 || end == j+5 && y >= 2000 && y < 2100
}

func trackRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/card-track", Kind: KindCardTrack, Severity: Critical,
			Description: "contents of the magnetic stripe of a card, track 1 or 2 (ISO/IEC 7813)",
			Positives:   []string{"%B4539578763621486^DOE/JANE^2912101000000000000?", ";4539578763621486=29121010000000000?"},
			Negatives:   []string{"%B1234567812345678^DOE/JANE^2912101?", ";4539578763621487=2912101?", "%B", ";1=2?", "a;4539578763621486 = 5"},
		},
		on: []entry{{bytes: "%", next: "B", find: findTrack}, {bytes: ";", next: digits, find: findTrack}},
	}
}

// findTrack looks for a track at its start sentinel.
func findTrack(w *window, i int) hit {
	from, sep := i+1, byte('=')
	if w.b[i] == '%' {
		from, sep = i+2, '^'
	}
	j := w.run(clDigit, from, 20)
	if n := j - from; n < 12 || n > 19 || w.at(j) != sep {
		return hit{}
	}
	var buf [20]byte
	if !luhn(buf[:w.copyDigits(buf[:], from, j)]) {
		return hit{}
	}
	end := j + 1
	if sep == '^' {
		for end-j < 28 && w.at(end) != '^' && w.at(end) >= ' ' {
			end++
		}
		if w.at(end) != '^' {
			return hit{}
		}
		end++
	}
	last := w.run(clDigit|clUpper, end, 48)
	if last-end < 7 || w.at(last) != '?' {
		return hit{}
	}
	return hit{start: i, end: last + 1, score: 0.95}
}
