package main

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
)

// plant is a value that is put into the conversations.
type plant struct{ kind, value string }

// plants invents every planted value. Persons, streets and domains do not exist; numbers come from ranges that are
// kept free for tests and fiction where there are any; secrets open nothing.
func plants(r *rand.Rand) map[string]plant {
	p := map[string]plant{}
	add := func(key, kind, value string) { p[key] = plant{kind, value} }
	for key, name := range map[string]string{
		"ingrid": "Ingrid Falkenrode", "tomasz": "Tomasz Wierzbnik", "amara": "Amara Oyelundo", "desmond": "Desmond Hartquill",
		"joost": "Joost Elderbeek", "wenche": "Wenche Sollivang", "callum": "Callum Strathwick", "noor": "Noor Haddadine",
		"bertil": "Bertil Ockelmann",
	} {
		add(key+".name", "PERSON", name)
	}
	add("ingrid.address", "STREET_ADDRESS", "Lindenweg 14, 34117 Kassel")
	add("wenche.address", "STREET_ADDRESS", "Sollibakken 3, 5003 Bergen")
	add("tomasz.address", "STREET_ADDRESS", "ul. Klonowa 8, 61-001 Poznań")
	// RFC 2606 keeps the top-level domain example free.
	for key, mail := range map[string]string{
		"ingrid": "ingrid.falkenrode@fjordpost.example", "tomasz": "t.wierzbnik@klonowa.example", "marisol": "marisol_q@correoluz.example",
		"yvette": "yvette.carondelle@lettrerie.example", "callum": "callum77@strathwick.example", "bertil": "bertil.o@brotrunde.example",
		"wenche": "wenche+kurs@sollivang.example",
	} {
		add(key+".email", "EMAIL_ADDRESS", mail)
	}
	// Ranges that the regulators keep free for film and fiction: DE 030 23125, US 555-01xx, UK 020 7946 0 and 07700 900,
	// FR 01 99 00.
	add("ingrid.phone", "PHONE_NUMBER", "+49 30 23125 187")
	add("amara.phone", "PHONE_NUMBER", "+44 20 7946 0412")
	add("priya.phone", "PHONE_NUMBER", "+44 7700 900318")
	add("desmond.phone", "PHONE_NUMBER", "+1 212-555-0143")
	add("callum.phone", "PHONE_NUMBER", "+44 7700 900761")
	add("noor.phone", "PHONE_NUMBER", "+33 1 99 00 27 64")
	// Numbers that payment services use for tests begin like these.
	add("priya.card", "CREDIT_CARD", spaced(luhn(r, "400000", 16)))
	add("desmond.card", "CREDIT_CARD", luhn(r, "520082", 16))
	add("tomasz.iban", "IBAN_CODE", spaced(iban("PL", digits(r, "99999999", 24))))
	add("joost.iban", "IBAN_CODE", spaced(iban("NL", "DEMO"+digits(r, "0", 10))))
	add("yvette.iban", "IBAN_CODE", iban("FR", digits(r, "99999", 23)))
	add("bertil.iban", "IBAN_CODE", spaced(iban("DE", digits(r, "99999999", 18))))
	// The areas 773 to 899 were given to nobody before 2011.
	add("desmond.ssn", "US_SSN", fmt.Sprintf("%03d-%02d-%04d", 800+r.IntN(90), 10+r.IntN(80), 1000+r.IntN(8000)))
	// RFC 5737 and RFC 3849 keep these networks free for documentation.
	add("marisol.ip", "IP_ADDRESS", "203.0.113.77")
	add("forum.ip", "IP_ADDRESS", "198.51.100.23")
	add("till.ip", "IP_ADDRESS", "192.0.2.146")
	add("office.ip6", "IP_ADDRESS", "2001:db8:4f:12::5e1")
	add("backup.aws", "SECRET", "AKIA"+random(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16))
	add("bot.token", "SECRET", "ghp_"+random(r, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 36))
	add("feed.login", "SECRET", "parcels:"+random(r, "abcdefghkmnpqrstuvwxyz23456789", 14))
	add("warehouse.key", "SECRET", keyBlock())
	return p
}

func random(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// digits fills a prefix up to n digits.
func digits(r *rand.Rand, prefix string, n int) string {
	return prefix + random(r, "0123456789", n-len(prefix))
}

// luhn fills a prefix up to n digits, the last of which is the check digit of ISO/IEC 7812-1 annex B.
func luhn(r *rand.Rand, prefix string, n int) string {
	body := digits(r, prefix, n-1)
	sum := 0
	for i := range body {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return body + string(rune('0'+(10-sum%10)%10))
}

// iban puts the country and the check digits of ISO 13616 before an account number.
func iban(country, account string) string {
	var b strings.Builder
	for _, c := range account + country + "00" {
		if c >= 'A' {
			fmt.Fprint(&b, c-'A'+10)
		} else {
			b.WriteRune(c)
		}
	}
	n, _ := new(big.Int).SetString(b.String(), 10) // nothing but digits
	rest := new(big.Int).Mod(n, big.NewInt(97)).Int64()
	return fmt.Sprintf("%s%02d%s", country, 98-rest, account)
}

// spaced sets a blank after every fourth character.
func spaced(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// keyBlock looks like a private key, but holds a sentence that says that it is none.
func keyBlock() string {
	const sentence = "This is not a key. It was written for the sample of reeve demo, so that there is something to find and to refuse. " +
		"It opens no door and never did. Whoever decodes it may have a cup of tea; the kettle switches itself off."
	text := base64.StdEncoding.EncodeToString([]byte(sentence))
	var b strings.Builder
	b.WriteString("-----BEGIN PRIVATE KEY-----\n")
	for len(text) > 64 {
		b.WriteString(text[:64] + "\n")
		text = text[64:]
	}
	return b.String() + text + "\n-----END PRIVATE KEY-----"
}
