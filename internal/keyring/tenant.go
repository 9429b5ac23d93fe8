package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Tenant is a party whose subjects have keys of their own under a key of its own. The zero name is the house itself, which is
// the only one in most houses; Ring's methods of the same names mean it. It is safe for concurrent use.
type Tenant struct {
	r    *Ring
	name string
}

// Tenant returns the tenant of a name. Its key is made when its first subject is.
func (r *Ring) Tenant(name string) Tenant { return Tenant{r, name} }

// Subject is Tenant.Subject of the house's own tenant.
func (r *Ring) Subject(subject string) (*Subject, error) { return r.Tenant("").Subject(subject) }

// SubjectKEKs is Tenant.SubjectKEKs of the house's own tenant.
func (r *Ring) SubjectKEKs(subject string) ([]KEKID, error) { return r.Tenant("").SubjectKEKs(subject) }

// DestroySubject is Tenant.DestroySubject of the house's own tenant.
func (r *Ring) DestroySubject(subject string) ([]KEKID, error) {
	return r.Tenant("").DestroySubject(subject)
}

// BlindIndex is Tenant.BlindIndex of the house's own tenant.
func (r *Ring) BlindIndex(subject string) ([]byte, error) { return r.Tenant("").BlindIndex(subject) }

// Normalize is the form of an identifier under which it is indexed and has its key: without white space around it, with full
// case folding, in Unicode normalization form C (UAX #15; toNFC(toCasefold(toNFD)), Unicode section 3.13, D145, in effect).
// So "Jane.Doe@Example.org " and "jane.doe@example.org" are one subject. Invalid UTF-8 is kept as it is.
func Normalize(identifier string) string {
	ascii := true
	for i := range len(identifier) {
		ascii = ascii && identifier[i] < 0x80
	}
	identifier = strings.TrimSpace(identifier)
	if ascii { // the usual case
		return strings.ToLower(identifier)
	}
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(identifier)))
}

// BlindIndex is HMAC-SHA256 over the normalised identifier under a key of the tenant that serves nothing else: equal
// identifiers have equal indexes within a tenant, and without the key nobody can guess. It dies with the tenant.
func (t Tenant) BlindIndex(subject string) ([]byte, error) {
	m, err := t.master(true)
	if err != nil {
		return nil, fmt.Errorf("index key: %w", err)
	}
	key := hmac.New(sha256.New, m.index[:])
	key.Write([]byte("reeve.blind/1"))
	h := hmac.New(sha256.New, key.Sum(nil))
	h.Write([]byte(Normalize(subject)))
	return h.Sum(nil), nil
}

// master returns the tenant's key from the cache, else from keys.db. It returns ErrErased where there is none and create is false.
func (t Tenant) master(create bool) (*master, error) {
	t.r.refresh()
	t.r.mu.RLock()
	m := t.r.tenants[t.name]
	t.r.mu.RUnlock()
	if m != nil {
		return m, nil
	}
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	return t.lockedMaster(create)
}

// lockedMaster is master for a caller that holds mu.
func (t Tenant) lockedMaster(create bool) (*master, error) {
	if m := t.r.tenants[t.name]; m != nil {
		return m, nil
	}
	if t.r.house == nil {
		return nil, errClosed
	}
	m, err := t.r.master(t.r.db, t.r.house.pseudonym("tenant\x00"+t.name), create)
	if err != nil {
		return nil, err
	}
	t.r.tenants[t.name] = m
	return m, nil
}

// SubjectKEKs returns the ids of a subject's keys, the oldest first; none where the subject is not known.
func (t Tenant) SubjectKEKs(subject string) ([]KEKID, error) {
	m, err := t.master(false)
	if errors.Is(err, ErrErased) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read subject keys: %w", err)
	}
	rows, err := subjectRows(t.r.db, m, subject)
	if err != nil {
		return nil, err
	}
	return idsOf(rows), nil
}
