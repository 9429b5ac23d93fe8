package main

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
)

// prose returns about words/10 sentences as people write them to a help desk, most with invented personal data whose
// check digits are right.
func prose(r *rand.Rand, words int) string {
	var b strings.Builder
	for n := 0; n < words; n += 11 {
		if n > 0 {
			b.WriteString([]string{" ", " ", "\n"}[r.IntN(3)])
		}
		s := sentences[r.IntN(len(sentences))]
		for {
			before, rest, found := strings.Cut(s, "{")
			b.WriteString(before)
			if !found {
				break
			}
			name, after, _ := strings.Cut(rest, "}")
			b.WriteString(values[name](r))
			s = after
		}
	}
	return b.String()
}

var sentences = []string{
	"Hello, my name is {name} and I moved to {address} last month.",
	"Please update the e-mail on file to {email}, the old one no longer works.",
	"You can reach me on {phone} after five, or leave a message with {name}.",
	"The charge on card {card} was not mine and I would like the money back.",
	"Our bank details have changed; the new account is {iban}.",
	"For the tax form you will need my social security number, which is {ssn}.",
	"The request came from {ip} at half past nine and was refused three times in a row.",
	"We have looked into it and, as far as we can see, the parcel left the warehouse on the day you ordered.",
	"If it does not arrive by then please let us know, and we will send a replacement free of charge.",
	"I have attached the invoice (number {number}) together with the receipt from {date}.",
	"Have you tried to sign in at https://portal.example.net/account/{number} with the new password?",
	"The device with MAC address {mac} has not reported since {date}.",
	"Nothing in the manual explains why the second light keeps blinking when the first one is off.",
	"According to {name} the order {number} was cancelled, but the shop still shows it as open.",
	"Thank you for your patience; the team will come back to you within two working days.",
	"Patient {name}, born {date}, was seen in the afternoon and sent home without further treatment.",
}

var values = map[string]func(*rand.Rand) string{
	"name": func(r *rand.Rand) string { return pick(r, given) + " " + pick(r, family) },
	"address": func(r *rand.Rand) string {
		return fmt.Sprintf("%d %s %s, %s", 1+r.IntN(400), pick(r, family), pick(r, ways), pick(r, towns))
	},
	"email": func(r *rand.Rand) string {
		return strings.ToLower(pick(r, given)+"."+pick(r, family)) + "@" + pick(r, []string{"mail", "post", "office"}) + fmt.Sprint(r.IntN(90)) + ".com"
	},
	"phone": func(r *rand.Rand) string { return fmt.Sprintf("(%d) 555-%04d", 201+r.IntN(700), r.IntN(10000)) },
	"card":  func(r *rand.Rand) string { return grouped(luhn(r, "4"+digits(r, 14))) },
	"iban":  func(r *rand.Rand) string { return iban(r) },
	"ssn": func(r *rand.Rand) string {
		return fmt.Sprintf("%03d-%02d-%04d", 100+r.IntN(500), 1+r.IntN(99), 1+r.IntN(9999))
	},
	"ip": func(r *rand.Rand) string {
		return fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(80), r.IntN(256), r.IntN(256), 1+r.IntN(254))
	},
	"number": func(r *rand.Rand) string { return fmt.Sprintf("2024-%05d", r.IntN(100000)) },
	"date":   func(r *rand.Rand) string { return fmt.Sprintf("%d/%d/%d", 1+r.IntN(12), 1+r.IntN(28), 1950+r.IntN(60)) },
	"mac": func(r *rand.Rand) string {
		return fmt.Sprintf("00:1b:%02x:%02x:%02x:%02x", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
	},
}

var (
	given  = strings.Fields("Ada Bruno Carla Dmitri Elena Farid Greta Hugo Ines Jonas Karin Luca Marta Nadia Oscar Paula Quentin Rosa Stefan Tanja Uwe Vera Walter Yusuf Zoe")
	family = strings.Fields("Albers Brandt Castro Duval Eriksen Fontana Garcia Hansen Ibrahim Jansen Keller Lindqvist Moreau Novak Okafor Petrov Quinn Rossi Schmidt Tanaka Ulrich Vega Weber Yilmaz Zielinski")
	ways   = strings.Fields("Street Road Avenue Lane Drive Court")
	towns  = []string{"Springfield", "Riverton", "Lakeside", "Ashford", "Milltown"}
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('0' + r.IntN(10))
	}
	return string(b)
}

// luhn appends the check digit of ISO/IEC 7812-1, annex B.
func luhn(_ *rand.Rand, s string) string {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

func grouped(s string) string { return s[:4] + " " + s[4:8] + " " + s[8:12] + " " + s[12:] }

// iban makes a German account number (ISO 13616) with the right check digits.
func iban(r *rand.Rand) string {
	account := digits(r, 18)
	n, _ := new(big.Int).SetString(account+"131400", 10) // "DE00" as digits
	check := 98 - new(big.Int).Mod(n, big.NewInt(97)).Int64()
	return fmt.Sprintf("DE%02d", check) + account
}
