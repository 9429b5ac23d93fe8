package detect

func walletKeyRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "secret/crypto-private-key", Kind: KindSecret, Severity: Critical,
			Description: "private key of a wallet: WIF (base58check, version 0x80) or an extended private key (BIP-32)",
			Positives:   []string{sampleWIF(false), "key " + sampleWIF(true), "wif=" + sampleWIF(true), sampleExtended(0x0488ADE4)},
			Negatives:   []string{sampleWIF(true) + "x", sampleWIF(false)[:50], "K" + sampleB62(51), "xprv" + sampleB62(107)},
		},
		on: []entry{{bytes: "5", sizes: lengths(1, 2, 3, 4, 5, 6), after: upper + lower, least: 51, find: findWIFAtDigit}},
	}
	for _, c := range base58Bitcoin {
		for _, p := range "KL" {
			r.on = append(r.on, entry{prefix: string(p) + string(c), least: 51, find: findWIF})
		}
	}
	for _, p := range []string{"xprv", "yprv", "zprv", "tprv"} {
		r.on = append(r.on, entry{prefix: p, least: 111, find: findExtendedKey})
	}
	return r
}

func findWIFAtDigit(w *window, i int) hit {
	if w.b[i] != '5' || w.group-i > 8 || !isLetter(w.after) {
		return hit{}
	}
	return findWIF(w, i)
}

// findWIF looks for a private key in wallet import format: 51 characters, or 52 for a compressed public key.
func findWIF(w *window, i int) hit {
	end := w.run(clAlnum, i, 53)
	n := end - i
	if n != 51 && n != 52 || (n == 51) != (w.b[i] == '5') || w.at(end) == '_' {
		return hit{}
	}
	var raw [38]byte
	if !bitcoinBase58.base58check(raw[52-n:], w.b[i:end]) || raw[52-n] != 0x80 {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.97}
}

// findExtendedKey looks for a serialised extended private key (BIP-32).
func findExtendedKey(w *window, i int) hit {
	end := w.run(clAlnum, i, 113)
	if end-i != 111 || w.at(end) == '_' {
		return hit{}
	}
	var raw [82]byte
	if !bitcoinBase58.base58check(raw[:], w.b[i:end]) {
		return hit{}
	}
	return hit{start: i, end: end, score: 0.97}
}

func seedPhraseRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "secret/seed-phrase", Kind: KindSecret, Severity: Critical,
			Description: "recovery phrase of a wallet (BIP-39): 12, 15, 18, 21 or 24 plain words after a word that names it",
			Positives: []string{
				"seed phrase: tiger lamp ocean bridge candle forest mirror silver garden winter planet rocket",
				"mnemonic = \"tiger lamp ocean bridge candle forest mirror silver garden winter planet rocket\"",
				"recovery phrase: tiger lamp ocean bridge candle forest mirror silver garden winter planet rocket tiger lamp ocean bridge candle forest mirror silver garden winter planet rocket",
			},
			Negatives: []string{
				"seed phrase: the words that you wrote down when the wallet was made are in here", "mnemonic: every good boy deserves fudge",
				"tiger lamp ocean bridge candle forest mirror silver garden winter planet rocket",
				"recovery phrase: a list of words to keep in a safe place for all of your life",
			},
		},
	}
	for _, cue := range []string{"seed", "Seed", "mnemonic", "Mnemonic", "recovery", "Recovery", "MNEMONIC", "SEED"} {
		r.on = append(r.on, entry{prefix: cue, find: findSeedPhrase})
	}
	return r
}

// proseWords are frequent English words that the BIP-39 list does not have.
var proseWords = words("the", "and", "for", "you", "your", "are", "was", "were", "has", "have", "had", "not", "but", "from", "with", "that", "this", "they", "will",
	"when", "which", "who", "its", "our", "his", "her", "been", "does", "did", "into", "more", "than", "then", "them", "some", "would", "could", "should", "must",
	"may", "each", "where", "what", "how", "all", "use", "used", "using", "please", "words", "phrase")

// findSeedPhrase looks for the words of a phrase behind the word that announces them.
func findSeedPhrase(w *window, i int) hit {
	j := w.run(clWord|clDash, i, 24)
	if w.at(j) == ' ' && (w.hasPrefix(j+1, "phrase") || w.hasPrefix(j+1, "words")) {
		j = w.run(clWord, j+1, 12)
	}
	open := j
	for k := 0; k < 5 && indexByte(" :=\"'`\n", w.at(j)) >= 0 && w.at(j) != 0; k++ {
		j++
	}
	if j == open || indexByte(":=", w.b[open]) < 0 && w.at(open+1) != ':' && w.at(open+1) != '=' {
		return hit{}
	}
	start, end, n := j, j, 0
	for n < 25 {
		k := w.run(clLower, j, 9)
		if k-j < 3 || k-j > 8 || isWord(w.at(k)) {
			break
		}
		var f folded
		if f.fold(w.b[j:k], 0); f.find(proseWords, 0) != "" {
			return hit{}
		}
		n++
		end, j = k, k+1
		if w.at(k) != ' ' {
			break
		}
	}
	if n < 12 || n > 24 || n%3 != 0 {
		return hit{}
	}
	return hit{start: start, end: end, score: 0.85}
}
