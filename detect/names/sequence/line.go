package sequence

// line is what the tokens of one line have in common.
type line struct {
	letters letterCase
	key     keyKind
	keyHash uint64
	value   int32 // first token after the name of the field; 0 where there is none
	loose   bool  // the field is called "name", "user" or the like, as those of things are too
}

// letterCase says how a line is written, which tells what a capital letter means in it.
type letterCase uint8

const (
	flat     letterCase = iota // no capital letter
	mixed                      // as sentences are
	titled                     // Every Word of It
	shouting                   // EVERY WORD
	brief                      // one or two words with capital letters and no others
)

// keyKind says what the name of a field promises about its value.
type keyKind uint8

const (
	noKey keyKind = iota
	keyOther
	keyPerson
	keyOrganization
	keyPlace
	keyStreet
	keyThing // name of a file, a host, a class: no name of a person
)

// endLine closes the line that began at token from.
func (r *Reader) endLine(from int) {
	n := int32(len(r.lines))
	l := line{}
	l.key, l.keyHash, l.value = r.fieldName(from)
	l.loose = looseKeys[l.keyHash]
	caps, lows, shouts, first := 0, 0, 0, true
	for i := from; i < len(r.tokens); i++ {
		t := &r.tokens[i]
		t.line = n
		t.first = first && t.kind >= lowWord && t.kind != clitic
		switch t.kind {
		case lowWord:
			if t.end-t.start > 3 || caps == 0 {
				lows++
			}
			first = false
		case upWord:
			shouts++
			caps++
			first = false
		case capWord, mixWord, single, initial, alnum:
			caps++
			first = false
		case number:
			first = false
		case sign:
			switch t.hash {
			case exclaim, question:
				first = true
			case stop:
				first = i > from && !r.abbreviation(&r.tokens[i-1])
			}
		}
		if l.value > 0 && i < int(l.value) {
			caps, lows, shouts, first = 0, 0, 0, true
		}
	}
	switch {
	case caps == 0:
		l.letters = flat
	case shouts > 1 && shouts*4 >= caps*3 && lows == 0:
		l.letters = shouting
	case lows == 0 && caps <= 2:
		l.letters = brief
	case lows == 0 || caps > 4*lows:
		l.letters = titled
	default:
		l.letters = mixed
	}
	r.lines = append(r.lines, l)
}

// abbreviation reports whether a full stop after t ends no sentence.
func (r *Reader) abbreviation(t *token) bool {
	return t.kind == single || t.entry.Role() == Title || t.entry.Role() == Suffix
}

// fieldName reads the name of a field at the start of a line: at most six words before a colon or equals sign.
func (r *Reader) fieldName(from int) (keyKind, uint64, int32) {
	kind, hash, words, joined := noKey, uint64(0), 0, false
	for i := from; i < len(r.tokens) && i < from+12; i++ {
		t := &r.tokens[i]
		switch {
		case t.kind == sign && (t.hash == colon || t.hash == equals):
			if words == 0 || i+1 >= len(r.tokens) {
				return noKey, 0, 0
			}
			if kind == noKey {
				kind = keyOther
			}
			if joined {
				for j := from; j < i; j++ {
					r.tokens[j].blocked = true
				}
			}
			return kind, hash, int32(i + 1)
		case t.word() || t.kind == alnum:
			if words++; words > 6 {
				return noKey, 0, 0
			}
			hash = t.hash
			if k := keyWords[t.hash]; k > kind || kind == keyOther {
				kind = max(kind, k)
			}
		case t.kind == sign && (t.hash == underscore || t.hash == stop || t.hash == hyphen) && t.glued:
			joined = joined || t.hash == underscore
		case t.kind == sign && t.hash == quote || t.kind == number:
		default:
			return noKey, 0, 0
		}
	}
	return noKey, 0, 0
}

// looseKeys are names of fields that promise a person only where the value looks like one.
var looseKeys = map[uint64]bool{
	Hash("name"): true, Hash("names"): true, Hash("user"): true, Hash("username"): true, Hash("owner"): true, Hash("from"): true,
	Hash("to"): true, Hash("agent"): true, Hash("alias"): true, Hash("by"): true, Hash("member"): true, Hash("client"): true,
	Hash("family"): true, Hash("last"): true, Hash("first"): true, Hash("holder"): true,
}

// keyWords are words of names of fields. Where several stand in one name, the highest kind counts: file_name and
// street_name are no persons.
var keyWords = func() map[uint64]keyKind {
	t := map[uint64]keyKind{}
	for kind, words := range map[keyKind][]string{
		keyPerson: {
			"name", "names", "first", "last", "middle", "given", "family", "surname", "forename", "firstname", "lastname", "fullname", "givenname", "familyname",
			"author", "authors", "patient", "employee", "customer", "client", "contact", "person", "member", "student", "teacher", "doctor", "physician", "nurse",
			"manager", "owner", "holder", "cardholder", "sender", "recipient", "applicant", "candidate", "passenger", "guest", "signed", "attn", "attention",
			"from", "to", "cc", "assignee", "reporter", "reviewer", "approver", "supervisor", "spouse", "guardian", "beneficiary", "tenant", "landlord", "insured",
			"speaker", "agent", "witness", "nombre", "nombres", "apellido", "apellidos", "paciente", "cliente", "nom", "prenom", "nachname", "vorname", "familienname",
			"ansprechpartner", "kunde", "mitarbeiter", "unterzeichner", "nome", "cognome", "sobrenome", "naam", "voornaam", "achternaam", "imie", "nazwisko", "navn", "namn",
			"maiden", "nickname", "alias", "user", "username", "by", "creator", "artist", "actor", "director", "player", "candidato", "mother", "father",
		},
		keyOrganization: {
			"company", "organization", "organisation", "employer", "org", "institution", "affiliation", "school", "university", "bank", "vendor", "supplier", "manufacturer",
			"publisher", "firma", "unternehmen", "arbeitgeber", "empresa", "entreprise", "societe", "employeur", "azienda", "societa", "bedrijf", "hospital", "clinic", "insurer", "carrier",
			"merchant", "agency", "brand", "department",
		},
		keyPlace: {
			"city", "town", "country", "state", "province", "region", "county", "location", "place", "birthplace", "nationality", "ort", "stadt", "land", "wohnort", "geburtsort",
			"ciudad", "pais", "provincia", "ville", "pays", "citta", "comune", "stad", "plaats", "cidade", "miasto", "kraj", "origin", "destination", "district", "territory", "lieu",
		},
		keyStreet: {
			"street", "address", "addr", "adresse", "anschrift", "strasse", "direccion", "domicilio", "calle", "rue", "via", "indirizzo", "adres", "straat", "rua", "endereco", "ulica",
			"morada", "adress", "residence", "mailing", "billing", "shipping",
		},
		keyThing: {
			"file", "filename", "host", "hostname", "class", "type", "table", "column", "variable", "package", "module", "event", "app", "application", "service", "server", "device",
			"method", "tag", "label", "title", "version", "model", "dataset", "database", "db", "field", "key", "id", "uuid", "hash", "status", "product", "project", "repo", "repository",
			"branch", "commit", "level", "category", "format", "function", "config", "environment", "env", "build", "job", "task", "queue", "topic", "metric", "currency", "language",
			"lang", "color", "colour", "size", "date", "time", "url", "uri", "path", "license", "description", "summary", "subject", "error", "warning", "note", "priority",
			"domain", "image", "plugin", "dependency", "library", "bucket", "cluster", "node", "role", "group", "policy", "action", "command", "option", "parameter",
		},
	} {
		for _, w := range words {
			t[Hash(w)] = kind
		}
	}
	return t
}()
