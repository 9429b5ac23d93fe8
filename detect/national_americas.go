package detect

// americanIdentities are identifiers of the Americas outside the United States.
func americanIdentities() []identity {
	return []identity{
		{
			id: "pii/ca-sin", kind: "CA_SIN", severity: High,
			description: "Canadian social insurance number: first digit 1 to 7 or 9, Luhn check",
			cues:        words("sin", "nas", "social insurance", "assurance sociale", "canada", "canadian"),
			forms: []form{
				{written: "d3 d3 d3|d3-d3-d3", check: both(firstDigit("12345679"), luhnDigits), proof: evidence{0.5, 0.7, 0.95}},
				{written: "d9", check: both(firstDigit("12345679"), luhnDigits), proof: weakForm.plus(0.06)},
				{written: "d9|d3 d3 d3|d3-d3-d3", check: both(firstDigit("0"), luhnDigits), proof: evidence{0, 0.45, 0.75}}, // made up, or not a person's
			},
			positives: []string{
				"they wrote 115 420 234 on it.", "115 420 234", "179-867-106", "assurance sociale: 115 420 234",
				"assurance sociale: 179-867-106",
			},
			negatives: []string{
				"115 420 234-7", "x115 420 234", "115 420 234_2", "179-867-106-7", "x179-867-106",
			},
		},
		{
			id: "phi/ca-ohip", kind: "CA_OHIP", severity: High,
			description: "Ontario health card number: ten digits with Luhn check, version code",
			cues:        words("ohip", "health card", "ontario", "carte sante"),
			forms: []form{
				{written: "d4_d3_d3", check: luhnDigits, proof: cuedForm},
				{written: "d4_d3_d3_A2", check: luhnDigits, proof: evidence{0.4, 0.5, 0.9}},
			},
			positives: []string{
				"they wrote 9621327809KH on it.", "9621327809KH", "6332 790 374 HQ", "carte sante: 8730029504",
				"carte sante: 7606 431 158",
			},
			negatives: []string{
				"order 8730029504", "8730029504-7", "x8730029504", "8730029504_2", "x7606 431 158",
			},
		},
		{
			id: "phi/ca-ramq", kind: "CA_RAMQ", severity: High,
			description: "Quebec health insurance number: letters of the name, date of birth with 50 added to the month for women",
			cues:        words("ramq", "carte soleil", "assurance maladie", "health insurance", "quebec"),
			forms:       []form{{written: "A4_d4_d4", check: isRAMQ, proof: evidence{0.5, 0.6, 0.9}}},
			positives: []string{
				"they wrote NBGA77570733 on it.", "NBGA77570733", "BEZG 8509 2160", "assurance maladie: NBGA77570733",
				"assurance maladie: BEZG 8509 2160",
			},
			negatives: []string{
				"NBGA77570733-7", "xNBGA77570733", "NBGA77570733_2", "BEZG 8509 2160-7", "xBEZG 8509 2160",
			},
		},
		{
			id: "phi/ca-phn", kind: "CA_PHN", severity: High,
			description: "British Columbia personal health number: first digit 9, weighted check modulo 11",
			cues:        words("phn", "bc services", "personal health", "health card", "british columbia"),
			forms:       []form{{written: "d4_d3_d3", check: digitsPass(isPHN), proof: evidence{0, 0.4, 0.9}}},
			positives: []string{
				"9868748478", "9648 779 276", "9773-732-607", "british columbia: 9868748478", "british columbia: 9648 779 276",
			},
			negatives: []string{
				"order 9868748478", "9868748478-7", "x9868748478", "9868748478_2", "x9648 779 276",
			},
		},
		{
			id: "phi/ca-health-card", kind: "CA_HEALTH_CARD", severity: High,
			description: "health card number of another Canadian province: digits after a word that names them",
			cues: words("health card", "carte sante", "health number", "ahcip", "alberta health", "manitoba health", "saskatchewan health", "msi number", "mcp number",
				"carte d'assurance maladie"),
			forms: []form{{written: "d8|d9|d10|d12|d5-d4|d4 d3 d3|d3 d3 d3|A1d7", proof: cuedForm}},
			positives: []string{
				"alberta health: 65970617", "alberta health: 403973719", "alberta health: 5016636155",
			},
			negatives: []string{
				"order 65970617", "65970617-7", "x65970617", "65970617_2", "x403973719",
			},
		},
		{
			id: "pii/ca-passport", kind: "CA_PASSPORT", severity: High,
			description: "Canadian passport number: two letters and six digits, or a letter, six digits and two letters",
			cues:        words("passport", "passeport"),
			forms:       []form{{written: "A2d6|A1d6A2", proof: cuedForm}},
			positives: []string{
				"passeport: BJ441358", "passeport: E416321SI", "passeport: GZ933942", "passeport: S596259NS",
			},
			negatives: []string{
				"order BJ441358", "BJ441358-7", "xBJ441358", "BJ441358_2", "xE416321SI",
			},
		},
		{
			id: "pii/ca-driver-license", kind: "CA_DRIVER_LICENSE", severity: High,
			description: "Canadian driver licence: Ontario, Quebec and other forms, no check digit",
			cues:        words("driver*", "permis de conduire", "permis", "licence", "license"),
			forms: []form{
				{written: "A1d4-d5-d5|A1d4-d6-d2", proof: evidence{0.4, 0.5, 0.9}},
				{written: "A5-d6-d3|A5d9", proof: cuedForm},
			},
			positives: []string{
				"they wrote E7527-84372-41859 on it.", "E7527-84372-41859", "H9823-580448-21", "licence: E7527-84372-41859",
				"licence: H9823-580448-21",
			},
			negatives: []string{
				"E7527-84372-41859-7", "xE7527-84372-41859", "E7527-84372-41859_2", "H9823-580448-21-7", "xH9823-580448-21",
			},
		},
		{
			id: "pii/br-cpf", kind: "BR_CPF", severity: High,
			description: "Brazilian taxpayer number of a person: two check digits modulo 11",
			cues:        words("cpf", "cadastro de pessoas", "contribuinte"),
			forms: []form{
				{written: "d3.d3.d3-d2", check: digitsPass(isCPF), proof: provenForm},
				{written: "d11|d9-d2", check: digitsPass(isCPF), proof: evidence{0.3, 0.55, 0.95}},
			},
			positives: []string{
				"they wrote 847.562.454-55 on it.", "847.562.454-55", "919.665.024-94", "cadastro de pessoas: 847.562.454-55",
				"cadastro de pessoas: 919.665.024-94",
			},
			negatives: []string{
				"847.562.454-55-7", "x847.562.454-55", "847.562.454-55_2", "919.665.024-94-7", "x919.665.024-94",
			},
		},
		{
			id: "pii/br-cnpj", kind: "BR_CNPJ", severity: Low,
			description: "Brazilian company number, digits or letters from 2026 on: two check digits modulo 11 (Receita Federal, IN 2229/2024)",
			cues:        words("cnpj", "cadastro nacional"),
			forms: []form{
				{written: "d2.d3.d3/d4-d2", check: isCNPJ, proof: provenForm},
				{written: "d14", check: isCNPJ, proof: evidence{0.3, 0.5, 0.95}},
				{written: "w14", check: isCNPJ, proof: evidence{0.45, 0.6, 0.95}},
			},
			positives: []string{
				"they wrote 16.727.230/0001-97 on it.", "16.727.230/0001-97", "12ABC34501DE35", "cadastro nacional: 16.727.230/0001-97",
				"cadastro nacional: 12ABC34501DE35",
			},
			negatives: []string{
				"16.727.230/0001-97-7", "x16.727.230/0001-97", "16.727.230/0001-97_2", "12ABC34501DE35-7", "x12ABC34501DE35",
			},
		},
		{
			id: "pii/mx-curp", kind: "MX_CURP", severity: High,
			description: "Mexican population registry key: name letters, date of birth, sex, state, check digit",
			cues:        words("curp", "clave unica"),
			forms:       []form{{written: "A4d6A6x1d1", check: isCURP, proof: provenForm}},
			positives: []string{
				"they wrote HEGG560427MVZRRL04 on it.", "HEGG560427MVZRRL04", "GTMC721225XSRGGY05", "clave unica: HEGG560427MVZRRL04",
				"clave unica: GTMC721225XSRGGY05",
			},
			negatives: []string{
				"HEGG560427MVZRRL04-7", "xHEGG560427MVZRRL04", "HEGG560427MVZRRL04_2", "BADD110313HCMLNS09-7", "xBADD110313HCMLNS09",
			},
		},
		{
			id: "pii/mx-rfc", kind: "MX_RFC", severity: Medium,
			description: "Mexican taxpayer registry key: name letters, date, check character",
			cues:        words("rfc", "registro federal", "contribuyente*"),
			forms: []form{
				{written: "A4d6x1x1x1|A3d6x1x1x1", check: isRFC, proof: strongForm},
				{written: "A4_d6_x1x1x1", check: isRFC, proof: fairForm},
			},
			positives: []string{
				"they wrote VQUM420318183 on it.", "VQUM420318183", "LFMM76092689A", "registro federal: VQUM420318183",
				"registro federal: LFMM76092689A",
			},
			negatives: []string{
				"VQUM420318183-7", "xVQUM420318183", "VQUM420318183_2", "LFMM76092689A-7", "xLFMM76092689A",
			},
		},
		{
			id: "pii/ar-cuit", kind: "AR_CUIT", severity: High,
			description: "Argentine tax and labour number: known prefix, check digit modulo 11",
			cues:        words("cuit", "cuil", "afip", "clave unica"),
			forms: []form{
				{written: "d2-d8-d1", check: digitsPass(isCUIT), proof: provenForm},
				{written: "d11", check: digitsPass(isCUIT), proof: evidence{0.3, 0.45, 0.95}},
			},
			positives: []string{
				"they wrote 34-87666904-9 on it.", "34-87666904-9", "20-26086484-0", "afip: 34-87666904-9", "afip: 20-26086484-0",
			},
			negatives: []string{
				"34-87666904-9-7", "x34-87666904-9", "34-87666904-9_2", "20-26086484-0-7", "x20-26086484-0",
			},
		},
		{
			id: "pii/ar-dni", kind: "AR_DNI", severity: High,
			description: "Argentine or Peruvian identity card number, after a word that names it",
			cues:        words("dni", "documento nacional", "documento"),
			forms:       []form{{written: "d2.d3.d3|d1.d3.d3|d8|d7", check: varied, proof: cuedForm}},
			positives: []string{
				"documento nacional: 99.669.357", "documento nacional: 2.395.235", "documento nacional: 64397864",
			},
			negatives: []string{
				"order 99.669.357", "99.669.357-7", "x99.669.357", "99.669.357_2", "x2.395.235",
			},
		},
		{
			id: "pii/cl-rut", kind: "CL_RUT", severity: High,
			description: "Chilean identity and tax number: check character modulo 11",
			cues:        words("rut", "run", "rol unico", "cedula"),
			forms: []form{
				{written: "d2.d3.d3-x1|d1.d3.d3-x1", check: isRUT, proof: provenForm},
				{written: "d8-x1|d7-x1", check: isRUT, proof: evidence{0.45, 0.6, 0.95}},
				{written: "d8x1|d7x1", check: isRUT, proof: cuedForm},
			},
			positives: []string{
				"they wrote 33.030.674-2 on it.", "33.030.674-2", "03.327.856-K", "cedula: 33.030.674-2", "cedula: 03.327.856-K",
			},
			negatives: []string{
				"33.030.674-2-7", "x33.030.674-2", "33.030.674-2_2", "03.327.856-K-7", "x03.327.856-K",
			},
		},
		{
			id: "pii/co-nit", kind: "CO_NIT", severity: Medium,
			description: "Colombian tax number: weighted check modulo 11",
			cues:        words("nit", "dian", "identificacion tributaria"),
			forms:       []form{{written: "d3.d3.d3-d1|d9-d1|d10", check: digitsPass(isNIT), proof: evidence{0, 0.4, 0.9}}},
			positives: []string{
				"950.053.426-8", "576998634-2", "9290787493", "dian: 950.053.426-8", "dian: 576998634-2",
			},
			negatives: []string{
				"order 950.053.426-8", "950.053.426-8-7", "x950.053.426-8", "950.053.426-8_2", "x576998634-2",
			},
		},
		{
			id: "pii/co-cedula", kind: "CO_CEDULA", severity: High,
			description: "Colombian citizenship card number, after a word that names it",
			cues:        words("cedula", "cedula de ciudadania", "c.c.", "ciudadania"),
			forms:       []form{{written: "d1.d3.d3.d3|d2.d3.d3|d8|d10|d7", check: varied, proof: cuedForm}},
			positives: []string{
				"cedula de ciudadania: 4.247.299.718", "cedula de ciudadania: 61.480.111", "cedula de ciudadania: 75038114",
			},
			negatives: []string{
				"order 4.247.299.718", "4.247.299.718-7", "x4.247.299.718", "4.247.299.718_2", "x61.480.111",
			},
		},
		{
			id: "pii/pe-ruc", kind: "PE_RUC", severity: Medium,
			description: "Peruvian taxpayer number: known prefix, check digit modulo 11",
			cues:        words("ruc", "sunat", "contribuyente"),
			forms:       []form{{written: "d11", check: digitsPass(isRUC), proof: evidence{0, 0.38, 0.9}}},
			positives: []string{
				"10948703900", "17289294252", "15661827090", "contribuyente: 10948703900", "contribuyente: 17289294252",
			},
			negatives: []string{
				"order 10948703900", "10948703900-7", "x10948703900", "10948703900_2", "x17289294252",
			},
		},
		{
			id: "pii/do-cedula", kind: "DO_CEDULA", severity: High,
			description: "Dominican identity and electoral card number: Luhn check",
			cues:        words("cedula", "dominicana", "junta central"),
			forms: []form{
				{written: "d3-d7-d1", check: luhnDigits, proof: evidence{0.5, 0.65, 0.95}},
				{written: "d11", check: luhnDigits, proof: cuedForm},
			},
			positives: []string{
				"they wrote 847-9439411-8 on it.", "847-9439411-8", "549-8025330-3", "cedula: 847-9439411-8", "cedula: 549-8025330-3",
			},
			negatives: []string{
				"847-9439411-8-7", "x847-9439411-8", "847-9439411-8_2", "549-8025330-3-7", "x549-8025330-3",
			},
		},
	}
}

func isRAMQ(_, d []byte) bool {
	m := pair(d, 2)
	if m > 50 {
		m -= 50
	}
	return calendarDate(pair(d, 0), m, pair(d, 4))
}

func isPHN(d []byte) bool {
	return d[0] == 9 && 11-weighted(d[1:], 2, 4, 8, 5, 10, 9, 7, 3)%11 == int(d[9])
}

func isCPF(d []byte) bool {
	return !sameDigits(d) && minus11(weighted(d, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[9]) && minus11(weighted(d, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)) == int(d[10])
}

// minus11 is 11 less the remainder of the sum, 0 for two digits.
func minus11(sum int) int {
	if c := 11 - sum%11; c < 10 {
		return c
	}
	return 0
}

func isCNPJ(c, _ []byte) bool {
	if !isDigit(c[12]) || !isDigit(c[13]) || string(c[:12]) == "000000000000" {
		return false
	}
	weights := [13]int{6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2}
	first, second := 0, 0
	for k := range 12 {
		first += int(c[k]-'0') * weights[k+1]
		second += int(c[k]-'0') * weights[k]
	}
	return minus11(first) == int(c[12]-'0') && minus11(second+2*int(c[12]-'0')) == int(c[13]-'0')
}

const curpStates = "ASBCBSCCCLCMCSCHDFDGGTGRHGJCMCMNMSNTNLOCPLQTQRSPSLSRTCTSTLVZYNZSNE"

func isCURP(c, d []byte) bool {
	if !isYMD(d) || indexByte("HMX", c[10]) < 0 || !indexPair(curpStates, c[11], c[12]) {
		return false
	}
	sum := 0
	for k := range 17 {
		v := base36(c[k])
		if c[k] > 'N' { // Ñ stands between N and O
			v++
		}
		sum += v * (18 - k)
	}
	return (10-sum%10)%10 == int(c[17]-'0')
}

func isRFC(c, d []byte) bool {
	if !isYMD(d) {
		return false
	}
	sum := 0
	if len(c) == 12 {
		sum = 13 * 37 // a space stands before
	}
	for k, x := range c[:len(c)-1] {
		v := base36(x)
		if x > 'N' { // & stands between N and O
			v++
		}
		sum += v * (len(c) - k)
	}
	switch r := 11 - sum%11; r {
	case 11:
		return c[len(c)-1] == '0'
	case 10:
		return c[len(c)-1] == 'A'
	default:
		return c[len(c)-1] == byte(r)+'0'
	}
}

func isCUIT(d []byte) bool {
	switch pair(d, 0) {
	case 20, 23, 24, 25, 26, 27, 30, 33, 34:
	default:
		return false
	}
	c := 11 - weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11
	return c == int(d[10]) || c == 11 && d[10] == 0 || c == 10 && d[10] == 9
}

func isRUT(c, _ []byte) bool {
	sum, weight := 0, 2
	for k := len(c) - 2; k >= 0; k-- {
		if !isDigit(c[k]) {
			return false
		}
		sum += int(c[k]-'0') * weight
		if weight++; weight > 7 {
			weight = 2
		}
	}
	return "0K987654321"[sum%11] == c[len(c)-1] && sum > 0
}

func isNIT(d []byte) bool {
	r := weighted(d, 41, 37, 29, 23, 19, 17, 13, 7, 3) % 11
	if r > 1 {
		r = 11 - r
	}
	return r == int(d[9])
}

func isRUC(d []byte) bool {
	switch pair(d, 0) {
	case 10, 15, 16, 17, 20:
		return (11-weighted(d, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11)%10 == int(d[10])
	}
	return false
}
