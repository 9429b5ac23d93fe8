package tlog_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve/internal/tlog"
)

func TestStrictParsers(t *testing.T) {
	if p, err := tlog.ParseProof([]byte(goldenProof)); err != nil || string(p.Marshal()) != goldenProof {
		t.Fatalf("the golden proof: %v", err)
	}
	for _, tt := range []struct{ name, old, with string }{
		{"CRLF", "\n", "\r\n"},
		{"leading zeros of the index", "index 1", "index 0001"},
		{"sign of the index", "index 1", "index +1"},
		{"leading zeros of the size", "\n3\n", "\n03\n"},
		{"no padding", "Tw=\n", "Tw\n"},
		{"bits behind the end of base64", "+Tw=", "+Tx="},
		{"two spaces", "— reeve.example/node1 ", "— reeve.example/node1  "},
		{"a hyphen for the dash", "— reeve", "- reeve"},
		{"no newline at the end", "BA==\n", "BA=="},
		{"trailing line", "BA==\n", "BA==\nx\n"},
		{"other version", "@v1", "@v2"},
		{"extra twice", "index 1", "extra eA==\nextra eA==\nindex 1"},
		{"extra after the index", "index 1", "index 1\nextra eA=="},
		{"no empty line", "dtg=\n\n", "dtg=\n"},
		{"no index", "index 1\n", ""},
		{"a tab", "\n3\n", "\n3\t\n"},
		{"index too large", "index 1", "index 18446744073709551616"},
	} {
		text := strings.Replace(goldenProof, tt.old, tt.with, 1)
		if tt.name == "CRLF" {
			text = strings.ReplaceAll(goldenProof, tt.old, tt.with)
		}
		if text == goldenProof {
			t.Fatalf("%s: nothing replaced", tt.name)
		}
		if _, err := tlog.ParseProof([]byte(text)); err == nil {
			t.Errorf("%s is accepted", tt.name)
		}
	}
	withExtra := strings.Replace(goldenProof, "index 1", "extra \nindex 1", 1)
	if p, err := tlog.ParseProof([]byte(withExtra)); err != nil || p.Extra == nil || string(p.Marshal()) != withExtra {
		t.Errorf("empty extra: %v", err)
	}
}

func TestLimits(t *testing.T) {
	line := "— a AAAAAAA=\n"
	if _, err := tlog.ParseNote([]byte("text\n\n" + strings.Repeat(line, tlog.MaxSignatures))); err != nil {
		t.Errorf("%d signatures: %v", tlog.MaxSignatures, err)
	}
	if _, err := tlog.ParseNote([]byte("text\n\n" + strings.Repeat(line, tlog.MaxSignatures+1))); err == nil {
		t.Error("any number of signatures is read")
	}
	if _, err := tlog.ParseNote([]byte(strings.Repeat("x", tlog.MaxNote) + "\n\n" + line)); err == nil {
		t.Error("any length is read")
	}
	n, err := tlog.ParseNote([]byte("a\n\nb\n\n" + line))
	if err != nil || n.Text != "a\n\nb\n" {
		t.Errorf("the last empty line does not split: %v", err)
	}
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte("text\n\n— a AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := tlog.ParseNote(b); err == nil && !bytes.Equal(n.Marshal(), b) {
			t.Errorf("%q is spelt %q", b, n.Marshal())
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	_, note, _ := strings.Cut(goldenProof, "\n\n")
	f.Add([]byte(note))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := tlog.ParseCheckpoint(b)
		if err == nil && (!bytes.Equal(c.Marshal(), b) || c.Body() != c.Note.Text) {
			t.Errorf("%q is spelt %q", b, c.Marshal())
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte(goldenProof))
	f.Add([]byte(strings.Replace(goldenProof, "index 1", "extra eA==\nindex 1", 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := tlog.ParseProof(b); err == nil && !bytes.Equal(p.Marshal(), b) {
			t.Errorf("%q is spelt %q", b, p.Marshal())
		}
	})
}

func FuzzParseAddCheckpoint(f *testing.F) {
	_, rest, _ := strings.Cut(goldenProof, "\n")
	f.Add([]byte("old 2" + strings.TrimPrefix(rest, "index 1")))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if a, err := tlog.ParseAddCheckpoint(b); err == nil && !bytes.Equal(a.Marshal(), b) {
			t.Errorf("%q is spelt %q", b, a.Marshal())
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(goldenLogKey)
	f.Add(goldenWitnessKey)
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := tlog.ParseKey(s); err == nil && k.String() != s {
			t.Errorf("%q is spelt %q", s, k)
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	for _, s := range []string{"tile/0/000", "tile/entries/x001/x234/067.p/9", "tile/63/001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if tile, err := tlog.ParseTilePath(s); err == nil && tile.Path() != s {
			t.Errorf("%q is spelt %q", s, tile.Path())
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	f.Add([]byte(spell(f, threeWitnesses+"group g 2 a b c\nquorum g\n")))
	f.Add([]byte(spell(f, "log LOG\nlog PQ\nquorum none\n")))
	c := &tlog.Checkpoint{Origin: goldenOrigin, Size: 1}
	log, _ := parties(f)
	signed := mustSign(f, c, log)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := tlog.ParsePolicy(b)
		if err != nil {
			return
		}
		if _, err := p.Cosigned(signed); (err == nil) == p.NeedsWitnesses() {
			t.Errorf("%q: a checkpoint without cosignatures: %v", b, err)
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 1, 'b'}, 2)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		entries, err := tlog.ParseBundle(b, min(max(width, 0), tlog.TileWidth))
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			if again, err = tlog.AppendEntry(again, e); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x is spelt %x", b, again)
		}
	})
}
