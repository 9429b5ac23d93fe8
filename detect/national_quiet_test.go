package detect

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand"
	"slices"
	"strings"
	"testing"
)

// noise is text of machines in which every identifier found is found by chance.
func noise(r *rand.Rand, size int) map[string]string {
	random := func(n int) []byte {
		b := make([]byte, n)
		r.Read(b)
		return b
	}
	uuid := func() string {
		h := hex.EncodeToString(random(16))
		return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
	}
	lines := map[string]func() string{
		"uuids":        func() string { return "request " + uuid() + " done" },
		"hex":          func() string { return hex.EncodeToString(random(20)) + "  file" },
		"upper hex":    func() string { return strings.ToUpper(hex.EncodeToString(random(32))) },
		"base64":       func() string { return base64.StdEncoding.EncodeToString(random(57)) },
		"base64 words": func() string { return "blob " + base64.RawURLEncoding.EncodeToString(random(18)) + " end" },
		"epochs": func() string {
			return fmt.Sprintf(`{"ts": %d, "ms": %d}`, 1500000000+r.Intn(3e8), 1500000000000+r.Int63n(3e11))
		},
		"log": func() string {
			return fmt.Sprintf("2024-%02d-%02dT%02d:%02d:%02d.%03dZ INFO worker %d took %d ms", 1+r.Intn(12), 1+r.Intn(28), r.Intn(24), r.Intn(60), r.Intn(60), r.Intn(1000), r.Intn(99), r.Intn(1e5))
		},
		"versions": func() string {
			return fmt.Sprintf("lib%d v%d.%d.%d sha512-%s==", r.Intn(99), r.Intn(30), r.Intn(30), r.Intn(99), base64.StdEncoding.EncodeToString(random(64))[:86])
		},
		"orders": func() string {
			return fmt.Sprintf("order %d of customer %d, total %d.%02d", r.Intn(1e9), r.Intn(1e8), r.Intn(999), r.Intn(100))
		},
		"numbers": func() string {
			return fmt.Sprintf("%d %d %d %d", r.Intn(1e9), r.Intn(1e6), r.Int63n(1e12), r.Intn(1e10))
		},
		"floats": func() string {
			return fmt.Sprintf("%.6f, %.6f, %.6f", r.NormFloat64(), r.NormFloat64()*50, r.NormFloat64()*90)
		},
		"csv": func() string {
			return fmt.Sprintf("%d,%d,%x,%d,%s", r.Intn(1e8), r.Int63n(1e11), r.Int63(), r.Intn(1e9), uuid())
		},
		"key codes": func() string {
			return fmt.Sprintf("SKU%05d-%c%d item A%d%c", r.Intn(1e5), 'A'+r.Intn(26), r.Intn(1e4), r.Intn(1e6), 'A'+r.Intn(26))
		},
		"prose ids": func() string {
			return fmt.Sprintf("The build %d was made of change %d in run %d.", r.Int63n(1e11), r.Intn(1e9), r.Int63n(1e13))
		},
	}
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(lines)) { // all draw from one source
		line := lines[name]
		var b strings.Builder
		for b.Len() < size {
			b.WriteString(line())
			b.WriteByte('\n')
		}
		out[name] = b.String()
	}
	return out
}

// TestIdentitiesAreQuiet counts findings of medium severity or more in a megabyte of each kind of noise.
func TestIdentitiesAreQuiet(t *testing.T) {
	ids := map[string]bool{}
	var rules []string
	for _, b := range identityRules() {
		ids[b.ID] = true
		rules = append(rules, b.ID)
	}
	e := mustNew(t, Options{Rules: rules})
	total, size := 0, 1<<20
	texts := noise(rand.New(rand.NewSource(11)), size)
	for name, text := range texts {
		count := map[string]int{}
		n := 0
		for _, m := range e.Find(nil, []byte(text)) {
			if r := e.RuleAt(m.Rule); r.SeverityAt(m.Score) >= Medium {
				count[r.ID]++
				n++
			}
		}
		total += n
		if n > 3 {
			t.Errorf("%s: %d findings in a megabyte: %v", name, n, count)
		} else if n > 0 {
			t.Logf("%s: %v", name, count)
		}
	}
	if total > len(texts) {
		t.Errorf("%d findings in %d megabytes", total, len(texts))
	}
}
