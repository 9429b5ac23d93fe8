// Package keyring keeps the keys that seal what the custody log holds.
package keyring

import (
	"crypto/ed25519"
	"fmt"
	"os"
)

// Options say where keys live.
type Options struct {
	Dir  string // data directory; wrapped keys live in Dir/keys.db
	Root string // root key provider: "file" or "" (Dir/root.key), "file:PATH", "env:NAME"
}

// Ring holds the keys of one data directory.
type Ring struct{ sign ed25519.PrivateKey }

// Open opens or creates the keys of a data directory.
func Open(o Options) (*Ring, error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	return &Ring{}, nil
}

// Close forgets the keys in memory.
func (r *Ring) Close() error { return nil }
