package keyring

import (
	"bytes"
	"testing"
)

func TestDerive(t *testing.T) {
	dir := t.TempDir()
	derive := func(dir, purpose string) []byte {
		t.Helper()
		key, err := open(t, dir, "").Derive(purpose)
		if err != nil || len(key) != 32 {
			t.Fatalf("%d bytes, %v", len(key), err)
		}
		return key
	}
	a := derive(dir, "a")
	if !bytes.Equal(a, derive(dir, "a")) {
		t.Error("the key of a purpose changed")
	}
	if bytes.Equal(a, derive(dir, "b")) || bytes.Equal(a, derive(t.TempDir(), "a")) {
		t.Error("two purposes or two directories share a key")
	}
}
