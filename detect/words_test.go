package detect

import "testing"

func TestNear(t *testing.T) {
	list := words("ssn", "social security", "número fiscal", "né*", "v", "c.f.", "инн", "身份证", "マイナンバー", "ת.ז", "versichert*", "straße", "tax id")
	for _, tt := range []struct {
		before string
		want   bool
	}{
		{"ssn ", true},
		{"SSN:", true},
		{"ssn1: ", true},
		{"ssnx ", false},
		{"ssn12 ", false},
		{"0ssn ", false},
		{"xssn ", false},
		{"user_ssn = ", true},
		{"customerSSN\": \"", true},
		{"SSNNumber ", true},
		{"ssnNumber ", true},
		{"Social-Security No. ", true},
		{"socialSecurityNumber: ", true},
		{"socialsecurity ", true},
		{"socially ", false},
		{"numero  fiscal ", true},
		{"NÚMERO FISCAL ", true},
		{"nu\u0301mero fiscal ", true},
		{"Née le ", true},
		{"net ", true},
		{"v", true},
		{"v. ", true},
		{"vx ", false},
		{"C.F. ", true},
		{"cf ", true},
		{"ИНН ", true},
		{"Инн: ", true},
		{"ИННА ", false},
		{"他的身份证号码是", true},
		{"マイナンバーは", true},
		{"הת.ז. ", true},
		{"Versichertennummer ", true},
		{"STRAßE ", true},
		{"strasse ", false},
		{"taxId ", true},
		{"TAX_ID ", true},
		{"syntaxId ", false},
		{"ssn of somebody that stands much too far away to mean what comes here ", false},
		{"ssn\n", true},
		{"SSN:\n  ", true},
		{"ssn\nit is ", false},
		{"ssn 1\n", false},
		{"the ssn in a line that is too long for a label\n", false},
		{"x\nssn\n", true},
	} {
		text := tt.before + "123"
		w := window{b: []byte(text), final: true}
		if got := w.near(len(tt.before), list); got != tt.want {
			t.Errorf("%q: got %v", tt.before, got)
		}
		if w.near(len(tt.before), list) != tt.want {
			t.Errorf("%q: the second answer differs", tt.before)
		}
	}
}

func TestFollows(t *testing.T) {
	list := words("ssn", "is my number")
	for _, tt := range []struct {
		after         string
		want, touched bool
	}{
		{" (SSN)\n", true, false},
		{" is my number, you know, and I will not tell", true, false},
		{"\nssn, and more words to fill the window up to its end", false, false},
		{" is nothing to write home about, or is it? ssn", false, false},
		{" (SSN)", false, true},
		{"", false, true},
	} {
		w := window{b: []byte("123" + tt.after)}
		if got := w.follows(3, list); got != tt.want || w.touched != tt.touched {
			t.Errorf("%q: got %v, touched %v", tt.after, got, w.touched)
		}
		w.final = true
		if got := w.follows(3, list); got != tt.want && !tt.touched {
			t.Errorf("%q as the whole: got %v", tt.after, got)
		}
	}
}
