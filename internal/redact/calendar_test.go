package redact

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/inspect"
)

func TestShifted(t *testing.T) {
	for _, c := range []struct {
		text, order string
		days        int
		want        string // "" means that it is no date
	}{
		{"2020-02-28", "mdy", 2, "2020-03-01"},
		{"2020-02-28T10:30:00Z", "mdy", 1, "2020-02-29T10:30:00Z"},
		{"20200228", "mdy", 1, "20200229"},
		{"3/4/2020", "mdy", 1, "3/5/2020"},
		{"3/4/2020", "dmy", 1, "4/4/2020"},
		{"03/04/2020", "dmy", 30, "03/05/2020"},
		{"13/04/2020", "mdy", 1, "14/04/2020"},
		{"31.12.2019", "mdy", 1, "01.01.2020"},
		{"1.2.85", "mdy", 1, "2.2.85"},
		{"3 March 1980", "mdy", 30, "2 April 1980"},
		{"March 3, 1980", "mdy", -3, "February 29, 1980"},
		{"Mar 3, 1980", "mdy", 30, "Apr 2, 1980"},
		{"3rd of March 1980", "mdy", 1, "4rd of March 1980"},
		{"3. März 1980", "mdy", 31, "3. April 1980"},
		{"le 1 août 2001", "mdy", -1, "le 31 juillet 2001"},
		{"3 de mayo de 2001", "mdy", 1, "4 de mayo de 2001"},
		{"12 marca 1999", "mdy", 31, "12 kwietnia 1999"},
		{"MAY 5, 1999", "mdy", 31, "JUNE 5, 1999"},
		{"Monday, 3 March 1980", "mdy", 1, "Tuesday, 4 March 1980"},
		{"March 1980", "mdy", 31, "April 1980"},
		{"3 March", "mdy", 30, "2 April"},
		{"last Monday", "mdy", 1, ""},
		{"30.02.2020", "mdy", 1, ""},
		{"2020", "mdy", 1, ""},
		{"1.2.3.4", "mdy", 1, ""},
		{"", "mdy", 1, ""},
		{"9999-12-31", "mdy", 1, ""},
		{strings.Repeat("1", 200), "mdy", 1, ""},
	} {
		d, ok := parseDate([]byte(c.text), c.order)
		var got []byte
		if ok {
			got, ok = d.shifted(c.days)
		}
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%q by %d: %q %v, want %q", c.text, c.days, got, ok, c.want)
		}
	}
}

// TestShiftKeepsIntervals holds for any date and each notation that it moves by as many days as were asked for.
func TestShiftKeepsIntervals(t *testing.T) {
	layouts := []string{"2006-01-02", "02.01.2006", "2.1.2006", "January 2, 2006", "2 January 2006", "20060102", "2006/01/02 15:04", "Monday, 2 January 2006"}
	rapid.Check(t, func(t *rapid.T) {
		layout := rapid.SampledFrom(layouts).Draw(t, "layout")
		days := rapid.IntRange(-maxDays, maxDays).Draw(t, "days")
		at := time.Date(1500, 1, 1+rapid.IntRange(0, 200000).Draw(t, "at"), 0, 0, 0, 0, time.UTC)
		text := at.Format(layout)
		d, ok := parseDate([]byte(text), "mdy")
		if !ok {
			t.Fatalf("%q is no date", text)
		}
		moved, ok := d.shifted(days)
		want := at.AddDate(0, 0, days)
		if got, err := time.Parse(layout, string(moved)); !ok || err != nil || got.Format(time.DateOnly) != want.Format(time.DateOnly) {
			t.Fatalf("%q by %d is %q, want %q", text, days, moved, want.Format(layout))
		}
	})
}

// dates finds ISO dates, in the place of the tagger that ships.
type dates struct{ rule detect.Rule }

func (d *dates) Tag(dst []detect.Match, text []byte) []detect.Match {
	for _, m := range regexp.MustCompile(`\b\d{4}-\d\d-\d\d\b`).FindAllIndex(text, -1) {
		dst = append(dst, detect.Match{Start: m[0], End: m[1], Score: 0.9})
	}
	return dst
}

func (d *dates) RuleAt(int32) *detect.Rule { return &d.rule }
func (d *dates) Version() string           { return "1" }

// TestSubjectField holds that the dates of one subject keep their distances and those of two do not move as far.
func TestSubjectField(t *testing.T) {
	text := `{"patient":"A","seen":"2020-01-10"}` + "\n" + `{"patient":"B","seen":"2020-01-10"}` + "\n" + `{"seen":"2020-01-20","patient":"A"}` + "\n"
	o := options(t, "DATE_TIME=date-shift")
	o.Policy.SubjectField = "patient"
	var err error
	if o.Inspector, err = inspect.New(inspect.Options{Tagger: &dates{detect.Rule{ID: "test/date", Kind: "DATE_TIME"}}}); err != nil {
		t.Fatal(err)
	}
	got, rep := redactText(t, o, "a.jsonl", text)
	var at []time.Time
	for _, s := range regexp.MustCompile(`\d{4}-\d\d-\d\d`).FindAllString(got, -1) {
		d, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, d)
	}
	if len(at) != 3 || at[2].Sub(at[0]) != 240*time.Hour || at[0].Equal(at[1]) || rep.Surrogates == "" {
		t.Errorf("%s", got)
	}
}

func TestGeneralise(t *testing.T) {
	for _, c := range []struct{ kind, value, want string }{
		{"DATE_TIME", "3 March 1980", "1980"},
		{"DATE_TIME", "03/04/85", "1985"},
		{"DATE_TIME", "3 March", ""},
		{"DATE_OF_BIRTH", "1980-03-03", "1980"},
		{"DATE_OF_BIRTH", "1936-03-03", "1936 or before"},
		{"DATE_OF_BIRTH", "1911-03-03", "1936 or before"},
		{"DATE_OF_BIRTH", "03/04/28", "1936 or before"},
		{"AGE", "42", "40-49"},
		{"AGE", "aged 42", "40-49"},
		{"AGE", "89 years", "80-89"},
		{"AGE", "90", "90+"},
		{"AGE", "103-year-old", "90+"},
		{"IP_ADDRESS", "93.184.216.34", "93.184.216.*"},
		{"IP_ADDRESS", "2a00:1450:4001:82a::200e", "2a00:1450:4001:*"},
		{"GPS_COORDINATES", "48.858370, 2.294481", "48.85, 2.29"},
		{"GPS_COORDINATES", "N 48", ""},
		{"STREET_ADDRESS", "1 Main St, Springfield, IL 62704", "627**"},
		{"STREET_ADDRESS", "1 Main St, Tok, AK 03601-1234", "000**"},
		{"STREET_ADDRESS", "Hauptstr. 5, 10115 Berlin", "10***"},
		{"STREET_ADDRESS", "10 Downing Street, London SW1A 2AA", "SW"},
		{"STREET_ADDRESS", "1 Sussex Drive, Ottawa K1A 0B6", "K1A"},
		{"STREET_ADDRESS", "10 Downing Street", ""},
		{"UK_POSTCODE", "SW1A 2AA", "SW"},
		{"EMAIL_ADDRESS", "jane@acme.com", "@acme.com"},
		{"CREDIT_CARD", "4556 7375 8689 9855", "card ending 9855"},
		{"US_SSN", "536-22-1234", ""},
	} {
		if got := string(generalise(detect.Kind(c.kind), []byte(c.value), "mdy", 2026)); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.value, got, c.want)
		}
	}
}
