//go:build sigstore

package oms_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/oms"
)

// instance is the trusted root of the public instance, which REEVE_SIGSTORE_ROOT names: the file trusted_root.json that the client of
// Sigstore in Python carries.
func instance(t *testing.T) *oms.TrustedRoot {
	t.Helper()
	path := os.Getenv("REEVE_SIGSTORE_ROOT")
	if path == "" {
		t.Skip("REEVE_SIGSTORE_ROOT is not set: it names a trusted_root.json")
	}
	root, err := oms.ParseTrustedRoot(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// signerOf is who signed a published bundle, by its certificate.
func signerOf(t *testing.T, bundle map[string]any) oms.Identity {
	t.Helper()
	material := bundle["verificationMaterial"].(map[string]any)
	one, ok := material["certificate"].(map[string]any)
	if !ok {
		one = material["x509CertificateChain"].(map[string]any)["certificates"].([]any)[0].(map[string]any)
	}
	var raw struct{ RawBytes []byte }
	b, err := json.Marshal(one)
	if err == nil {
		err = json.Unmarshal(b, &raw)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw.RawBytes)
	if err != nil {
		t.Fatal(err)
	}
	var id oms.Identity
	for _, s := range c.EmailAddresses {
		id.Subject = s
	}
	for _, u := range c.URIs {
		id.Subject = u.String()
	}
	for _, e := range c.Extensions {
		if e.Id.String() == "1.3.6.1.4.1.57264.1.1" {
			id.Issuer = string(e.Value)
		}
	}
	return id
}

// Models signed by identities verify, as of the time of the log; each part of what makes them so cannot be changed.
func TestSigstore(t *testing.T) {
	root, folder := instance(t), published(t)
	folders, err := filepath.Glob(filepath.Join(folder, "v*-sigstore"))
	if err != nil || len(folders) == 0 {
		t.Fatal("no folders", err)
	}
	for _, dir := range folders {
		name := filepath.Base(dir)
		if strings.HasPrefix(name, "v0.2.0") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			text := read(t, filepath.Join(dir, "model.sig"))
			var bundle map[string]any
			if err := json.Unmarshal(text, &bundle); err != nil {
				t.Fatal(err)
			}
			by := oms.Trust{Sigstore: root, Identity: signerOf(t, bundle), Clock: time.Now}
			o := oms.VerifyOptions{Signature: filepath.Join(dir, "model.sig"), IgnorePaths: []string{filepath.Join(dir, "ignore-me")}}
			v, err := oms.Verify(context.Background(), dir, text, by, o)
			if err != nil {
				t.Fatal(err)
			}
			if v.Method != "sigstore" || !strings.HasPrefix(v.Signer, by.Identity.Subject) {
				t.Errorf("%+v", v)
			}
			for what, other := range map[string]oms.Identity{"another subject": {Subject: "x@example.org", Issuer: by.Identity.Issuer}, "another issuer": {Subject: by.Identity.Subject, Issuer: "https://example.org"}} {
				if _, err := oms.Verify(context.Background(), dir, text, oms.Trust{Sigstore: root, Identity: other, Clock: time.Now}, o); !errors.Is(err, oms.ErrSignature) {
					t.Errorf("%s: %v", what, err)
				}
			}
			refuseDamaged(t, dir, text, by, o)
		})
	}
}

// refuseDamaged changes each text of the bundle, one after the other.
func refuseDamaged(t *testing.T, dir string, text []byte, by oms.Trust, o oms.VerifyOptions) {
	t.Helper()
	for _, path := range [][]string{
		{"dsseEnvelope", "payload"},
		{"verificationMaterial", "tlogEntries", "canonicalizedBody"},
		{"verificationMaterial", "tlogEntries", "integratedTime"},
		{"verificationMaterial", "tlogEntries", "logIndex"},
		{"verificationMaterial", "tlogEntries", "logId", "keyId"},
		{"verificationMaterial", "tlogEntries", "inclusionPromise", "signedEntryTimestamp"},
		{"verificationMaterial", "tlogEntries", "inclusionProof", "rootHash"},
		{"verificationMaterial", "tlogEntries", "inclusionProof", "treeSize"},
	} {
		var bundle map[string]any
		if err := json.Unmarshal(text, &bundle); err != nil {
			t.Fatal(err)
		}
		at := bundle
		for _, p := range path[:len(path)-1] {
			next, ok := at[p].(map[string]any)
			if list, is := at[p].([]any); is {
				next, ok = list[0].(map[string]any)
			}
			if !ok {
				at = nil
				break
			}
			at = next
		}
		last := path[len(path)-1]
		if at == nil || at[last] == nil {
			continue // an older bundle has no such part
		}
		s := []byte(at[last].(string))
		k := len(s) / 2
		if s[k]++; s[k] > '9' && s[k-1] <= '9' && s[k-1] >= '0' || s[k] > 'y' {
			s[k] = '1'
		}
		at[last] = string(s)
		damaged, err := json.Marshal(bundle)
		if err != nil {
			t.Fatal(err)
		}
		if string(damaged) == string(text) {
			t.Fatalf("%v was not changed", path)
		}
		if _, err := oms.Verify(context.Background(), dir, damaged, by, o); err == nil {
			t.Errorf("a changed %v was not noticed", path)
		}
	}
}

func FuzzTrustedRoot(f *testing.F) {
	f.Add([]byte(`{"tlogs":[{"publicKey":{"rawBytes":"AA=="},"logId":{"keyId":"AA=="}}],"ctlogs":[],"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AA=="}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if root, err := oms.ParseTrustedRoot(text); (root == nil) == (err == nil) {
			t.Error("neither a root nor an error")
		}
	})
}
