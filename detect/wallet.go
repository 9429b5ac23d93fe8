package detect

// walletRules are for addresses of cryptocurrencies and for what spends from them.
func walletRules() []builtin { return []builtin{walletRule(), walletKeyRule(), seedPhraseRule()} }

func walletRule() builtin {
	r := builtin{
		Rule: Rule{
			ID: "pii/crypto-wallet", Kind: "CRYPTO", Severity: Medium,
			Description: "address of Bitcoin, Litecoin, Dogecoin, Tron, XRP (base58check), of segregated witness (BIP-173, BIP-350), Ethereum (EIP-55), Monero, Solana after a word that names it",
			Positives: []string{
				"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "pay to 3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy now", "BC1QAR0SRRR7XFKVY5L643LYDNW9RE59GTZZWF5MDQ",
				"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr",
				"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "wallet 0xde709f2102306220921060314715629080e2fb77",
				"LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", "doge DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8",
				"xrp: rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh",
				"solana address 7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
			},
			Negatives: []string{
				"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLz", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp",
				"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD", "0xde709f2102306220921060314715629080e2fb7", "7EcDhSYGxXyscszYEp35KHN8vvw3svAuLKTzXwCFLtV",
				"DH5yaieqoZN36fDVciNyRueRGvGLR3mr7M", "9f86d081884c7d659a2feaa0c55ad015",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(1, 2, 3, 4, 5, 6, 7, 8), after: upper + lower, least: 25, find: findWalletAtDigit}, {upper: true, least: 25, find: findBase58}, {loose: true, least: 25, find: findBase58}},
	}
	for _, p := range []string{"bc1", "BC1", "tb1", "TB1", "ltc1", "LTC1"} {
		r.on = append(r.on, entry{prefix: p, least: 14, find: findSegwit})
	}
	return r
}

var (
	walletCues = words("wallet", "address", "crypto", "eth", "ethereum", "usdt", "erc20", "btc", "bitcoin", "send to", "account", "contract", "0x")
	solanaCues = words("solana", "sol", "phantom", "spl")
)

// findWalletAtDigit looks for addresses that begin with a digit.
func findWalletAtDigit(w *window, i int) hit {
	switch w.b[i] {
	case '0':
		if w.group == i+1 && w.after == 'x' {
			return findEthereum(w, i)
		}
		return hit{}
	case '1', '3', '4', '8', '2', '5', '6', '7', '9':
		if w.group-i > 12 || !isLetter(w.after) {
			return hit{}
		}
		return findBase58(w, i)
	}
	return hit{}
}

const maxWallet = 107

// findBase58 looks for an address of letters and digits that begins at i.
func findBase58(w *window, i int) hit {
	end := w.run(clAlnum, i, maxWallet)
	n := end - i
	if n < 25 || n == maxWallet || w.at(end) == '_' {
		return hit{}
	}
	score := base58Score(w.b[i:end])
	if score == 0 && n >= 32 && n <= 44 && isSolana(w.b[i:end]) && w.near(i, solanaCues) {
		score = 0.8
	}
	return hit{start: i, end: end, score: score}
}

// base58Score judges an address by its first character, length and check bytes.
func base58Score(text []byte) float32 {
	n := len(text)
	if n > 36 {
		if (text[0] == '4' || text[0] == '8') && (n == 95 || n == 106) && moneroAddress(text) {
			return 0.95
		}
		return 0
	}
	var raw [25]byte
	switch text[0] {
	case 'r':
		if rippleBase58.base58check(raw[:], text) && raw[0] == 0 {
			return 0.95
		}
		return 0
	case '1', '3', 'L', 'M', 'D', 'T', 'm', 'n', '2', 'A', '9':
	default:
		return 0
	}
	if !bitcoinBase58.base58check(raw[:], text) {
		return 0
	}
	switch raw[0] {
	case 0x00:
		if leadingZeros(text, '1') == 0 {
			return 0
		}
		return 0.95
	case 0x05, 0x30, 0x32, 0x1e, 0x16, 0x41:
		return 0.95
	case 0x6f, 0xc4: // networks for tests
		return 0.45
	}
	return 0
}

func isSolana(text []byte) bool {
	var raw [33]byte
	return bitcoinBase58.decode(raw[:], text) && raw[0] == 0 && raw[1] != 0
}

// findEthereum looks for 20 bytes in hexadecimal after 0x. Where letters stand in both cases, the cases are the check.
func findEthereum(w *window, i int) hit {
	end := w.run(clHex, i+2, 41)
	if end-i != 42 || isWord(w.at(end)) {
		return hit{}
	}
	text := w.b[i+2 : end]
	lower, upper, zeros := false, false, 0
	for _, c := range text {
		lower = lower || c >= 'a'
		upper = upper || isUpper(c)
		if c == '0' {
			zeros++
		}
	}
	switch {
	case zeros > 30:
		return hit{}
	case lower && upper:
		if !eip55(text) {
			return hit{}
		}
		return hit{start: i, end: end, score: 0.95}
	case w.near(i, walletCues):
		return hit{start: i, end: end, score: 0.85}
	}
	return hit{start: i, end: end, score: 0.65}
}

// eip55 checks the cases of the letters against the Keccak hash of the address in lower case.
func eip55(text []byte) bool {
	var low [40]byte
	for k, c := range text {
		if isUpper(c) {
			c |= 0x20
		}
		low[k] = c
	}
	sum := keccak256(low[:])
	for k, c := range text {
		if isLetter(c) && isUpper(c) != (sum[k/2]>>(4*(1-k%2))&8 != 0) {
			return false
		}
	}
	return true
}

// findSegwit looks for a bech32 address at its prefix.
func findSegwit(w *window, i int) hit {
	prefix := 2
	if w.b[i]|0x20 == 'l' {
		prefix = 3
	}
	end := w.run(clAlnum, i, 92)
	text := w.b[i:end]
	if len(text) < 14 || len(text) > 90 || w.at(end) == '_' {
		return hit{}
	}
	for _, c := range text {
		if isLetter(c) && isUpper(c) != isUpper(text[0]) {
			return hit{}
		}
	}
	if !segwitAddress(text, prefix) {
		return hit{}
	}
	if text[0]|0x20 == 't' {
		return hit{start: i, end: end, score: 0.45}
	}
	return hit{start: i, end: end, score: 0.97}
}
