package gateway

import (
	"strings"
	"testing"
)

func TestTraceOf(t *testing.T) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	good := "00-" + trace + "-" + span + "-01"
	for _, tt := range []struct {
		header []string
		ok     bool
	}{
		{[]string{good}, true},
		{[]string{"cc-" + good[3:] + "-what-the-future-is-like"}, true},
		{nil, false},
		{[]string{good, good}, false},
		{[]string{good + "-more"}, false},
		{[]string{"ff-" + good[3:]}, false},
		{[]string{"01-" + good[3:] + "x"}, false},
		{[]string{strings.ToUpper(good)}, false},
		{[]string{"00-" + strings.Repeat("0", 32) + "-" + span + "-01"}, false},
		{[]string{"00-" + trace + "-" + strings.Repeat("0", 16) + "-01"}, false},
		{[]string{good[:54]}, false},
		{[]string{"00_" + good[3:]}, false},
	} {
		gotTrace, gotSpan := traceOf(tt.header)
		if ok := gotTrace == trace && gotSpan == span; ok != tt.ok || !tt.ok && gotTrace+gotSpan != "" {
			t.Errorf("%q: %q %q", tt.header, gotTrace, gotSpan)
		}
	}
}

func FuzzTraceOf(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x")
	f.Fuzz(func(t *testing.T, h string) {
		trace, span := traceOf([]string{h})
		if (trace == "") != (span == "") || trace != "" && (len(trace) != 32 || len(span) != 16 || !lowerHex(trace+span)) {
			t.Errorf("%q: %q %q", h, trace, span)
		}
	})
}
