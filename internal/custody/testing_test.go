package custody

import (
	"crypto/ed25519"
	"hash/crc32"
)

func crcOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

func edKey(seed []byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed) }
