package vulndb

import (
	"math"
	"strings"
)

// weights of the base metrics of CVSS 3.1 (FIRST, specification, section 7.4). Privileges weigh more where the scope changes.
var cvssWeights = map[string]map[string]float64{
	"AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
	"AC": {"L": 0.77, "H": 0.44},
	"PR": {"N": 0.85, "L": 0.62, "H": 0.27},
	"UI": {"N": 0.85, "R": 0.62},
	"C":  {"H": 0.56, "L": 0.22, "N": 0},
	"I":  {"H": 0.56, "L": 0.22, "N": 0},
	"A":  {"H": 0.56, "L": 0.22, "N": 0},
}

// Base is the base score of a CVSS 3 vector, from 0 to 10 (FIRST, CVSS 3.1, section 7.1). Other kinds have none here.
func (s Severity) Base() (score float64, ok bool) {
	rest, is := strings.CutPrefix(s.Score, "CVSS:3.")
	if !is || len(rest) < 2 {
		return 0, false
	}
	given := map[string]string{}
	for _, part := range strings.Split(rest[1:], "/") {
		if name, value, ok := strings.Cut(part, ":"); ok {
			given[name] = value
		}
	}
	w := map[string]float64{}
	for name, values := range cvssWeights {
		if w[name], ok = values[given[name]]; !ok {
			return 0, false
		}
	}
	changed := given["S"] == "C"
	if changed {
		switch given["PR"] {
		case "L":
			w["PR"] = 0.68
		case "H":
			w["PR"] = 0.5
		}
	} else if given["S"] != "U" {
		return 0, false
	}
	part := 1 - (1-w["C"])*(1-w["I"])*(1-w["A"])
	impact := 6.42 * part
	if changed {
		impact = 7.52*(part-0.029) - 3.25*math.Pow(part-0.02, 15)
	}
	if impact <= 0 {
		return 0, true
	}
	sum := impact + 8.22*w["AV"]*w["AC"]*w["PR"]*w["UI"]
	if changed {
		sum *= 1.08
	}
	return roundUp(min(sum, 10)), true
}

// roundUp is the smallest number with one decimal that is not less (section 7, with its rule for binary fractions).
func roundUp(x float64) float64 {
	n := int(math.Round(x * 100000))
	if n%10000 == 0 {
		return float64(n) / 100000
	}
	return (math.Floor(float64(n)/10000) + 1) / 10
}
