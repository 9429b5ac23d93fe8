package sourcing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxSignal bounds the bytes of one opt-out signal; RFC 9309 § 2.5 asks for at least 500 KiB of robots.txt.
const maxSignal = 1 << 20

// Answer is what a signal says about collecting or training.
type Answer string

// The answers.
const (
	Reserved Answer = "reserved" // do not collect, do not train, or rights are reserved
	Granted  Answer = "allowed"
	Silent   Answer = "none" // nothing is said
)

// stronger is the answer of two signals together: a reservation wins, then a permission.
func stronger(a, b Answer) Answer {
	switch {
	case a == Reserved || b == Reserved:
		return Reserved
	case a == Granted || b == Granted:
		return Granted
	}
	return Silent
}

// Signal is what was read in one signal.
type Signal struct {
	Answer Answer
	Policy string // where rights can be had (TDMRep)
}

// ReadSignal reads the bytes of a signal as the manifest names it.
func ReadSignal(o *OptOut, text []byte) (Signal, error) {
	if len(text) > maxSignal {
		return Signal{}, fmt.Errorf("signal of more than %d bytes", maxSignal)
	}
	switch o.Signal {
	case "robots":
		return Signal{Answer: Robots(text, o.Agent, orRoot(o.Path))}, nil
	case "tdmrep":
		return TDMRep(text, orRoot(o.Path))
	case "headers":
		return Headers(text)
	}
	return Signal{}, errors.New("this kind of signal is read by people")
}

func orRoot(p string) string {
	if p == "" {
		return "/"
	}
	return p
}

// Robots reads robots.txt (RFC 9309) for one crawler and one path, and the rule Content-Usage of the IETF's AI
// preferences (draft-ietf-aipref-attach), which still changes. An empty agent means any.
//
// A path that the crawler may not fetch is reserved. A path that it may fetch, with no rule on usage, is silent: leave to
// crawl is no leave to train.
func Robots(text []byte, agent, target string) Answer {
	groups := robotsGroups(text)
	var rules []robotsRule
	for _, want := range []string{strings.ToLower(agent), "*"} {
		for _, g := range groups {
			for _, name := range g.agents {
				if name == want && want != "" {
					rules = append(rules, g.rules...)
					break
				}
			}
		}
		if len(rules) > 0 {
			break
		}
	}
	allowed, usage := true, Silent
	longest, longestUsage := -1, -1
	for _, r := range rules {
		if !r.matches(target) {
			continue
		}
		n := len(r.path)
		switch {
		case r.usage != "":
			if n > longestUsage {
				longestUsage, usage = n, Preference(r.usage)
			} else if n == longestUsage {
				usage = stronger(usage, Preference(r.usage))
			}
		case n > longest || n == longest && r.allow: // of equal ones the one that allows (§ 2.2.2)
			longest, allowed = n, r.allow
		}
	}
	if !allowed {
		return Reserved
	}
	return usage
}

type robotsGroup struct {
	agents []string // lower case
	rules  []robotsRule
}

type robotsRule struct {
	path  string
	allow bool
	usage string // value of a Content-Usage rule
}

func robotsGroups(text []byte) []robotsGroup {
	var groups []robotsGroup
	open := false // the last line named an agent, so the next one joins it
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))))
	lines.Buffer(nil, maxSignal+1)
	lines.Split(scanRobots)
	for lines.Scan() {
		line, _, _ := strings.Cut(lines.Text(), "#")
		key, value, found := strings.Cut(line, ":")
		if !found {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
		switch key {
		case "user-agent":
			if !open {
				groups = append(groups, robotsGroup{})
			}
			g := &groups[len(groups)-1]
			g.agents = append(g.agents, productToken(value))
			open = true
		case "allow", "disallow", "content-usage":
			open = false
			if len(groups) == 0 {
				continue // rules before any group belong to nobody (§ 2.2)
			}
			g := &groups[len(groups)-1]
			if rule, ok := ruleOf(key, value); ok {
				g.rules = append(g.rules, rule)
			}
		}
	}
	return groups
}

// scanRobots ends lines at CR, LF or both (RFC 9309 § 2.2).
func scanRobots(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// productToken is the leading letters, "_" and "-" of a name, lower case, or "*" (§ 2.2.1).
func productToken(s string) string {
	if strings.HasPrefix(s, "*") {
		return "*"
	}
	end := strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-')
	})
	if end >= 0 {
		s = s[:end]
	}
	return strings.ToLower(s)
}

func ruleOf(key, value string) (robotsRule, bool) {
	if key != "content-usage" {
		return robotsRule{path: value, allow: key == "allow"}, strings.HasPrefix(value, "/") || strings.HasPrefix(value, "*")
	}
	rule := robotsRule{path: "/", usage: value}
	if strings.HasPrefix(value, "/") {
		rule.path, rule.usage, _ = strings.Cut(value, " ")
	}
	return rule, strings.TrimSpace(rule.usage) != ""
}

// matches compares a path with a rule in which "*" stands for any text and a last "$" for the end (§ 2.2.3). Both are
// compared in the form in which percent-encoding is undone where it can be.
func (r *robotsRule) matches(target string) bool {
	pattern, anchored := strings.CutSuffix(unescape(r.path), "$")
	target = unescape(target)
	parts := strings.Split(pattern, "*")
	if !strings.HasPrefix(target, parts[0]) {
		return false
	}
	rest := target[len(parts[0]):]
	for i, p := range parts[1:] {
		if i == len(parts)-2 && anchored {
			return strings.HasSuffix(rest, p)
		}
		at := strings.Index(rest, p)
		if at < 0 {
			return false
		}
		rest = rest[at+len(p):]
	}
	return !anchored || rest == ""
}

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// Preference reads a statement of usage preferences (draft-ietf-aipref-vocab): a structured-field dictionary (RFC 9651)
// such as "train-ai=n". Training is asked about, so the answer is that of the narrowest category that is named:
// train-genai before train-ai before bots before tdm. A dictionary that cannot be read says nothing, as the draft asks.
func Preference(text string) Answer {
	values := map[string]string{}
	for member := range strings.SplitSeq(text, ",") {
		member, _, _ = strings.Cut(member, ";")
		key, value, _ := strings.Cut(strings.TrimSpace(member), "=")
		key = strings.TrimSpace(key)
		if key == "" || strings.ContainsFunc(key, func(r rune) bool { return r > 'z' || r >= 'A' && r <= 'Z' || r == ' ' }) {
			return Silent
		}
		values[key] = strings.TrimSpace(value) // of repeated keys the last counts (RFC 9651 § 4.2.2)
	}
	for _, category := range []string{"train-genai", "train-ai", "ai", "bots", "tdm"} {
		switch values[category] {
		case "n":
			return Reserved
		case "y":
			return Granted
		}
	}
	return Silent
}

// tdmEntry is a member of tdmrep.json (W3C TDM Reservation Protocol, § 5).
type tdmEntry struct {
	Location    string `json:"location"`
	Reservation *int   `json:"tdm-reservation"`
	Policy      string `json:"tdm-policy"`
}

// TDMRep reads /.well-known/tdmrep.json for one path. The first entry whose location means the path counts; "*" in a
// location stands for any text, and a last "$" for the end.
func TDMRep(text []byte, target string) (Signal, error) {
	const maxEntries = 10_000
	var entries []tdmEntry
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &entries); err != nil {
		return Signal{}, errors.New("this is no tdmrep.json: want a JSON array of objects with location and tdm-reservation")
	}
	if len(entries) > maxEntries {
		return Signal{}, fmt.Errorf("more than %d entries", maxEntries)
	}
	for _, e := range entries {
		location := e.Location
		if location != "" && !strings.HasPrefix(location, "/") && !strings.HasPrefix(location, "*") {
			location = "/" + location
		}
		if rule := (robotsRule{path: location}); location == "" || !rule.matches(target) || e.Reservation == nil {
			continue
		}
		return Signal{tdmAnswer(*e.Reservation), e.Policy}, nil
	}
	return Signal{Answer: Silent}, nil
}

// tdmAnswer: 1 reserves; 0 says that rights are not reserved.
func tdmAnswer(reservation int) Answer {
	if reservation == 0 {
		return Granted
	}
	return Reserved
}

// Headers reads the head of an HTTP answer, as text: tdm-reservation and tdm-policy (TDMRep § 4) and Content-Usage.
func Headers(text []byte) (Signal, error) {
	var s Signal
	s.Answer = Silent
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxSignal+1)
	for lines.Scan() {
		key, value, found := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch {
		case !found:
		case strings.EqualFold(key, "tdm-reservation"):
			a := Reserved
			if value == "0" {
				a = Granted
			}
			s.Answer = stronger(s.Answer, a)
		case strings.EqualFold(key, "tdm-policy"):
			s.Policy = value
		case strings.EqualFold(key, "content-usage"):
			s.Answer = stronger(s.Answer, Preference(value))
		}
	}
	return s, lines.Err()
}
