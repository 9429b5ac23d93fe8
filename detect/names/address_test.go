package names

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddresses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"I live at 1482 Juniper Lane, Apt 5.", "1482 Juniper Lane, Apt 5"},
		{"Ship to 22 N. Orchard St, Springfield, IL 62704 today", "22 N. Orchard St, Springfield, IL 62704"},
		{"Our office: 500 Harbor Blvd Suite 320\nOakville, CA 94562-1234\nUSA", "500 Harbor Blvd Suite 320\nOakville, CA 94562-1234"},
		{"7 Elm Court\nLeeds\nLS1 4AP", "7 Elm Court\nLeeds\nLS1 4AP"},
		{"1600 Wisconsin Avenue NW is closed", "1600 Wisconsin Avenue NW"},
		{"Meet me at 42 West 18th Street.", "42 West 18th Street"},
		{"Hauptstraße 17a", "Hauptstraße 17a"},
		{"wohnt in der Berliner Straße 5, 10115 Berlin seit", "Berliner Straße 5, 10115 Berlin"},
		{"Karl-Marx-Allee 12", "Karl-Marx-Allee 12"},
		{"Via Garibaldi 12, 20121 Milano", "Via Garibaldi 12, 20121 Milano"},
		{"abito in viale dei Tigli, 8 a Bari", "viale dei Tigli, 8"},
		{"12 bis rue des Lilas, 69003 Lyon", "12 bis rue des Lilas, 69003 Lyon"},
		{"Calle de Alcalá, 45, 3º B, 28014 Madrid", "Calle de Alcalá, 45, 3º B, 28014 Madrid"},
		{"C/ Cervantes 7", "C/ Cervantes 7"},
		{"Rua das Flores 100, 4050-262 Porto", "Rua das Flores 100, 4050-262 Porto"},
		{"Avenida Paulista, nº 1578", "Avenida Paulista, nº 1578"},
		{"ul. Długa 5/7, 00-950 Warszawa", "ul. Długa 5/7, 00-950 Warszawa"},
		{"Keizersgracht 174, 1016 DW Amsterdam", "Keizersgracht 174, 1016 DW Amsterdam"},
		{"Skolegade 17", "Skolegade 17"},
		{"Koskikatu 25 Apt. 864", "Koskikatu 25 Apt. 864"},
		{"Kossuth Lajos utca 45", "Kossuth Lajos utca 45"},
		{"write to PO Box 1187, Denver, CO 80201.", "PO Box 1187, Denver, CO 80201"},
		{"Postfach 10 12 34", "Postfach 10"},
		{"he said “12 Orchard Street” twice", "12 Orchard Street"},
		{"the “Hauptstraße 5”", "Hauptstraße 5"},
		{"my address is 12 main st", "12 main st"},
		{"Chapter 12 Road to War", ""},
		{"In 2019 March Street was closed", ""},
		{"We sold 12 Points of Presence", ""},
		{"costs $12 Main Street prices", ""},
		{"at 10:15 Main Street opens", ""},
		{"version 2.3.1 build 1187", ""},
		{"5 miles down the road", ""},
		{"he was 12 and his brother 9", ""},
		{"sent to 6281 Castro Springs rather than", "6281 Castro Springs"},
		{"71008 Martin Ranch Apt. 036", "71008 Martin Ranch Apt. 036"},
		{"near 7454 Myers Point Suite 507 today", "7454 Myers Point Suite 507"},
		{"the parcel for 29 Lower Xrds, Apt 4", "29 Lower Xrds, Apt 4"},
		{"come to Flat 20, Edwards Fields at noon", "Flat 20, Edwards Fields"},
		{"Studio 81G, Pearce Islands", "Studio 81G, Pearce Islands"},
		{"Flat 4, 12 High Street", "Flat 4, 12 High Street"},
		{"Level 3 797 Brown Road", "Level 3 797 Brown Road"},
		{"86, Halder Nagar", "86, Halder Nagar"},
		{"11, Rajaram Chowk", "11, Rajaram Chowk"},
		{"on 15, Mahatma Gandhi Marg, they", "15, Mahatma Gandhi Marg"},
		{"Trädgårdstorget 6", "Trädgårdstorget 6"},
		{"Skolstigen 47", "Skolstigen 47"},
		{"Canale Eco, 598 Appartamento 69", "Canale Eco, 598 Appartamento 69"},
		{"Contrada Gianvecchio, 131", "Contrada Gianvecchio, 131"},
		{"Adelgunde-Hendriks-Ring 51-52", "Adelgunde-Hendriks-Ring 51-52"},
		{"Ladeira do Carmo, 12", "Ladeira do Carmo, 12"},
		{"Núcleo Bandeirante, 7", "Núcleo Bandeirante, 7"},
		{"Pasaje San Luis 4", "Pasaje San Luis 4"},
		{"j'habite rue Victor Hugo, à côté", "rue Victor Hugo"},
		{"moro na Travessa da Boa Hora desde ontem", "Travessa da Boa Hora"},
		{"endereço: Ladeira Sales", "Ladeira Sales"},
		{"la rue Victor Hugo est belle", ""},
		{"delivered via Amazon Web Services", ""},
		{"H.No. 630, D’Alia Chowk", "630, D’Alia Chowk"},
		{"at 186 Kemp Passage, just", "186 Kemp Passage"},
		{"the 100 Acre Wood", ""},
		{"a 128 Bit Forest", ""},
		{"3 place Bellecour", "3 place Bellecour"},
		{"3 Place de la Bourse, Paris", "3 Place de la Bourse"},
		{"3 Place Settings and 12 Square Meters", ""},
		{"Porsche 911 Carrera GT", ""},
		{"Chapter 5 The Long Road", ""},
		{"Apollo 11 Moon Landing. Route 66 Visitor Center.", ""},
		{"size 250 Alpine Meadow", ""},
		{"12 Angry Men", ""},
		{"3 Blind Mice", ""},
		{"7 New Features", ""},
		{"2 Data Centers", ""},
		{"5 Test Cases", ""},
		{"12 Key Points", ""},
		{"devices: 5 Access Points\n", ""},
		{"The form has 8 Input Fields and 2 Git Branches", ""},
		{"In 2019 Victoria Park opened", ""},
		{"a 2048 Bit Key, 8080 Default Port", ""},
		{"switched to the 6 at Union Square.", ""},
		{"7 Peter Hill", ""},
		{"10 Downing Street", "10 Downing Street"},
		{"Montag, 12 Uhr", ""},
	} {
		got := ""
		for _, m := range addresses(nil, []byte(tt.text), nil) {
			got += tt.text[m.Start:m.End]
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}

// TestNamedStreets are streets called after people and places: the address goes before the name in it.
func TestNamedStreets(t *testing.T) {
	tagger := newTagger(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"He moved to 44 Alexander Brae last year.", []string{"STREET_ADDRESS 44 Alexander Brae"}},
		{"She lives at 502 Roberto Common.", []string{"STREET_ADDRESS 502 Roberto Common"}},
		{"Please send it to 88 James Place.", []string{"STREET_ADDRESS 88 James Place"}},
		{"The race has 12 Key Points.", nil},
	} {
		if diff := cmp.Diff(tt.want, show(tagger, tt.text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}
