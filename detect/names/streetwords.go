package names

import (
	"strings"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// wordKind says what a word does in an address. The words of a kind are facts of postal practice: USPS Publication 28
// (appendices C1 and C2) for the United States, and common usage elsewhere.
type wordKind uint8

const (
	plainWord  wordKind = iota
	strongType          // ends a street where the number stands first: Street, Ave, Road
	weakType            // the same, but a common word too: Point, Union, Park
	frontType           // begins a street: rue, via, calle, ul.
	backType            // ends a street before the number: Straße, utca, platz
	unit                // Apt, Suite, Etage
	direction           // N, NW, North
	connector           // de, la, of, der
	monthWord
	adjective  // Alte, Obere: before a German or Dutch street
	numberMark // no., nº
	addressCue // address, lives, Anschrift
	stateCode
	boxCue // PSC, Box: the next address begins
)

var addressWords = func() map[uint64]wordKind {
	t := map[uint64]wordKind{}
	for _, row := range []struct {
		kind  wordKind
		words string
	}{
		{monthWord, "january february march april may june july august september october november december jan feb apr jun jul aug sep sept oct nov dec"},
		{addressCue, "address addresses lives live living lived resides residing located location street streets ship shipping shipped deliver delivered delivery mail billing home residence reside anschrift adresse wohnt wohne wohnhaft wohnen direccion domicilio domiciliado vive vivo vivimos habite demeurant domicilie indirizzo residente abita abito adres woont woon wonende endereco morada mora moro residente mieszka mieszkam zamieszkaly adress bor moved moving property house office"},
		{connector, "de la le les du des d l del della delle dello degli dei di da do dos das e y of the and van der den het von zu zum zur am an im in auf los las el al san saint sainte st santa"},
		{numberMark, "no nr n num numero nro number"},
		{direction, "n s e w ne nw se sw north south east west northeast northwest southeast southwest"},
		{adjective, "alte alter altes neue neuer grosse grose kleine kleiner obere oberer untere unterer lange hohe am an im auf in unter hinter vor zum zur der den dem oude nieuwe grote kleine lange korte"},
		{boxCue, "psc cmr box pobox postfach usnv usns uss uscgc"},
		{unit, "apt apartment suite ste unit flat floor fl room rm bldg building lot dept trlr spc ph penthouse stop po piso puerta pta planta esc escalera bajo depto dpto interior int appartement app appt etage bat batiment escalier esc porte interno scala piano int wohnung whg zimmer og eg stock etage hinterhaus lokal lok mieszkanie bus hus lgh vaning th tv mf apto bloco andar sala lote casa"},
		{strongType, "street st str avenue ave av aven road rd drive dr drv lane ln boulevard blvd boul court ct place pl terrace ter terr parkway pkwy highway hwy circle cir crescent cres close grove gardens gdns mews alley aly trail trl turnpike tpke expressway expy freeway fwy causeway cswy broadway esplanade plaza plz square sq way walk row loop quay wharf lodge crossing xing route rte hollow ridge rdg heights hts glen manor mnr junction jct bypass byp extension ext ranch"},
		{weakType, "park point pt points union unions valley vly village vlg view views vista vis bend branch bridge brook brooks burg bluff bluffs bottom camp canyon cape center centre cliff cliffs club common commons corner corners course cove coves creek crest curve dale dam divide estate estates fall falls ferry field fields flat flats ford fords forest forge forges fork forks fort garden gateway glens green greens groves harbor harbors haven hill hills inlet island islands isle key keys knoll knolls lake lakes land landing light lights lock locks mall meadow meadows mill mills mission motorway mount mountain mountains neck orchard oval overpass parks parkways pass passage path pike pine pines plain plains port ports prairie radial ramp rapid rapids rest river roads route rue run shoal shoals shore shores skyway spring springs spur spurs squares station stravenue stream streets summit throughway trace track trafficway tunnel underpass viaduct ville walks wall ways well wells yard hill fold rise drove mead copse end gate side"},
		{frontType, "rue avenue av ave boulevard boul bd bld place pl allee allees chemin che impasse imp quai route rte cours square passage sentier ruelle esplanade faubourg fbg lotissement residence hameau villa cite rond-point via viale piazza piazzale corso largo vicolo strada contrada salita lungomare lungotevere borgo localita calle cl avenida avda avd plaza plza paseo pso carrer carretera ctra camino ronda travesia glorieta callejon carrera cra diagonal transversal jiron prolongacion calzada rambla rua r travessa praca alameda estrada rodovia largo beco ladeira ulica ul aleja aleje al plac os osiedle rondo strada str bulevardul bd calea soseaua aleea ulitsa ulice namesti trida nabrezi jalan jl gang rruga odos leoforos calea"},
		{backType, "strase strasse str platz weg allee gasse ring damm ufer steig stieg chaussee pfad promenade utca u ut utja ter korut koz setany straat laan plein gracht kade dijk singel steenweg gade vej vaenget plads gata gatan vagen vag grand veien vei vegen gate katu tie kuja polku ulica cesta trg ulice namesti trida nabrezi cadde caddesi sokak sokagi sk cad bulvari mahallesi utcaja stræti gatve puiestee tanav iela"},
	} {
		for _, w := range strings.Fields(row.words) {
			if h := sequence.Hash(w); t[h] == plainWord {
				t[h] = row.kind
			} else {
				both[h] = append(both[h], row.kind)
			}
		}
	}
	for _, w := range strings.Fields("AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR VI GU AS MP AP AE AA ON QC BC AB MB SK NS NB NL PE YT NT NU NSW VIC QLD WA SA TAS ACT NT") {
		h := sequence.Hash(w)
		if t[h] == plainWord {
			t[h] = stateCode
		} else {
			both[h] = append(both[h], stateCode)
		}
	}
	return t
}()

// both holds the further kinds of words that have several.
var both = map[uint64][]wordKind{}

// is reports whether the word with the hash h is of a kind.
func is(h uint64, k wordKind) bool {
	if addressWords[h] == k {
		return true
	}
	for _, other := range both[h] {
		if other == k {
			return true
		}
	}
	return false
}

// compounds are endings of one-word streets, folded, where the number follows: Hauptstraße, Kerkstraat, Koskikatu.
var compounds = strings.Fields("strase strasse str. platz weg allee gasse damm ufer steig stieg graben chaussee promenade pfad twiete redder " +
	"straat laan plein gracht kade dijk singel dreef steeg hof pad plantsoen " +
	"gade vej gyden straede vaenget alle torv toften parken bakken stien lunden marken " +
	"gatan vagen grand stigen backen gata veien vegen gaten vei stien svingen bakken " +
	"katu tie kuja polku kaari raitti penger " +
	"utca korut straeti gatve bulvaras")

// compoundsWeak are such endings that many other words have: Alexanderring, Marienhof.
var compoundsWeak = strings.Fields("ring markt berg tor park hof pad alle tie parken bakken marken hoj stien")
