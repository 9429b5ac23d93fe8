package attest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/dirhash"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/attest"
)

func key(t testing.TB, a attest.Algorithm) *attest.PrivateKey {
	t.Helper()
	k, err := attest.Generate(a)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The example of the DSSE specification (protocol.md).
func TestPAE(t *testing.T) {
	got := string(attest.PAE("http://example.com/HelloWorld", []byte("hello world")))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := string(attest.PAE("", nil)); got != "DSSEv1 0  0 " {
		t.Errorf("empty: %q", got)
	}
}

func TestSealAndVerify(t *testing.T) {
	for _, a := range []attest.Algorithm{attest.Ed25519, attest.ECDSAP256} {
		t.Run(string(a), func(t *testing.T) {
			k, other := key(t, a), key(t, a)
			e, err := attest.Seal("text/plain", []byte("a claim"), k)
			if err != nil {
				t.Fatal(err)
			}
			line, err := e.MarshalLine()
			if err != nil {
				t.Fatal(err)
			}
			read, err := attest.ParseEnvelope(line)
			if err != nil {
				t.Fatal(err)
			}
			if by, err := read.Verify(other.Public(), k.Public()); err != nil || len(by) != 1 || by[0] != k.Public().ID() {
				t.Errorf("by %v, %v", by, err)
			}
			if _, err := read.Verify(other.Public()); !errors.Is(err, attest.ErrSignature) {
				t.Errorf("another key: %v", err)
			}
			if _, err := read.Verify(); !errors.Is(err, attest.ErrSignature) {
				t.Errorf("no key: %v", err)
			}
			for name, change := range map[string]func(*attest.Envelope){
				"payload": func(e *attest.Envelope) { e.Payload = []byte("another claim") },
				"type":    func(e *attest.Envelope) { e.PayloadType = "text/plai" },
				"shift":   func(e *attest.Envelope) { e.PayloadType, e.Payload = "text/plain 7", []byte("a claim")[2:] },
				"sig":     func(e *attest.Envelope) { e.Signatures[0].Sig[len(e.Signatures[0].Sig)-1] ^= 1 },
				"none":    func(e *attest.Envelope) { e.Signatures = nil },
			} {
				bad, err := attest.ParseEnvelope(line)
				if err != nil {
					t.Fatal(err)
				}
				change(bad)
				if _, err := bad.Verify(k.Public()); !errors.Is(err, attest.ErrSignature) {
					t.Errorf("%s changed: %v", name, err)
				}
			}
		})
	}
}

// A key id is a hint: an envelope that lies about it still verifies by the key that signed, and by no other.
func TestKeyIDIsAHint(t *testing.T) {
	k, other := key(t, attest.Ed25519), key(t, attest.Ed25519)
	e, err := attest.Seal("t", []byte("x"), k)
	if err != nil {
		t.Fatal(err)
	}
	e.Signatures[0].KeyID = other.Public().ID()
	if by, err := e.Verify(k.Public()); err != nil || by[0] != k.Public().ID() {
		t.Errorf("%v, %v", by, err)
	}
	if _, err := e.Verify(other.Public()); err == nil {
		t.Error("the key that is named, but did not sign, verifies")
	}
}

func TestParseEnvelopeRefuses(t *testing.T) {
	sig := `{"keyid":"k","sig":"AAAA"}`
	for _, tt := range []struct{ name, text string }{
		{"empty", ""},
		{"no JSON", "{"},
		{"no object", "[]"},
		{"after the end", `{"payload":"","payloadType":"t","signatures":[` + sig + `]} {}`},
		{"no signatures", `{"payload":"","payloadType":"t","signatures":[]}`},
		{"too many signatures", `{"payload":"","payloadType":"t","signatures":[` + strings.Repeat(sig+",", 16) + sig + `]}`},
		{"payload", `{"payload":"@","payloadType":"t","signatures":[` + sig + `]}`},
		{"signature", `{"payload":"","payloadType":"t","signatures":[{"sig":""}]}`},
		{"long signature", `{"payload":"","payloadType":"t","signatures":[{"sig":"` + strings.Repeat("AAAA", 400) + `"}]}`},
		{"two payloads", `{"payload":"","payload":"","payloadType":"t","signatures":[` + sig + `]}`},
		{"wrong type", `{"payload":5,"payloadType":"t","signatures":[` + sig + `]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := attest.ParseEnvelope([]byte(tt.text)); !errors.Is(err, attest.ErrMalformed) {
				t.Errorf("got %v", err)
			}
		})
	}
	e, err := attest.ParseEnvelope([]byte(`{"payload":"_-8=","payloadType":"t","signatures":[` + sig + `],"later":1}`))
	if err != nil || string(e.Payload) != "\xff\xef" {
		t.Errorf("URL-safe base64 and an unknown member: %v, %v", e, err)
	}
}

func TestReadLines(t *testing.T) {
	e, err := attest.Seal("t", []byte("x"), key(t, attest.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	line, err := e.MarshalLine()
	if err != nil {
		t.Fatal(err)
	}
	all, err := attest.ReadLines(strings.NewReader(string(line) + "\n" + string(line)))
	if err != nil || len(all) != 2 {
		t.Errorf("%d envelopes, %v", len(all), err)
	}
	for name, text := range map[string]string{"empty": "\n\n", "second line": string(line) + "x\n", "many": strings.Repeat(string(line), 257)} {
		if _, err := attest.ReadLines(strings.NewReader(text)); !errors.Is(err, attest.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	for _, a := range []attest.Algorithm{attest.Ed25519, attest.ECDSAP256} {
		k := key(t, a)
		text, err := k.MarshalPEM()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, string(a))
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := attest.ReadPrivateKey(path)
		if err != nil || read.Public().ID() != k.Public().ID() {
			t.Errorf("%s: %v", a, err)
		}
		if err := os.WriteFile(path+".pub", k.Public().MarshalPEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		public, err := attest.ReadPublicKey(path + ".pub")
		if err != nil || public.ID() != k.Public().ID() {
			t.Errorf("%s: %v", a, err)
		}
		if _, err := attest.ReadPublicKey(path); err == nil {
			t.Error("a private key is read as a public one")
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o660} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			if _, err := attest.ReadPrivateKey(path); err == nil || strings.Contains(err.Error(), "BEGIN") {
				t.Errorf("mode %o: %v", mode, err)
			}
		}
		if _, err := attest.ParsePrivateKey(append(text, text...)); err == nil {
			t.Error("two blocks are read as one key")
		}
	}
	if _, err := attest.Generate("rsa"); err == nil {
		t.Error("an unknown algorithm is made")
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := attest.ParsePrivateKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})); err == nil {
		t.Error("a key on another curve is read")
	}
}

func files() []attest.File {
	var all []attest.File
	for i, name := range []string{"b/2.jsonl", "a.jsonl", "b/1.jsonl", "z"} {
		sum := sha256.Sum256([]byte(name))
		all = append(all, attest.File{Path: name, SHA256: hex.EncodeToString(sum[:]), Size: int64(i * 10)})
	}
	return all
}

// The directory hash is that of x/mod, the root that of the reference tree.
func TestTreeAgainstOthers(t *testing.T) {
	hasher := rfc6962.DefaultHasher
	var root func(leaves [][]byte) []byte
	root = func(leaves [][]byte) []byte {
		switch n := len(leaves); n {
		case 0:
			return hasher.EmptyRoot()
		case 1:
			return leaves[0]
		default:
			k := 1
			for k*2 < n {
				k *= 2
			}
			return hasher.HashChildren(root(leaves[:k]), root(leaves[k:]))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c/.]{1,6}`), 0, 9, rapid.ID).Draw(t, "names")
		content := map[string]string{}
		var all []attest.File
		for _, n := range names {
			content[n] = rapid.String().Draw(t, "content")
			sum := sha256.Sum256([]byte(content[n]))
			all = append(all, attest.File{Path: n, SHA256: hex.EncodeToString(sum[:]), Size: int64(len(content[n]))})
		}
		tree, err := attest.NewTree(all)
		if err != nil {
			t.Fatal(err)
		}
		want, err := dirhash.Hash1(names, func(n string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(content[n])), nil })
		if err != nil {
			t.Fatal(err)
		}
		if tree.Hash != want {
			t.Errorf("directory hash %s, want %s", tree.Hash, want)
		}
		sorted := append([]string(nil), names...)
		slices.Sort(sorted)
		var leaves [][]byte
		for _, n := range sorted {
			leaves = append(leaves, hasher.HashLeaf(fmt.Appendf(nil, "%x  %s\n", sha256.Sum256([]byte(content[n])), n)))
		}
		if got := hex.EncodeToString(root(leaves)); got != tree.Root {
			t.Errorf("root %s, want %s", tree.Root, got)
		}
	})
}

func TestNewTreeRefuses(t *testing.T) {
	good := files()
	for name, change := range map[string]func([]attest.File){
		"twice":     func(f []attest.File) { f[0].Path = f[1].Path },
		"line feed": func(f []attest.File) { f[0].Path = "a\nb" },
		"empty":     func(f []attest.File) { f[0].Path = "" },
		"digest":    func(f []attest.File) { f[0].SHA256 = strings.ToUpper(f[0].SHA256) },
		"size":      func(f []attest.File) { f[0].Size = -1 },
	} {
		bad := append([]attest.File(nil), good...)
		change(bad)
		if _, err := attest.NewTree(bad); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func audit() *attest.DatasetAudit {
	a := &attest.DatasetAudit{
		Dataset: "support", Files: files(), Engine: attest.Engine{Version: "1", Rules: "sha256:aa"}, Label: "confidential{PII}",
		NotScanned: []attest.NotScanned{{Path: "c.zip", Reason: "encrypted"}}, Tool: attest.Tool{Name: "reeve", Version: "devel"},
		At:       time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
		Sourcing: &attest.SourcingSummary{Digest: "sha256:bb", Sources: []attest.LicenceVerdict{{Source: "web", Licence: "MIT", Verdict: "allowed by the evidence"}}},
		Residual: &attest.Residual{Method: "random sample, Clopper-Pearson interval", Sample: 1000, Found: 1, Low: 0.00003, High: 0.0056, Confidence: 0.95},
	}
	a.Before.Add("EMAIL_ADDRESS", reeve.SeverityMedium)
	a.Before.Add("EMAIL_ADDRESS", reeve.SeverityLow)
	return a
}

func TestDatasetAudit(t *testing.T) {
	k := key(t, attest.Ed25519)
	e, err := attest.SignDatasetAudit(audit(), k)
	if err != nil {
		t.Fatal(err)
	}
	s, by, err := attest.Open(e, k.Public())
	if err != nil || len(by) != 1 {
		t.Fatal(by, err)
	}
	got, err := s.DatasetAudit()
	if err != nil {
		t.Fatal(err)
	}
	want := audit()
	if want.Tree, err = attest.NewTree(want.Files); err != nil {
		t.Fatal(err)
	}
	want.Files = []attest.File{want.Files[1], want.Files[2], want.Files[0], want.Files[3]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if s.Subject[0].Digest["dirHash"] != want.Tree.Hash || got.Before.ByKind["EMAIL_ADDRESS"] != 2 {
		t.Errorf("%+v", s)
	}
	again, err := attest.SignDatasetAudit(audit(), k)
	if err != nil || string(again.Payload) != string(e.Payload) {
		t.Error("the same audit gives another statement")
	}
}

// A statement that was signed but contradicts itself is refused.
func TestDatasetAuditHoldsTogether(t *testing.T) {
	k := key(t, attest.Ed25519)
	tree, err := attest.NewTree(files())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*attest.DatasetAudit, *[]attest.Resource, *string){
		"a file more":    func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.Files = a.Files[1:] },
		"other subject":  func(_ *attest.DatasetAudit, s *[]attest.Resource, _ *string) { (*s)[0].Digest["rfc6962-sha256"] = "00" },
		"other type":     func(_ *attest.DatasetAudit, _ *[]attest.Resource, p *string) { *p = "https://example.org/x" },
		"label":          func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.Label = "fine" },
		"no engine":      func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.Engine.Version = "" },
		"no time":        func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.At = time.Time{} },
		"no name":        func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.Dataset = "" },
		"a path doubled": func(a *attest.DatasetAudit, _ *[]attest.Resource, _ *string) { a.Files[0] = a.Files[1] },
	} {
		a, subjects, predicateType := audit(), []attest.Resource{{Name: "x", Digest: tree.Digests()}}, attest.DatasetAuditType
		a.Tree = tree
		change(a, &subjects, &predicateType)
		e, err := attest.Sign(predicateType, subjects, a, k)
		if err != nil {
			t.Fatal(name, err)
		}
		s, _, err := attest.Open(e, k.Public())
		if err != nil {
			t.Fatal(name, err)
		}
		if _, err := s.DatasetAudit(); !errors.Is(err, attest.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	bad := audit()
	bad.Label = "fine"
	if _, err := attest.SignDatasetAudit(bad, k); err == nil {
		t.Error("an audit with a label that cannot be read is signed")
	}
}

func TestParseStatementRefuses(t *testing.T) {
	hash := strings.Repeat("a", 64)
	good := `{"_type":"https://in-toto.io/Statement/v1","subject":[{"digest":{"sha256":"` + hash + `"}}],"predicateType":"p","predicate":{}}`
	if _, err := attest.ParseStatement([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"type": {"Statement/v1", "Statement/v0.1"}, "no subject": {`[{"digest":{"sha256":"` + hash + `"}}]`, "[]"}, "no digest": {`{"sha256":"` + hash + `"}`, "{}"},
		"short digest": {hash, "aa"}, "no predicate type": {`"p"`, `""`}, "predicate": {`"predicate":{}`, `"predicate":[]`}, "no predicate": {`,"predicate":{}`, ""},
		"twice": {`"predicateType":"p"`, `"predicateType":"p","predicateType":"p"`},
	} {
		if _, err := attest.ParseStatement([]byte(strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, attest.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// An envelope of another payload type is not opened as a statement.
	k := key(t, attest.Ed25519)
	e, err := attest.Seal("application/json", []byte(good), k)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := attest.Open(e, k.Public()); !errors.Is(err, attest.ErrMalformed) {
		t.Errorf("another payload type: %v", err)
	}
}

func FuzzEnvelope(f *testing.F) {
	k := key(f, attest.Ed25519)
	e, err := attest.SignDatasetAudit(audit(), k)
	if err != nil {
		f.Fatal(err)
	}
	line, err := e.MarshalLine()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add([]byte(`{"payload":"` + base64.StdEncoding.EncodeToString([]byte("{}")) + `","payloadType":"t","signatures":[{"sig":"AAAA"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := attest.ReadLines(strings.NewReader(string(text)))
		if err != nil {
			return
		}
		for _, e := range all {
			if s, _, err := attest.Open(e, k.Public()); err == nil {
				_, _ = s.DatasetAudit()
			}
			if s, err := attest.ParseStatement(e.Payload); err == nil {
				_, _ = s.DatasetAudit()
			}
			again, err := e.MarshalLine()
			if err != nil {
				t.Fatal(err)
			}
			if back, err := attest.ParseEnvelope(again); err != nil || string(back.Payload) != string(e.Payload) {
				t.Fatalf("what is written cannot be read: %v", err)
			}
		}
	})
}
