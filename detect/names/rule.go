package names

import "github.com/reeve-ai/reeve/detect"

// The kinds of what the tagger finds.
const (
	KindPerson        detect.Kind = "PERSON"
	KindOrganization  detect.Kind = "ORGANIZATION"
	KindLocation      detect.Kind = "LOCATION"
	KindStreetAddress detect.Kind = "STREET_ADDRESS"
)

// Indices of rules.
const (
	person int32 = iota
	organization
	location
	streetAddress
)

var rules = [...]detect.Rule{
	person: {
		ID: "pii/person", Kind: KindPerson, Severity: detect.Medium,
		Description: "name of a person, found by a model of how names are written and of the words around them",
		Positives: []string{
			"My name is Ingrid Halvorsen.",
			"Dear Mr. Okafor,",
			"Signed: J. R. Whitfield",
			"patient_name: Lucía Barrientos",
			"Sehr geehrte Frau Köhler,",
			"The contract was signed by Pieter van der Meer in Utrecht.",
		},
		Negatives: []string{
			"Call Close when you are done with the Reader.",
			"Monday and Tuesday we are closed.",
			"product_name: Wireless Mouse",
			"The Request is passed to the Handler.",
		},
	},
	organization: {
		ID: "pii/organization", Kind: KindOrganization, Severity: detect.Info,
		Description: "name of a company, an authority, a school or another organisation",
		Positives:   []string{"She works for Halvorsen Logistics GmbH.", "He studied at the University of Leeds."},
		Negatives:   []string{"Press Enter to continue.", "The weather was fine."},
	},
	location: {
		ID: "pii/location", Kind: KindLocation, Severity: detect.Low,
		Description: "name of a town, a country or another place",
		Positives:   []string{"I moved from Warsaw to Lisbon.", "city: Rotterdam"},
		Negatives:   []string{"Save the File and close the Window.", "It rained in March."},
	},
	// ADDR
	streetAddress: {
		ID: "pii/street-address", Kind: KindStreetAddress, Severity: detect.Medium,
		Description: "postal address: house number and street, a post-office box, and the town with its postcode where they follow",
		Positives: []string{
			"I live at 1482 Juniper Lane, Apt 5.",
			"Hauptstraße 17a",
			"Via Garibaldi 12, 20121 Milano",
			"12 rue des Lilas, 69003 Lyon",
			"PO Box 1187",
			"4 Alder Meadows, Apt. 12",
			"Flat 20, Rowan Fields",
			"86, Lakshmi Nagar",
			"j'habite rue Victor Hugo",
		},
		Negatives: []string{
			"Chapter 12 Road to War", "12 Angry Men", "3 Blind Mice", "7 New Features", "2 Data Centers", "the 100 Acre Wood", "the 6 at Union Square",
			"See section 4 of the plan.", "version 2.3.1 build 1187",
		},
	},
}

// Rules returns the rules of this package in the order of their indices. The slice is the caller's.
func Rules() []detect.Rule { return append([]detect.Rule(nil), rules[:]...) }
