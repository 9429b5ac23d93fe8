package detect

func gpsRule() builtin {
	return builtin{
		Rule: Rule{
			ID: "pii/gps-coordinates", Kind: "GPS_COORDINATES", Severity: Low,
			Description: "geographic position: latitude and longitude with four or more decimals, one of them after its name, degrees and minutes, or a geo: URI (RFC 5870)",
			Positives: []string{
				"lat/lon 40.712800, -74.006000", "gps: 52.5200,13.4050", "latitude: 48.858370", "\"lng\": 2.294481", "geo:37.786971,-122.399677",
				"40°42'46\"N 74°0'22\"W", "position 51.50735, -0.12776",
			},
			Negatives: []string{
				"weights 0.1234, -0.5678", "lat/lon 195.712800, 274.006000", "3.14159", "version 1.2345, 2.3456", "latitude: high", "geo:none", "40°C", "[51.50735, 0.12776, 0.5521]",
			},
		},
		on: []entry{{bytes: digits, sizes: lengths(1, 2, 3), after: ".", then: thenDigit, find: findGPS}, {bytes: digits, sizes: lengths(1, 2, 3), after: "\xc2", find: findGPS}, {prefix: "geo:", find: findGeoURI}},
	}
}

var (
	gpsCues  = words("gps", "lat", "latitude", "lon", "lng", "long", "longitude", "coordinate*", "coords", "geo", "location", "position", "latlng", "koordinaten", "breitengrad", "coordonnees", "coordenadas")
	axisCues = words("lat", "latitude", "lon", "lng", "longitude", "breitengrad", "laengengrad", "längengrad", "latitud", "longitud")
)

// findGPS looks for a pair of decimal degrees, one of them after its name, or degrees and minutes.
func findGPS(w *window, i int) hit {
	if w.after == 0xC2 {
		return findDegrees(w, i)
	}
	if w.after != '.' || !isDigit(w.at(w.group+1)) {
		return hit{}
	}
	start := i
	if w.before(i) == '-' {
		start--
	}
	if c := w.before(start); isWord(c) || c == '.' || c == '-' || c == '/' {
		return hit{}
	}
	end := w.decimal(i)
	if end == 0 {
		return hit{}
	}
	j := end
	if w.at(j) == ',' {
		j++
	}
	for k := 0; k < 2 && w.at(j) == ' '; k++ {
		j++
	}
	second := j
	if w.at(j) == '-' {
		j++
	}
	last := 0
	if j > end && isDigit(w.at(j)) {
		last = w.decimal(j)
	}
	if last == 0 || degrees(w.b[i:end]) > 90 || degrees(w.b[j:last]) > 180 || second == end {
		if degrees(w.b[i:end]) <= 180 && !isWord(w.at(end)) && w.nearWithin(start, axisCues, 20) {
			return hit{start: i, end: end, score: 0.75} // the sign stays: it was released
		}
		return hit{}
	}
	if c := w.at(last); isWord(c) || c == ',' || c == '.' && isWord(w.at(last+1)) || w.before(start) == ',' || start > 1 && w.b[start-2] == ',' {
		return hit{}
	}
	if w.near(start, gpsCues) {
		return hit{start: i, end: last, score: 0.9}
	}
	if degrees(w.b[i:end]) < 2 {
		return hit{} // as in any list of small numbers
	}
	return hit{start: i, end: last, score: 0.45}
}

// decimal returns the end of a number at i with four to fifteen decimals, 0 if there is none.
func (w *window) decimal(i int) int {
	dot := w.run(clDigit, i, 4)
	if dot == i || dot-i > 3 || w.at(dot) != '.' {
		return 0
	}
	end := w.run(clDigit, dot+1, 17)
	if n := end - dot - 1; n < 4 || n > 15 {
		return 0
	}
	return end
}

// degrees is the whole part of the number.
func degrees(text []byte) int {
	n := 0
	for _, c := range text {
		if !isDigit(c) {
			break
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// findDegrees looks for degrees, minutes and seconds with the letters of the directions.
func findDegrees(w *window, i int) hit {
	end := w.angle(i, "NS", 90)
	if end == 0 {
		return hit{}
	}
	j := end
	for k := 0; k < 3 && (w.at(j) == ' ' || w.at(j) == ','); k++ {
		j++
	}
	if last := w.angle(j, "EW", 180); last > 0 && !isWord(w.at(last)) {
		return hit{start: i, end: last, score: 0.9}
	}
	return hit{}
}

// angle returns the end of an angle such as 40°42'46.1"N at i, 0 if there is none.
func (w *window) angle(i int, directions string, most int) int {
	j := w.run(clDigit, i, 4)
	if j == i || j-i > 3 || degrees(w.b[i:j]) > most || !w.hasPrefix(j, "°") {
		return 0
	}
	j += len("°")
	for range 24 {
		c := w.at(j)
		if indexByte(directions, c) >= 0 && c != 0 {
			return j + 1
		}
		if !isDigit(c) && indexByte(" .'\"", c) < 0 && c < 0x80 || c == 0 {
			return 0
		}
		j++
	}
	return 0
}

// findGeoURI looks for the coordinates of a geo: URI.
func findGeoURI(w *window, i int) hit {
	j := i + 4
	for axis := range 2 {
		if w.at(j) == '-' {
			j++
		}
		end := w.run(clDigit|clDot, j, 20)
		if end == j || degrees(w.b[j:end]) > 90*(axis+1) {
			return hit{}
		}
		j = end
		if axis == 0 {
			if w.at(j) != ',' {
				return hit{}
			}
			j++
		}
	}
	return hit{start: i, end: j, score: 0.85}
}
