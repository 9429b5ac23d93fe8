package detect

// hashRules are for stored passwords in the modular crypt format, and for tokens that begin with a digit or a sign.
func hashRules() []builtin {
	return []builtin{passwordHashRule(), digitTokenRule()}
}

func passwordHashRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/password-hash", Kind: KindSecret, Severity: High,
			Description: "stored password in the modular crypt format: bcrypt, argon2, SHA-crypt, MD5-crypt, scrypt, yescrypt, phpass",
			Positives: []string{
				"root:$6$" + sampleB62(16) + "$" + sampleB62(86) + ":19000:0", "jo:$2y$10$" + sampleB62(53), "$argon2id$v=19$m=65536,t=3,p=4$" + sampleB62(22) + "$" + sampleB62(43),
				"jo:$apr1$" + sampleB62(8) + "$" + sampleB62(22), "$P$B" + sampleB62(30),
			},
			Negatives: []string{"$6$short", "costs $5$ or $6$ each", "$2a$10$", "$argon2id$v=19$", "$1 and $2", "$HOME/$USER/" + sampleB62(40)},
		},
		on: []entry{{bytes: "$", next: "12567aypsPH", find: findPasswordHash}},
	}
}

// cryptForms are the names of the formats and the least length of what follows the name.
var cryptForms = []struct {
	name string
	rest int
}{
	{"2a$", 56},
	{"2b$", 56},
	{"2y$", 56},
	{"2x$", 56},
	{"6$", 87},
	{"5$", 44},
	{"1$", 24},
	{"apr1$", 24},
	{"y$", 40},
	{"7$", 40},
	{"argon2id$", 40},
	{"argon2i$", 40},
	{"argon2d$", 40},
	{"scrypt$", 40},
	{"P$", 31},
	{"H$", 31},
	{"pbkdf2-sha256$", 40},
	{"pbkdf2-sha512$", 40},
	{"sha1$", 40},
}

func findPasswordHash(w *window, i int) hit {
	c := w.at(i + 1)
	if w.touched || classOf[c]&(clLower|clDigit) == 0 && c != 'P' && c != 'H' || i > 0 && isWord(w.b[i-1]) {
		return hit{}
	}
	for _, f := range cryptForms {
		if f.name[0] != c || !w.hasPrefix(i+1, f.name) {
			if w.touched {
				return hit{}
			}
			continue
		}
		from := i + 1 + len(f.name)
		end := w.recall(tagValue, from)
		for ; end < from+400; end++ {
			if b := w.at(end); classOf[b]&(clB64|clDot|clDash) == 0 && b != '$' && b != ',' {
				break
			}
		}
		w.remember(tagValue, from, end)
		if w.touched || end-from < f.rest {
			return hit{}
		}
		if m := study(w.b[from:end]); m.digits == 0 || m.entropy < 3.5 {
			return hit{}
		}
		return hit{start: i, end: end, score: 0.8}
	}
	return hit{}
}

// digitTokenRule is for vendors' tokens that begin with a digit.
func digitTokenRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/numbered-token", Kind: KindSecret, Severity: Critical,
			Description: "token that begins with a digit: ClickHouse Cloud key, Google OAuth refresh token, Facebook app token",
			Positives:   []string{"key 4b1d" + sampleB62(38), "1//0" + sampleB62(60), "token=123456789012345|" + sampleB62(27), "123456789012345%7C" + sampleB62(27)},
			Negatives:   []string{"4b1d" + sampleB62(20), "1//0 comment", "123456789012345|short", "4b1d-4d2e", "123456789012345|" + sampleDigit(27)},
		},
		on: []entry{
			{bytes: digits, sizes: lengths(1), after: "b/", find: func(w *window, i int) hit {
				switch {
				case w.after == 'b' && w.hasPrefix(i, "4b1d"):
					return w.drawn(i, i+4, clAlnum, 38, 38)
				case w.after == '/' && w.hasPrefix(i, "1//0"):
					return w.drawn(i, i+4, clB64u, 40, 200)
				}
				return hit{}
			}},
			{bytes: digits, sizes: lengths(15, 16), after: "|%", find: func(w *window, i int) hit {
				switch {
				case w.after == '|':
					return w.drawn(i, w.group+1, clB64u, 27, 40)
				case w.after == '%' && w.hasPrefix(w.group, "%7C"):
					return w.drawn(i, w.group+3, clB64u, 27, 40)
				}
				return hit{}
			}},
		},
	}
}

// drawn reports a token whose body, from the offset on, is a run of the class between two lengths that looks drawn.
func (w *window) drawn(i, from int, class uint16, least, most int) hit {
	end := w.longRun(class, from, most+1)
	if n := end - from; w.touched || n < least || n > most || isWord(w.at(end)) {
		return hit{}
	}
	if w.touched {
		return hit{}
	}
	if m := study(w.b[from:end]); m.randomness() < 0.7 || m.lower+m.upper == 0 {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.85}
}
