package detect

// contactSpan is how far before a number a word such as "reach" may begin.
const contactSpan = 32

var (
	// phoneCues name a telephone number.
	phoneCues = words("tel", "telephone", "telephones", "phone", "phones", "mobile", "cell", "cellphone", "landline", "fax", "call", "calls", "dial", "sms", "whatsapp", "hotline",
		"telefon", "telefonnummer", "telefonisch", "telefonnr", "handy", "handynummer", "mobil", "mobilnummer", "mobilfunk", "rufnummer", "durchwahl", "anrufen", "rückruf",
		"téléphone", "téléphoner", "portable", "appelez", "appeler", "rappeler", "móvil", "teléfono", "celular", "llame", "llamar", "llámame",
		"cellulare", "chiamare", "chiamate", "telefono", "telefoon", "telefoonnummer", "mobiel", "bellen", "gsm", "telefonu", "telefonie", "komórka", "komórkowy", "zadzwoń",
		"telefone", "telemóvel", "ligue", "ligar", "puhelin", "puh", "tlf", "telefonnumre", "telefonszám", "τηλέφωνο", "телефон*", "тел", "моб", "電話*", "电话", "手机", "携帯", "전화*", "휴대폰", "טלפון", "هاتف")
	// contactCues make a number probable that is grouped like one, or as long.
	contactCues = words("contact", "contacts", "reach", "reached", "text me", "text us", "ring", "message", "messages", "my number", "her number", "his number", "our number", "your number", "new number", "number is", "number was", "number changed", "emergency", "callback", "voicemail", "clinic", "desk",
		"kontakt", "kontaktieren", "erreichbar", "erreichen", "nummer ist", "meine nummer", "joindre", "contacter", "contactez", "mon numéro", "numéro est", "contactar", "contacto", "mi número", "número es", "meu número",
		"contattare", "contattate", "contatto", "mio numero", "numero è", "bereiken", "bereikbaar", "contato", "mój numer", "mijn nummer", "kontaktować", "nummeret", "mitt nummer", "мой номер", "我的号码")
	// numberCues name other numbers.
	numberCues = words("order", "invoice", "ref", "reference", "tracking", "isbn", "issn", "serial", "sku", "part", "case", "ticket", "lines", "line", "version", "account", "acct",
		"policy", "member", "membership", "customer", "employee", "id", "ids", "license", "licence", "passport", "tax", "routing", "registration", "vat", "claim", "student",
		"transaction", "confirmation", "batch", "lot", "model", "flight", "pin", "population", "total", "amount", "price", "usd", "eur", "gbp", "pmid", "doi", "npi", "ssn", "iban", "card",
		"bestellung", "bestellnummer", "rechnung", "kundennummer", "konto", "kontonummer", "steuernummer", "aktenzeichen", "commande", "facture", "compte", "client",
		"pedido", "factura", "cuenta", "cliente", "ordine", "fattura", "conto", "bestelling", "factuur", "rekening", "zamówienie", "faktura", "konta", "conta", "encomenda")
)
