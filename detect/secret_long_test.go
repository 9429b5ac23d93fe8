package detect

import (
	"strings"
	"testing"
)

// TestLongValues gives every name that announces a secret values of all lengths around the bounds; nothing may panic, and
// what comes before and behind must not matter.
func TestLongValues(t *testing.T) {
	e := mustNew(t, Options{Rules: ruleIDs()})
	names := []string{"auth: '", "password=\"", "Basic ", "Bearer ", "token = ", "d: '", "--password ", "curl -u jo:", "sig=", "https://", "$6$", "ZXlK", "aivenKey='", "data:\n  x: "}
	for _, name := range names {
		for _, n := range []int{0, 1, 2, 3, 4, 11, 12, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1000, 4094, 4095, 4096, 4097, 9000} {
			for _, fill := range []string{"a", "aB3/", "dXNlcjpw", "9", "$", ":", "\\", "é", "\xff"} {
				text := name + strings.Repeat(fill, n/len(fill)+1)[:n]
				e.Find(nil, []byte(text))
				e.Find(nil, []byte(text+"'\n"))
			}
		}
	}
}
