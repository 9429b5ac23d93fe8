package demo

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestAModelIsTheSameAfterItsFile(t *testing.T) {
	convs, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	m := Train(convs)
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	if err := m.Save(one); err != nil {
		t.Fatal(err)
	}
	again, err := Open(one)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{AskPerson, AskHarmless, AskLong} {
		if a, b := m.Answer(q, Sampling{}), again.Answer(q, Sampling{}); a != b {
			t.Errorf("%q: %q and %q", q, a, b)
		}
	}
	if err := again.Save(two); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(one)
	b, _ := os.ReadFile(two)
	if m.Digest() != again.Digest() || !bytes.Equal(a, b) || len(a) == 0 {
		t.Error("a model that was saved and read is another one")
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "m")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if m, err := Open(path); err == nil {
			_ = m.Digest()
		}
	})
}
