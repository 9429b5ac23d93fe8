package detect

// bankIdentities are codes of banks.
func bankIdentities() []identity {
	return []identity{
		{
			id: "pii/bic", kind: "BIC_CODE", severity: Low,
			description: "bank identifier (ISO 9362): four letters, country, place, branch; letters alone after a word that names it",
			cues:        words("bic", "swift", "bic code", "swift code", "bank", "iban"),
			forms: []form{
				{written: "A8|A11", check: isBIC, proof: evidence{0, 0, 0.85}, cues: words("bic", "swift", "bic code", "swift code")},
				{written: "A4A2x1x1|A4A2x1x1x1x1x1", check: bicWithDigit, proof: evidence{0.4, 0.55, 0.92}},
			},
			positives: []string{"BIC: DEUTDEFF", "swift code COBADEFFXXX", "BIC GENODEF1ERG", "SWIFT BNPAFRPPXXX", "BIC: INGDDEFF500"},
			negatives: []string{"DOCUMENT", "BIC: DEUTQQFF", "swift: DEUTDEF", "BIC: DEUTDEFFX", "the SHIPMENT left"},
		},
	}
}

// bankCountries are the codes of ISO 3166-1, and XK.
const bankCountries = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZDEDJDKDMDODZ" +
	"ECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGYHKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZ" +
	"LALBLCLILKLRLSLTLULVLYMAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARERORSRURW" +
	"SASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZVAVCVEVGVIVNVUWFWSXKYEYTZAZMZW"

func isBIC(c, _ []byte) bool { return indexPair(bankCountries, c[4], c[5]) && c[6] != '0' }

func bicWithDigit(c, d []byte) bool {
	return len(d) > 0 && isBIC(c, d) && c[7] != 'O' && (c[6] >= '2' || c[6] == '1')
}
