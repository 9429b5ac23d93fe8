package detect

// telegramRule is for bot tokens, which begin with the number of the bot.
func telegramRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/telegram-bot-token", Kind: KindSecret, Severity: Critical,
			Description: "Telegram bot token: bot number, colon, 35 characters that begin with A",
			Positives:   []string{"bot " + sampleDigit(10) + ":AA" + sampleB62(33), "/bot1234567890:AA" + sampleB62(33)},
			Negatives:   []string{"1234567890:AA" + sampleB62(20), "1234567890:BB" + sampleB62(33), "12:AA" + sampleB62(33), "10:30:AM"},
		},
		on: []entry{{bytes: digits, sizes: lengths(5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16), after: ":", then: thenOther, find: findTelegram}, {prefix: "bot", skip: 3, find: func(w *window, i int) hit {
			return findTelegram(w, i+3)
		}}},
	}
}

func findTelegram(w *window, i int) hit {
	j := w.run(clDigit, i, 17)
	if j-i < 5 || j-i > 16 || !w.hasPrefix(j, ":A") {
		return hit{}
	}
	end := w.longRun(clB64u, j+1, 64)
	if end-j-1 != 35 || w.touched || isSample(w.b[j+1:end]) {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.9}
}

// mailchimpRule is for keys that are hexadecimal up to the name of a data centre. The letters that such a key may begin
// with could begin any word, so the match starts at its first digit unless something announces a key.
func mailchimpRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "secret/mailchimp-key", Kind: KindSecret, Severity: Critical,
			Description: "Mailchimp API key: 32 hexadecimal characters and a data centre",
			Positives:   []string{"key: 0" + sampleHex(31) + "-us12", "be3f" + sampleHex(28) + "-us6"},
			Negatives:   []string{sampleHex(32), sampleHex(30) + "-us1", sampleHex(32) + "-eu1", "face-us1", "4" + sampleHex(40) + "-us1"},
		},
		on: []entry{{bytes: digits, after: hexLetters, least: 32, find: findMailchimp}, {bytes: digits, sizes: lengths(maxSize - 1), after: "-", find: findMailchimp}},
	}
	for _, a := range "abcdef" {
		for _, b := range "abcdef0123456789" {
			r.on = append(r.on, entry{prefix: string(a) + string(b), next: "0123456789abcdef", free: 1, least: 32, find: findMailchimp})
		}
	}
	return r
}

func findMailchimp(w *window, i int) hit {
	j := w.run(clHex, i, 33)
	if j-i != 32 && !w.touched {
		return hit{}
	}
	start := i
	for start < j && !isDigit(w.b[start]) {
		start++
	}
	if start > i && (!w.early || w.announced(i)) {
		start = i
	}
	w.lead = start
	if j-i != 32 || !w.hasPrefix(j, "-us") {
		return hit{}
	}
	end := w.run(clDigit, j+3, 3)
	if end == j+3 || end == j+6 || isWord(w.at(end)) || isSample(w.b[i:j]) {
		return hit{}
	}
	return hit{start: start, end: end, score: 0.9}
}

// azureSecretRule is for client secrets of Microsoft Entra, which have their mark inside: three characters, a digit and
// "Q~". The characters before the mark could begin any word, so the match starts at the tilde; 31 to 34 characters follow.
func azureSecretRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "secret/azure-client-secret", Kind: KindSecret, Severity: Critical,
			Description: "Microsoft Entra client secret, from its mark on",
			Positives:   []string{"secret: bcX8Q~" + sampleB62(34), "Ab.7Q~" + sampleB62(31) + "\n"},
			Negatives:   []string{"bcX8Q~short", "bcXQ~" + sampleB62(34), "8Q~" + sampleB62(50), "~/path"},
		},
		on: []entry{{bytes: "~", find: findAzureSecret}},
	}
}

func findAzureSecret(w *window, i int) hit {
	if i < 5 || w.b[i-1] != 'Q' || !isDigit(w.b[i-2]) {
		return hit{}
	}
	for _, c := range w.b[i-5 : i-2] {
		if !isWord(c) && c != '~' && c != '.' {
			return hit{}
		}
	}
	end := w.longRun(shapeClasses['t'], i+1, 64)
	if n := end - i - 1; n < 31 || n > 34 || w.touched || isSample(w.b[i+1:end]) {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.85}
}
