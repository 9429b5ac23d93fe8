package redact

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// KeySize is the size of a key in bytes.
const KeySize = 32

// ErrNoKey is the error of an operator that needs a key and has none.
var ErrNoKey = errors.New("a key is needed")

// Key is what hash, pseudonymise, encrypt and date-shift depend on. The zero value is no key.
type Key struct {
	secret []byte
}

// NewKey takes KeySize bytes.
func NewKey(secret []byte) (Key, error) {
	if len(secret) != KeySize {
		return Key{}, fmt.Errorf("a key has %d bytes, not %d", KeySize, len(secret))
	}
	return Key{append([]byte(nil), secret...)}, nil
}

// ReadKey reads a key of KeySize bytes in hex or base64 from "file:PATH" or "env:NAME". A file that others may read is
// refused. The errors never hold what was read.
func ReadKey(spec string) (Key, error) {
	scheme, arg, _ := strings.Cut(spec, ":")
	switch {
	case scheme == "file" && arg != "":
		return keyFromFile(arg)
	case scheme == "env" && arg != "":
		text, set := os.LookupEnv(arg)
		if !set {
			return Key{}, fmt.Errorf("key: environment variable %s is not set", arg)
		}
		return parseKey(text, "environment variable "+arg)
	}
	return Key{}, errors.New("key: want file:PATH or env:NAME")
}

func keyFromFile(path string) (Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return Key{}, fmt.Errorf("key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return Key{}, fmt.Errorf("key: %w", err)
	case !info.Mode().IsRegular():
		return Key{}, fmt.Errorf("key %s is no regular file", path)
	case info.Mode().Perm()&0o077 != 0:
		return Key{}, fmt.Errorf("key %s can be read by others (mode %04o): run chmod 600 on it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return Key{}, fmt.Errorf("read key: %w", err)
	}
	return parseKey(string(text), path)
}

func parseKey(text, from string) (Key, error) {
	text = strings.TrimSpace(text)
	if b, err := hex.DecodeString(text); err == nil && len(b) == KeySize {
		return NewKey(b)
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		if b, err := enc.DecodeString(text); err == nil && len(b) == KeySize {
			return NewKey(b)
		}
	}
	return Key{}, fmt.Errorf("key in %s: want %d bytes as hex or base64", from, KeySize)
}

// Set reports whether there is a key.
func (k Key) Set() bool { return len(k.secret) > 0 }

// derive returns n bytes for one purpose (HKDF-SHA-256, RFC 5869), so that no two purposes share a key.
func (k Key) derive(purpose string, n int) []byte {
	out, err := hkdf.Key(sha256.New, k.secret, nil, "reeve.redact/1 "+purpose, n)
	if err != nil {
		panic("redact: derive a key: " + err.Error()) // only for lengths that HKDF cannot make
	}
	return out
}

// id names the key in tokens and sidecars. It says nothing about the key.
func (k Key) id() [4]byte { return [4]byte(k.derive("id", 4)) }
