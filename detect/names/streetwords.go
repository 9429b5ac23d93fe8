package names

import (
	"strings"

	"github.com/reeve-ai/reeve/detect/names/sequence"
)

// wordKind says what a word does in an address. The words of a kind are facts of postal practice: USPS Publication 28
// (appendices C1 and C2) for the United States, and common usage elsewhere. Of the abbreviations in C1 those are left
// out that are other words, units of measure or codes of states more often: IS, UN, VIA, ML, FT, MT, KY, DL, DM, CP.
type wordKind uint8

const (
	plainWord  wordKind = iota
	strongType          // ends a street where the number stands first: Street, Ave, Road
	weakType            // the same, but a common word too: Forest, Knoll, Springs
	thingType           // the same, but one that is often counted or numbered: Points, Fields, Station
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
	boxCue    // PSC, Box: the next address begins
	bareFront // begins a street that may have no number where something else speaks for it: rue, calle
	flat      // Flat 20, Edwards Fields
	quantity  // is counted or measured, so that the number before it is that of no house: 100 Acre Wood
	counter   // stands before a number that is that of no house: Chapter 5
	french    // begins a street behind its number: 12 rue de Rivoli
	surname   // a type that is a family name too: 7 Peter Hill
)

var addressWords = func() map[uint64]wordKind {
	t := map[uint64]wordKind{}
	for _, row := range []struct {
		kind  wordKind
		words string
	}{
		{monthWord, "january february march april may june july august september october november december jan feb apr jun jul aug sep sept oct nov dec"},
		{addressCue, "address addresses lives live living lived resides residing located location street streets ship shipping shipped deliver delivered delivery mail billing home residence reside anschrift adresse wohnt wohne wohnhaft wohnen direccion domicilio domiciliado vive vivo vivimos habite demeurant domicilie indirizzo residente abita abito adres woont woon wonende endereco morada mora moro residente mieszka mieszkam zamieszkaly adress bor moved moving property house office correspondence domicile habita habitant sito sita situe situee resident residents"},
		{connector, "de la le les du des d l del della delle dello degli dei di da do dos das e y of the and van der den het von zu zum zur am an im in auf los las el al san saint sainte st santa"},
		{bareFront, "rue avenue boulevard chemin impasse allee rua travessa avenida alameda ladeira praca largo estrada rodovia conjunto calle paseo pasaje callejon glorieta rambla urbanizacion viale piazza corso vicolo contrada ulica ul"},
		{flat, "flat studio apartment apt maisonette penthouse"},
		{quantity, "acre acres mile miles meter meters metre metres kilometer kilometre km foot feet inch yard yards bit bits byte bytes kb mb gb degree degrees percent day days week weeks month months year years hour hours minute minutes second seconds hundred thousand million billion man men person people page pages piece pieces dollar euro pound pixel watt volt hz mhz ghz"},
		{counter, "chapter section figure fig table step part volume vol episode season phase version model size color colour item page grade route tier type class article appendix exhibit schedule question lesson exercise task issue act scene verse slide sprint milestone release stage round game match week level top series formula apollo"},
		{french, "rue avenue av ave boulevard boul bd bld allee allees chemin che impasse imp quai rte sentier ruelle faubourg fbg lotissement hameau rond-point calle"},
		{surname, "hill hills brook brooks wood woods park parks lake lakes field fields ford rivers green wells mills banks bridges walls shore meadows heath hurst dale pike cliff vale warren garth lea moor grove glen camp land key keys spring springs church rhodes noble chase croft"},
		{numberMark, "no nr n num numero nro number"},
		{direction, "n s e w ne nw se sw north south east west northeast northwest southeast southwest"},
		{adjective, "alte alter altes neue neuer grosse grose kleine kleiner obere oberer untere unterer lange hohe am an im auf in unter hinter vor zum zur der den dem oude nieuwe grote kleine lange korte"},
		{boxCue, "psc cmr box pobox postfach usnv usns uss uscgc"},
		{unit, "apt apartment suite ste unit flat floor fl room rm bldg building lot dept trlr spc ph penthouse stop po piso puerta pta planta esc escalera bajo depto dpto interior int appartement app appt etage bat batiment escalier esc porte interno scala piano int wohnung whg zimmer og eg stock etage hinterhaus lokal lok mieszkanie bus hus lgh vaning th tv mf apto bloco andar sala lote casa level lvl studio maisonette appartamento departamento"},
		{strongType, "street st str avenue ave av aven road rd drive dr drv lane ln boulevard blvd boul court ct place pl terrace ter terr parkway pkwy highway hwy circle cir crescent cres close grove gardens gdns mews alley aly trail trl turnpike tpke expressway expy freeway fwy causeway cswy broadway esplanade plaza plz square sq way walk row loop quay wharf lodge crossing xing route rte hollow ridge rdg heights hts glen manor mnr junction jct bypass byp extension ext ranch pkwys pky boulevards avenues lanes crossings terraces promenade prom chowk nagar marg vihar salai gali mohalla wynd brae parkways"},
		{weakType, "valley vly vista vis bend brook brooks burg bluff bluffs bottom canyon cliff cliffs cove coves creek forest forge forges glens groves harbor harbors haven inlet isle knoll knolls landing meadow meadows mountain mountains neck orchard pike pine pines prairie radial rapid rapids river rue shoal shoals shore shores skyway spring springs stravenue throughway trafficway viaduct walks drove mead copse annex anex anx bayou byu bnd blf blfs btm brk brks burgs bgs cyn clf clfs cv cvs crk crossroad xrd crossroads xrds frst frg frgs glns grvs hbr hbrs harbour harbours hvn hollows inlt islnd knl knls lndg loaf mdw mdws mtn mtns nck orch pne pnes radl rpd rpds ridges rdgs riv shl shls shr shrs skwy spg spgs stra trwy trfy valleys vlys braes dell dene drift embankment garth gait ginnel glade glebe heath holt hurst lea leys moor paddock paddocks rigg snicket spinney tarn vale vennel villas warren wood woods ganj enclave puram bagh bazaar bazar kunj layout colony passage psge divide dv oval dam underpass upas overpass opas motorway mtwy green greens grn grns hill hills hls falls fls ferry ford fords lake lakes lk lks mill mills mls mount dale crest cape cpe beach bch island islands isles common commons cmn cmns cottages croft nook parade rise plain plains strand estate estates est ests fort corner corners cors curve curves bridge bridges brg chase circus village villages vlg vlgs"},
		{thingType, "point points pt pts park parks union unions view views vws branch branches center centers centre centres ctr ctrs club clb clubs course crse courses extensions exts field fields fld flds flat flats flt flts fork forks frk frks gateway gtwy gateways key keys kys land lands light lights lgt lgts lock locks lck lcks mall mission msn missions pass passes path paths port ports prt prts ramp ramps rest run runs squares sqs station sta stations stream streams strm summit smt track tracks trak trk trace trce tunnel tunl tunnels wall walls ways well wells wls routes roads rds streets courts cts drives circles cirs junctions jcts manors ville trailer trlr end gate gates side fold yard yards bank banks camp fall garden steps stairs ride lawn lawns pend steeps quadrant ring arcade arc spur spurs"},
		{frontType, "rue avenue av ave boulevard boul bd bld place pl allee allees chemin che impasse imp quai route rte cours square passage sentier ruelle esplanade faubourg fbg lotissement residence hameau villa cite rond-point via viale piazza piazzale corso largo vicolo strada contrada salita lungomare lungotevere borgo localita calle cl avenida avda avd plaza plza paseo pso carrer carretera ctra camino ronda travesia glorieta callejon carrera cra diagonal transversal jiron prolongacion calzada rambla rua r travessa praca alameda estrada rodovia largo beco ladeira ulica ul aleja aleje al plac os osiedle rondo strada str bulevardul bd calea soseaua aleea ulitsa ulice namesti trida nabrezi jalan jl gang rruga odos leoforos calea canale rotonda incrocio stretto traversa piazzetta circonvallazione stradone rione frazione pasaje pasadizo cuesta urbanizacion urb quadra setor vila parque nucleo conjunto condominio loteamento chacara colonia jardim morro passarela patio praia recanto residencial sitio trevo vereda viaduto viela fazenda vial lagoa estacao acceso"},
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
	"torget torvet leden liden kajen esplanaden platsen plassen strade winkel steig kai zeile " +
	"utca korut straeti gatve bulvaras")

// compoundsWeak are such endings that many other words have: Alexanderring, Marienhof.
var compoundsWeak = strings.Fields("baan plan allen parken stranden ring markt berg tor park hof pad alle tie parken bakken marken hoj stien")
