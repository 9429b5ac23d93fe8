package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

// htmxSum is the SHA-256 of dist/htmx.min.js of htmx.org 4.0.1 as its registry has it.
const htmxSum = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"

// What is vendored is what its authors released, and all there is to load is small.
func TestAssets(t *testing.T) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, e := range entries {
		b, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		var small bytes.Buffer
		w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
		_, _ = w.Write(b)
		_ = w.Close()
		total += small.Len()
		switch e.Name() {
		case "htmx-4.0.1.min.js":
			if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != htmxSum {
				t.Error("htmx is not what was released")
			}
		case "console.js":
			if n := strings.Count(string(b), "\n"); n >= 100 {
				t.Errorf("our script has %d lines", n)
			}
		}
	}
	if total > 150<<10 {
		t.Errorf("the assets are %d bytes", total)
	}
	t.Logf("%d bytes with gzip", total)
}

// Every message stands once, in every language, with the same places for values.
func TestMessages(t *testing.T) {
	for key, en := range texts["en"] {
		de := texts["de"][key]
		if en == "" || de == "" || strings.Count(en, "%") != strings.Count(de, "%") {
			t.Errorf("%s: %q, %q", key, en, de)
		}
	}
	for _, bad := range []string{"a\nb", "a b\nc\nd", "a\nb\nc\n\na\nb\nc"} {
		if _, err := readMessages(bad); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"plain", "a\x1b[0m", "\u202eabc", "\xff\xfe", "\U000E0041", "line\nline\ttab", "👩\u200d💻"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i, r := range visible(s) {
			if hidden(r) && r != '\n' && r != '\t' {
				t.Fatalf("%q at %d", r, i)
			}
		}
	})
}

func TestNeutral(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "a=1": "a=1", " =1": "' =1", "": "", "\tx": "'\tx", "＝1": "'＝1"} {
		if got := neutral(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
