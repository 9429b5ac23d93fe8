package keyring

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Root is the key above all others. It wraps the few master keys, once each when keys.db is opened, so a provider may be slow
// and far away. Implementations are safe for concurrent use. What Wrap returns says itself which kind of provider made it.
type Root interface {
	// ID names the key without telling anything about it, such as "file/9f86d081884c7d65".
	ID() string
	// Wrap seals a key of at most 64 bytes; aad binds it to its place.
	Wrap(ctx context.Context, aad, key []byte) ([]byte, error)
	// Unwrap opens what Wrap made. Its error wraps ErrWrongRoot where this root did not make it, or it was altered.
	Unwrap(ctx context.Context, aad, wrapped []byte) ([]byte, error)
	// Rotate returns the root that follows this one, or ErrNoRotate where only its owner can make one.
	// The old root stays usable until commit is called; commit says that nothing needs it any more.
	Rotate(ctx context.Context) (next Root, commit func() error, err error)
	// Close drops the key from memory.
	Close() error
}

// The first byte of a wrapped key: the kind of root that made it.
const (
	kindRaw        = 'k' // 32 bytes as they are: file, environment, credential
	kindPassphrase = 'p'
	kindTPM        = 't'
	kindVault      = 'v'
	kindExec       = 'x'
)

var kindNames = map[byte]string{
	kindRaw: "a key file, an environment variable or a credential", kindPassphrase: "a passphrase", kindTPM: "a TPM",
	kindVault: "Vault or OpenBao", kindExec: "a program (exec)",
}

// OpenRoot opens a root key provider by its specification:
//
//	"" or "file"           DIR/root.key
//	file:PATH              32 bytes in hex or base64
//	env:NAME               the same in an environment variable
//	credential:NAME        the same in a systemd credential ($CREDENTIALS_DIRECTORY/NAME)
//	passphrase-file:PATH   a passphrase, stretched by Argon2id
//	tpm: or tpm:DEVICE     sealed by a TPM 2.0 (default /dev/tpmrm0)
//	vault:URL/KEY          a key of the transit engine of Vault or OpenBao
//	exec:PATH              a program that wraps and unwraps
//
// create allows a first key to be made in DIR/root.key.
func OpenRoot(ctx context.Context, dir, spec string, create bool) (Root, error) {
	scheme, arg, _ := strings.Cut(spec, ":")
	for _, p := range providers {
		if p.scheme != scheme {
			continue
		}
		if arg == "" && p.needs != "" && spec != "file" {
			return nil, &specError{fmt.Errorf("root key provider %s: want %s:%s", scheme, scheme, p.needs)}
		}
		root, err := p.open(ctx, dir, arg, create)
		if err != nil {
			return nil, &specError{err}
		}
		return root, nil
	}
	return nil, &specError{fmt.Errorf("root key provider %q is not known: want %s", scheme, RootSpecs)}
}

// specError is why a root key provider cannot be opened as it was specified. It matches ErrRootSpec.
type specError struct{ error }

func (e *specError) Unwrap() error        { return e.error }
func (e *specError) Is(target error) bool { return target == ErrRootSpec }

// RootSpecs lists the specifications of OpenRoot for help texts.
const RootSpecs = "file:PATH, env:NAME, credential:NAME, passphrase-file:PATH, tpm:[DEVICE], vault:URL/KEY or exec:PATH"

type provider struct {
	scheme string
	needs  string // what must stand behind the colon; empty: nothing need
	open   func(ctx context.Context, dir, arg string, create bool) (Root, error)
}

var providers = []provider{
	{"", "", openFileRoot},
	{"file", "PATH", openFileRoot},
	{"env", "NAME", openEnvRoot},
	{"credential", "NAME", openCredentialRoot},
	{"passphrase-file", "PATH", openPassphraseRoot},
	{"tpm", "", openTPMRoot},
	{"vault", "URL/KEY", openVaultRoot},
	{"exec", "PATH", openExecRoot},
}

// keyed is a root whose key of 32 bytes is in this process. A header says how to come by the key: nothing, the salt and cost of a
// passphrase, what the TPM sealed. The key of the last header is kept, since all rows usually have the same one.
type keyed struct {
	kind   byte
	name   string // for ID
	fresh  func(ctx context.Context) (header, key []byte, err error)
	derive func(ctx context.Context, header []byte) (key []byte, err error)
	rotate func(ctx context.Context) (Root, func() error, error) // nil: ErrNoRotate
	forget func()                                                // nil: nothing else to clear

	mu     sync.Mutex
	header []byte
	aead   cipher.AEAD // nil before the first use
	id     string
}

// maxHeader bounds the header of a wrapped key.
const maxHeader = 4096

// use makes the key of a header the current one.
func (k *keyed) use(header, key []byte) error {
	defer clear(key)
	aead, err := newAEAD(key)
	if err != nil {
		return fmt.Errorf("root key: %w", err)
	}
	k.wipe()
	k.header, k.aead, k.id = header, aead, k.name+"/"+fingerprint(key)
	return nil
}

// fingerprint names a key: eight bytes of an HMAC that nothing else computes.
func fingerprint(key []byte) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("reeve.root.id/1"))
	return hex.EncodeToString(m.Sum(nil)[:8])
}

func (k *keyed) wipe() {
	if k.aead != nil {
		wipe(k.aead)
	}
	k.header, k.aead, k.id = nil, nil, ""
}

// ID implements Root. A key that was not used yet has no fingerprint.
func (k *keyed) ID() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.id == "" {
		return k.name
	}
	return k.id
}

// Wrap implements Root: kind, length and bytes of the header, nonce, ciphertext, tag. The header is authenticated.
func (k *keyed) Wrap(ctx context.Context, aad, key []byte) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.aead == nil {
		header, root, err := k.fresh(ctx)
		if err != nil {
			return nil, err
		}
		if err := k.use(header, root); err != nil {
			return nil, err
		}
	}
	head := append([]byte{k.kind, byte(len(k.header) >> 8), byte(len(k.header))}, k.header...)
	return append(head, seal(k.aead, key, append(head[:len(head):len(head)], aad...))...), nil
}

// Unwrap implements Root.
func (k *keyed) Unwrap(ctx context.Context, aad, wrapped []byte) ([]byte, error) {
	header, sealed, err := cutHeader(k.kind, wrapped)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.aead == nil || string(header) != string(k.header) {
		root, err := k.derive(ctx, header)
		if err != nil {
			return nil, err
		}
		if err := k.use(header, root); err != nil {
			return nil, err
		}
	}
	head := wrapped[:len(wrapped)-len(sealed)]
	return unseal(k.aead, sealed, append(head[:len(head):len(head)], aad...))
}

// cutHeader divides a wrapped key and refuses one of another kind.
func cutHeader(kind byte, wrapped []byte) (header, sealed []byte, err error) {
	if len(wrapped) < 3 {
		return nil, nil, errors.New("wrapped key is malformed")
	}
	if wrapped[0] != kind {
		was := kindNames[wrapped[0]]
		if was == "" {
			return nil, nil, errors.New("wrapped key is malformed")
		}
		return nil, nil, fmt.Errorf("keys.db is protected by %s, not by %s: %w", was, kindNames[kind], ErrWrongRoot)
	}
	n := int(wrapped[1])<<8 | int(wrapped[2])
	if n > maxHeader || n > len(wrapped)-3 {
		return nil, nil, errors.New("wrapped key is malformed")
	}
	return append([]byte(nil), wrapped[3:3+n]...), wrapped[3+n:], nil
}

// Rotate implements Root.
func (k *keyed) Rotate(ctx context.Context) (Root, func() error, error) {
	if k.rotate == nil {
		return nil, nil, ErrNoRotate
	}
	return k.rotate(ctx)
}

// Close implements Root.
func (k *keyed) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.wipe()
	if k.forget != nil {
		k.forget()
	}
	return nil
}
