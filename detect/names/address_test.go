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
		{"Montag, 12 Uhr", ""},
	} {
		got := ""
		for _, m := range addresses(nil, []byte(tt.text)) {
			got += tt.text[m.Start:m.End]
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.text, diff)
		}
	}
}
