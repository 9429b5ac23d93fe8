package sourcing_test

import (
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/sourcing"
)

func TestRobots(t *testing.T) {
	const two = "User-agent: GoodBot\nUser-Agent: other-bot/1.0\nDisallow: /private # not for bots\nAllow: /private/open\n\nUser-agent: *\nDisallow: /\n"
	for _, tt := range []struct {
		name, text, agent, path string
		want                    sourcing.Answer
	}{
		{"empty", "", "", "/", sourcing.Silent},
		{"all forbidden", "User-agent: *\nDisallow: /\n", "anybot", "/x", sourcing.Reserved},
		{"nothing forbidden", "User-agent: *\nDisallow:\n", "anybot", "/x", sourcing.Silent},
		{"own group", two, "goodbot", "/public", sourcing.Silent},
		{"own group, two names", two, "Other-Bot", "/private/x", sourcing.Reserved},
		{"longest rule", two, "goodbot", "/private/open/x", sourcing.Silent},
		{"everybody else", two, "thirdbot", "/public", sourcing.Reserved},
		{"groups of one name are joined", "User-agent: a\nDisallow: /x\nUser-agent: b\nDisallow: /\nUser-agent: a\nDisallow: /y\n", "a", "/y", sourcing.Reserved},
		{"equal length allows", "User-agent: *\nDisallow: /p\nAllow: /p\n", "a", "/p", sourcing.Silent},
		{"wildcard", "User-agent: *\nDisallow: /*.pdf$\n", "a", "/x/y.pdf", sourcing.Reserved},
		{"wildcard with an end", "User-agent: *\nDisallow: /*.pdf$\n", "a", "/x/y.pdf?z", sourcing.Silent},
		{"percent", "User-agent: *\nDisallow: /a%20b\n", "a", "/a b", sourcing.Reserved},
		{"line ends", "User-agent: *\r\nDisallow: /\r\n", "a", "/", sourcing.Reserved},
		{"old line ends", "User-agent: *\rDisallow: /\r", "a", "/", sourcing.Reserved},
		{"byte order mark", "\ufeffUser-agent: *\nDisallow: /\n", "a", "/", sourcing.Reserved},
		{"rules of nobody", "Disallow: /\n", "a", "/", sourcing.Silent},
		{"usage", "User-agent: *\nContent-Usage: train-ai=n\nAllow: /\n", "a", "/", sourcing.Reserved},
		{"usage of a path", "User-agent: *\nContent-Usage: /art train-ai=n\nAllow: /\n", "a", "/art/1", sourcing.Reserved},
		{"usage of another path", "User-agent: *\nContent-Usage: /art train-ai=n\nAllow: /\n", "a", "/news", sourcing.Silent},
		{"usage allowed", "User-agent: *\nContent-Usage: train-ai=y\n", "a", "/", sourcing.Granted},
		{"crawling forbidden, usage allowed", "User-agent: *\nContent-Usage: train-ai=y\nDisallow: /\n", "a", "/", sourcing.Reserved},
		{"longer usage rule", "User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /open train-ai=y\n", "a", "/open/1", sourcing.Granted},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := sourcing.Robots([]byte(tt.text), tt.agent, tt.path); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestPreference(t *testing.T) {
	for text, want := range map[string]sourcing.Answer{
		"train-ai=n": sourcing.Reserved, "train-ai=y": sourcing.Granted, "search=n": sourcing.Silent, "": sourcing.Silent, "train-ai": sourcing.Silent,
		"search=y, train-ai=n": sourcing.Reserved, "train-ai=n;exceptions=1": sourcing.Reserved, "train-ai=n, train-ai=y": sourcing.Granted,
		"bots=y, train-ai=n": sourcing.Reserved, "bots=n": sourcing.Reserved, "Train-AI=n": sourcing.Silent, "train-ai=no": sourcing.Silent,
	} {
		if got := sourcing.Preference(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestTDMRep(t *testing.T) {
	const text = `[{"location":"/open/*","tdm-reservation":0},{"location":"/*.jpg$","tdm-reservation":1},{"location":"*","tdm-reservation":1,"tdm-policy":"https://example.org/policy.json","more":true}]`
	for path, want := range map[string]sourcing.Signal{
		"/open/a":  {Answer: sourcing.Granted},
		"/x/a.jpg": {Answer: sourcing.Reserved},
		"/":        {Answer: sourcing.Reserved, Policy: "https://example.org/policy.json"},
	} {
		if got, err := sourcing.TDMRep([]byte(text), path); got != want || err != nil {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	if got, err := sourcing.TDMRep([]byte(`[{"location":"/a"}]`), "/a"); got.Answer != sourcing.Silent || err != nil {
		t.Errorf("no reservation: %+v, %v", got, err)
	}
	for _, bad := range []string{"", "{}", "[1]", `[{"location":1}]`, `[{"location":"/","location":"/"}]`} {
		if _, err := sourcing.TDMRep([]byte(bad), "/"); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func TestHeaders(t *testing.T) {
	for text, want := range map[string]sourcing.Signal{
		"HTTP/1.1 200 OK\r\ntdm-reservation: 1\r\nTDM-Policy: https://example.org/p\r\n": {Answer: sourcing.Reserved, Policy: "https://example.org/p"},
		"tdm-reservation: 0\n":                            {Answer: sourcing.Granted},
		"Content-Usage: train-ai=n\n":                     {Answer: sourcing.Reserved},
		"tdm-reservation: 0\nContent-Usage: train-ai=n\n": {Answer: sourcing.Reserved},
		"Server: x\n":                                     {Answer: sourcing.Silent},
	} {
		if got, err := sourcing.Headers([]byte(text)); got != want || err != nil {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestReadSignalRefuses(t *testing.T) {
	for _, o := range []sourcing.OptOut{{Signal: "other"}, {Signal: "tdmrep"}} {
		if _, err := sourcing.ReadSignal(&o, []byte("x")); err == nil {
			t.Errorf("%+v is read", o)
		}
	}
	if _, err := sourcing.ReadSignal(&sourcing.OptOut{Signal: "robots"}, make([]byte, 2<<20)); err == nil {
		t.Error("two megabytes are read")
	}
}

func FuzzSignals(f *testing.F) {
	f.Add("robots", []byte("User-agent: *\nDisallow: /*a*b$\nContent-Usage: /x train-ai=n\n"), "bot", "/aab")
	f.Add("tdmrep", []byte(`[{"location":"/*.jpg$","tdm-reservation":1}]`), "", "/x.jpg")
	f.Add("headers", []byte("tdm-reservation: 1\r\n"), "", "")
	f.Fuzz(func(t *testing.T, signal string, text []byte, agent, path string) {
		got, err := sourcing.ReadSignal(&sourcing.OptOut{Signal: signal, Agent: agent, Path: path}, text)
		if err == nil && got.Answer != sourcing.Reserved && got.Answer != sourcing.Granted && got.Answer != sourcing.Silent {
			t.Fatalf("answer %q", got.Answer)
		}
	})
}

// A reservation is found whatever else a file says: adding rules for other paths and agents changes nothing.
func TestReservationIsFound(t *testing.T) {
	noise := strings.Repeat("User-agent: x\nAllow: /y\n", 1000)
	if got := sourcing.Robots([]byte(noise+"User-agent: *\nDisallow: /\n"+noise), "bot", "/"); got != sourcing.Reserved {
		t.Error(got)
	}
}
