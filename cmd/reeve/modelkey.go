package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"regexp"
	"strings"

	"github.com/reeve-ai/reeve/internal/keyring"
)

// keyringPrefix begins the name of a key that the keyring of a data directory holds.
const keyringPrefix = "keyring:"

var keyName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// keyringFlags say where the keyring lies.
type keyringFlags struct{ data, root string }

// signer is the P-256 key of a name, drawn at first use; it never leaves the keyring but for the time of a signature.
func (k *keyringFlags) signer(spec string) (crypto.Signer, error) {
	name := strings.TrimPrefix(spec, keyringPrefix)
	if !keyName.MatchString(name) {
		return nil, usage("such as keyring:release", "a key of the keyring is named by small letters, digits, dots and dashes")
	}
	if k.data == "" {
		return nil, usage("name the data directory whose keyring has the key", "--data is missing")
	}
	if err := exists(k.data); err != nil {
		return nil, err
	}
	ring, err := keyring.Open(keyring.Options{Dir: k.data, Root: k.root})
	if err != nil {
		return nil, err
	}
	seed, err := ring.SigningSeed("p256/model/" + name)
	if err := firstError(err, ring.Close()); err != nil {
		return nil, err
	}
	defer clear(seed)
	return keyOfSeed(seed)
}

// keyOfSeed is the key whose secret number is the seed; where that is none on the curve, which happens once in 2^32, its hash.
func keyOfSeed(seed []byte) (crypto.Signer, error) {
	number := seed
	for range 8 {
		if k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), number); err == nil {
			return k, nil
		}
		sum := sha256.Sum256(number)
		number = sum[:]
	}
	return nil, fmt.Errorf("the keyring's seed makes no key")
}

// writePublic writes the public half as PEM, which `reeve model verify` takes.
func writePublic(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return fmt.Errorf("encode public key: %w", err)
	}
	if err := writeWhole(path, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})); err != nil {
		return fmt.Errorf("write public key: %w", err)
	}
	return nil
}
