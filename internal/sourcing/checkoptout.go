package sourcing

import (
	"fmt"
	"slices"
	"strings"

	"github.com/reeve-ai/reeve/internal/license"
)

// optOut looks at the signals of crawled sources (Directive (EU) 2019/790 Art. 4(3); Regulation (EU) 2024/1689
// Art. 53(1)(c)). Signals that keep their bytes are read again.
func (c *check) optOut(i int) {
	s := &c.Sources[i]
	if s.Kind == "crawl" {
		for _, want := range []string{"robots", "tdmrep", "headers"} {
			if !slices.ContainsFunc(s.OptOut, func(o OptOut) bool { return o.Signal == want && known(o.Result) && known(o.RecordedAt) }) {
				c.say("sourcing/opt-out-missing", fmt.Sprintf("source %s was crawled, and no signal of kind %s is recorded", s.ID, want), "sources", i, "opt_out")
			}
		}
	}
	for k := range s.OptOut {
		o := &s.OptOut[k]
		at := []any{"sources", i, "opt_out", k}
		if _, err := day(o.RecordedAt); err != nil {
			c.say("sourcing/opt-out-missing", fmt.Sprintf("source %s: the time of signal %d is no date", s.ID, k+1), append(at, "recorded_at")...)
		}
		answer := Answer(o.Result)
		if o.File != "" {
			if again, ok := c.readAgain(i, k); ok {
				answer = stronger(answer, again)
			}
		}
		if answer == Reserved && !licensed(s) {
			c.say("sourcing/opt-out-reserved", fmt.Sprintf("source %s: the signal %s of %s reserves rights or forbids collection", s.ID, o.Signal, orUnknown(o.RecordedAt)), append(at, "result")...)
		}
	}
}

// readAgain reads the kept bytes of a signal and compares digest and answer with the record.
func (c *check) readAgain(i, k int) (Answer, bool) {
	s := &c.Sources[i]
	o := &s.OptOut[k]
	at := []any{"sources", i, "opt_out", k}
	text, err := readSmall(c.o.Dir, o.File, maxSignal)
	if err != nil {
		c.say("sourcing/opt-out-missing", fmt.Sprintf("source %s: the bytes of signal %d cannot be read: %s", s.ID, k+1, reason(err)), append(at, "file")...)
		return "", false
	}
	if o.Digest != DigestBytes(text) {
		c.say("sourcing/opt-out-mismatch", fmt.Sprintf("source %s: the bytes of signal %d are not those that were received", s.ID, k+1), append(at, "digest")...)
	}
	got, err := ReadSignal(o, text)
	if err != nil {
		if o.Signal != "other" {
			c.say("sourcing/opt-out-mismatch", fmt.Sprintf("source %s: signal %d cannot be read: %v", s.ID, k+1, err), append(at, "file")...)
		}
		return "", false
	}
	if string(got.Answer) != o.Result {
		c.say("sourcing/opt-out-mismatch", fmt.Sprintf("source %s: signal %d is recorded as %s, and its bytes say %s", s.ID, k+1, o.Result, got.Answer), append(at, "result")...)
	}
	return got.Answer, true
}

// licensed: a grant beyond the public terms stands against a reservation.
func licensed(s *Source) bool {
	return slices.ContainsFunc(s.Licence.Grants, func(g string) bool { return strings.EqualFold(g, s.Licence.Declared) })
}

func orUnknown(s string) string {
	if s == "" {
		return Unknown
	}
	return s
}

// anyWithin reports whether a place lies in one of the territories.
func anyWithin(place string, territories []string) bool {
	return slices.ContainsFunc(territories, func(t string) bool { return license.Within(place, t) })
}
