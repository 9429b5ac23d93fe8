package keyring

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"reflect"
	"runtime"
	"unsafe"
)

// seal wraps a key: nonce, ciphertext and tag of AES-256-GCM; aad binds it to its place.
func seal(aead cipher.AEAD, plain, aad []byte) []byte {
	out := make([]byte, gcmNonce, gcmNonce+len(plain)+gcmTag)
	_, _ = rand.Read(out) // never fails: crypto/rand ends the process instead
	return aead.Seal(out, out, plain, aad)
}

// unseal opens what seal made. Its error is ErrWrongRoot: authenticated decryption cannot tell a wrong key from an altered row.
func unseal(aead cipher.AEAD, wrapped, aad []byte) ([]byte, error) {
	if len(wrapped) < gcmNonce+gcmTag {
		return nil, ErrWrongRoot
	}
	plain, err := aead.Open(nil, wrapped[:gcmNonce], wrapped[gcmNonce:], aad)
	if err != nil {
		return nil, ErrWrongRoot
	}
	return plain, nil
}

// newAEAD makes a cipher whose key is overwritten in memory once nobody can reach the cipher any more. A cache may drop it while
// a request still seals with it: to overwrite it at once would seal that request under a key of zeros.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	wipe(block) // NewGCM has copied the key schedule
	runtime.SetFinalizer(aead, wipe)
	return aead, nil
}

// wipe overwrites the struct that a cipher of the standard library points to, key schedule included; the library has no
// call for it. A cipher that is no pointer to a struct is left alone, and TestWipe fails.
func wipe(c any) {
	v := reflect.ValueOf(c)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct || holdsPointers(v.Elem().Type()) {
		return
	}
	clear(unsafe.Slice((*byte)(v.UnsafePointer()), v.Elem().Type().Size()))
}

// holdsPointers reports whether a type holds anything but numbers. Such a one must not be overwritten byte by byte.
func holdsPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsPointers(t.Field(i).Type) {
				return true
			}
		}
		return false
	case reflect.Array:
		return holdsPointers(t.Elem())
	default:
		return t.Kind() < reflect.Bool || t.Kind() > reflect.Complex128
	}
}
