package redact

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	aead "github.com/tink-crypto/tink-go/v2/aead/subtle"
	daead "github.com/tink-crypto/tink-go/v2/daead/subtle"
)

// A token is "[rv1:", unpadded base64url and "]". Its bytes are the algorithm, the id of the key, and the ciphertext, whose
// additional data are the bytes before it.
const (
	tokenOpen  = "[rv1:"
	tokenClose = ']'
	maxToken   = 1 << 20 // bytes of base64url
)

// Algorithms of tokens.
const (
	algorithmSIV    = 1 // AES-SIV (RFC 5297): equal values give equal tokens
	algorithmGCMSIV = 2 // AES-GCM-SIV (RFC 8452) with a random nonce
)

// ErrOtherKey says that a token was written under another key.
var ErrOtherKey = errors.New("the token was written under another key")

// sealer makes and opens tokens. It is safe for concurrent use.
type sealer struct {
	id    [4]byte
	same  *daead.AESSIV
	fresh *aead.AESGCMSIV
}

func newSealer(k Key) (*sealer, error) {
	if !k.Set() {
		return nil, ErrNoKey
	}
	same, err := daead.NewAESSIV(k.derive("aes-siv", daead.AESSIVKeySize))
	if err != nil {
		return nil, fmt.Errorf("set up AES-SIV: %w", err)
	}
	fresh, err := aead.NewAESGCMSIV(k.derive("aes-gcm-siv", 32))
	if err != nil {
		return nil, fmt.Errorf("set up AES-GCM-SIV: %w", err)
	}
	return &sealer{k.id(), same, fresh}, nil
}

// seal writes the token of a value.
func (s *sealer) seal(value []byte, fresh bool) ([]byte, error) {
	head := append([]byte{algorithmSIV}, s.id[:]...)
	var body []byte
	var err error
	if fresh {
		head[0] = algorithmGCMSIV
		body, err = s.fresh.Encrypt(value, head)
	} else {
		body, err = s.same.EncryptDeterministically(value, head)
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	out := base64.RawURLEncoding.AppendEncode([]byte(tokenOpen), append(head, body...))
	return append(out, tokenClose), nil
}

// open returns the value of a whole token. The error is ErrOtherKey where the token names another key.
func (s *sealer) open(token []byte) ([]byte, error) {
	body := bytes.TrimSuffix(bytes.TrimPrefix(token, []byte(tokenOpen)), []byte{tokenClose})
	raw, err := base64.RawURLEncoding.Strict().AppendDecode(nil, body)
	if err != nil || len(raw) < 5+16 {
		return nil, errors.New("the token is damaged")
	}
	head, cipher := raw[:5], raw[5:]
	if [4]byte(head[1:]) != s.id {
		return nil, ErrOtherKey
	}
	var value []byte
	switch head[0] {
	case algorithmSIV:
		value, err = s.same.DecryptDeterministically(cipher, head)
	case algorithmGCMSIV:
		value, err = s.fresh.Decrypt(cipher, head)
	default:
		return nil, errors.New("the token was written by a newer reeve")
	}
	if err != nil {
		return nil, errors.New("the token is damaged")
	}
	return value, nil
}

// nextToken returns where the first whole token in text stands; start is -1 where there is none.
func nextToken(text []byte) (start, end int) {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(tokenOpen))
		if i < 0 {
			return -1, -1
		}
		start = at + i
		end = start + len(tokenOpen)
		for end < len(text) && isBase64URL(text[end]) && end-start < maxToken {
			end++
		}
		if end < len(text) && text[end] == tokenClose && end > start+len(tokenOpen) {
			return start, end + 1
		}
		at = start + len(tokenOpen)
	}
}

func isBase64URL(c byte) bool {
	return c-'a' < 26 || c-'A' < 26 || c-'0' < 10 || c == '-' || c == '_'
}
