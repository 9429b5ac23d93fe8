package surrogate

// reserved are the numbers of a country that its regulator keeps free for fiction, without trunk prefix. A list serves
// landlines or mobile phones; a country without its own mobile numbers uses the others.
type reserved struct {
	fixed, mobile []numbers
	isMobile      func(national []byte) bool
}

// numbers are all that begin with prefix and have free more digits.
type numbers struct {
	prefix string
	free   int
}

// reservedNumbers by calling code, as the regulators name them. North America: NANPA, 555-0100 to 555-0199 in every area.
// United Kingdom: Ofcom, numbers for drama use. Ireland: ComReg, 020 91x xxxx. Sweden: PTS, numbers for books and films.
// France: Arcep, numbers for audiovisual works. Germany: Bundesnetzagentur, numbers for media productions. Australia: ACMA,
// numbers for creative works. Those of France, Germany, Australia and of Swedish landlines have not been held against the
// regulator's own text yet.
var reservedNumbers = map[string]reserved{
	"1": {fixed: areas("55501", 2, northAmerica)},
	"44": {
		fixed: []numbers{
			{"1134960", 3},
			{"1144960", 3},
			{"1154960", 3},
			{"1164960", 3},
			{"1174960", 3},
			{"1184960", 3},
			{"1214960", 3},
			{"1314960", 3},
			{"1414960", 3},
			{"1514960", 3},
			{"1614960", 3},
			{"2079460", 3},
			{"1914980", 3},
			{"2896496", 3},
			{"2920180", 3},
			{"1632960", 3},
		},
		mobile:   []numbers{{"7700900", 3}},
		isMobile: beginsWith("7"),
	},
	"33": {
		fixed:    []numbers{{"19900", 4}, {"26191", 4}, {"35301", 4}, {"46571", 4}, {"53649", 4}},
		mobile:   []numbers{{"63998", 4}},
		isMobile: beginsWith("67"),
	},
	"49": {
		fixed:    []numbers{{"3023125", 3}, {"6990009", 3}, {"4066969", 3}, {"2214710", 3}, {"8999998", 3}},
		mobile:   []numbers{{"17139200", 2}, {"176040690", 2}},
		isMobile: func(n []byte) bool { return len(n) > 1 && n[0] == '1' && n[1] >= '5' && n[1] <= '7' },
	},
	"61": {
		fixed:    []numbers{{"25550", 4}, {"27010", 4}, {"35550", 4}, {"37010", 4}, {"75550", 4}, {"77010", 4}, {"85550", 4}, {"87010", 4}},
		mobile:   []numbers{{"491570006", 0}, {"491570156", 0}, {"491570157", 0}, {"491570158", 0}, {"491570159", 0}, {"491570110", 0}},
		isMobile: beginsWith("4"),
	},
	"353": {fixed: []numbers{{"2091", 5}}},
	"46": {
		fixed: []numbers{{"8465004", 2}, {"9803192", 2}},
		mobile: []numbers{
			{"70174061", 1}, {"70174062", 1}, {"70174063", 1}, {"70174064", 1}, {"70174065", 1}, {"70174066", 1}, {"70174067", 1}, {"70174068", 1}, {"70174069", 1},
		},
		isMobile: beginsWith("7"),
	},
}

func beginsWith(digits string) func([]byte) bool {
	return func(n []byte) bool {
		for i := range len(digits) {
			if len(n) > 0 && n[0] == digits[i] {
				return true
			}
		}
		return false
	}
}

func areas(prefix string, free int, list string) (out []numbers) {
	for i := 0; i < len(list); i += 3 {
		out = append(out, numbers{list[i:i+3] + prefix, free})
	}
	return out
}

// northAmerica are geographic area codes.
const northAmerica = "201202203205206207208209210212213214215216217218219224225228229231234239240248251252253254256260262267269270" +
	"276281301302303304305307308309310312313314315316317318319320321323325330334336337339347351352360361386401402404405406407408409" +
	"410412413414415417419423424425430432434435440443469478479480484501502503504505507508509510512513515516517518520530540541559561" +
	"562563567570571573574580585586601602603605606607608609610612614615616617618619620623626630631636641646650651660661662678682701" +
	"702703704706707708712713714715716717718719720724727731732734740754757760763765770772773774775781785786801802803804805806808810" +
	"812813814815816817818828830831832843845847848850856857858859860863864865870901903904906907908909910912913914915916917918919920" +
	"925928931936937940941947949951952954956970971972973978979980985989"
