package detect

// View is a legal reading of the findings: which kinds a provision speaks of.
type View struct {
	ID    string // "hipaa/G", "gdpr/9-health"
	Title string // as the provision names it
	Cites string // the provision
	Kinds []Kind // kinds of findings that fall under it; a class of rules stands for the rest, such as national numbers
	Class string // class of rules that falls under it besides, such as "phi"; "" for none
}

// Views returns the legal views: the eighteen identifiers of the HIPAA Safe Harbor method, and the GDPR's categories.
// The slice is the caller's.
func Views() []View {
	const hipaa = "45 CFR 164.514(b)(2)(i)"
	item := func(letter, title string, kinds ...Kind) View {
		return View{ID: "hipaa/" + letter, Title: title, Cites: hipaa + "(" + letter + ")", Kinds: kinds}
	}
	special := func(id, title string, kinds ...Kind) View {
		return View{ID: "gdpr/9-" + id, Title: title, Cites: "GDPR Art. 9(1)", Kinds: kinds}
	}
	health := item("R", "any other unique identifying number, characteristic or code", "CA_SIN", "UK_NHS", "UK_NINO", "DE_TAX_ID", "ES_NIF", "IT_FISCAL_CODE", "CRYPTO_WALLET", "US_PASSPORT", "US_ITIN")
	health.Class = "phi"
	return []View{
		item("A", "names", "PERSON"),
		item("B", "geographic subdivisions smaller than a state", "LOCATION", "STREET_ADDRESS", "GPS_COORDINATES", "ZIP_CODE"),
		item("C", "elements of dates (except year) related to an individual, and ages over 89", KindDate, KindBirth, KindAge),
		item("D", "telephone numbers", KindPhone),
		item("E", "fax numbers", KindPhone),
		item("F", "electronic mail addresses", KindEmail),
		item("G", "social security numbers", KindUSSSN),
		item("H", "medical record numbers", KindRecordNumber),
		item("I", "health plan beneficiary numbers", KindHealthPlan, "US_MBI"),
		item("J", "account numbers", KindAccount, KindCard, KindIBAN, "US_BANK_NUMBER", "UK_BANK_ACCOUNT"),
		item("K", "certificate and license numbers", "MEDICAL_LICENSE", "US_NPI", "US_DRIVER_LICENSE"),
		item("L", "vehicle identifiers and serial numbers, including license plate numbers", "VIN", "LICENSE_PLATE"),
		item("M", "device identifiers and serial numbers", "IMEI", "MAC_ADDRESS"),
		item("N", "web universal resource locators", KindURL),
		item("O", "internet protocol address numbers", KindIP),
		item("P", "biometric identifiers, including finger and voice prints", KindBiometric),
		item("Q", "full face photographic images and any comparable images"),
		health,
		{ID: "gdpr/4-1", Title: "identifiers of a natural person", Cites: "GDPR Art. 4(1)", Kinds: []Kind{"PERSON", KindEmail, KindPhone, KindIP, "STREET_ADDRESS", KindBirth, "GPS_COORDINATES"}, Class: "pii"},
		special("ethnicity", "racial or ethnic origin", KindEthnicity),
		special("politics", "political opinions", KindPolitics),
		special("religion", "religious or philosophical beliefs", KindReligion),
		special("union", "trade union membership", KindUnion),
		special("genetic", "genetic data", KindGenetic),
		special("biometric", "biometric data for the purpose of uniquely identifying a natural person", KindBiometric),
		{ID: "gdpr/9-health", Title: "data concerning health", Cites: "GDPR Art. 9(1)", Kinds: []Kind{KindHealth, KindRecordNumber, KindHealthPlan}, Class: "phi"},
		special("sex-life", "sex life or sexual orientation", KindSexLife, KindOrientation),
		{ID: "gdpr/10", Title: "criminal convictions and offences", Cites: "GDPR Art. 10", Kinds: []Kind{KindCriminal}},
		{ID: "pci/3", Title: "account data: the card number and what must never be kept beside it", Cites: "PCI DSS 4.0, requirement 3", Kinds: []Kind{KindCard, KindCardCode, KindCardTrack, KindCardExpiry}},
	}
}

// Holds reports whether findings of the rule fall under the view.
func (v *View) Holds(r *Rule) bool {
	for _, k := range v.Kinds {
		if k == r.Kind {
			return true
		}
	}
	return v.Class != "" && len(r.ID) > len(v.Class) && r.ID[:len(v.Class)] == v.Class && r.ID[len(v.Class)] == '/'
}
