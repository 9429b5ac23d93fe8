package identity_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/oidc"
	"github.com/reeve-ai/reeve/internal/store"
)

// BenchmarkRequest is what a request pays to be recognised, with a thousand accounts beside.
func BenchmarkRequest(b *testing.B) {
	p := &provider{people: map[string]*oidc.Person{"eyA.a.a": {Issuer: "https://idp", Subject: "7", Expires: time.Now().Add(time.Hour)}}}
	d := openKeys(b, openStore(b, b.TempDir()), identity.Options{Tokens: p})
	for i := range 1000 {
		user(b, d, store.User{Name: fmt.Sprintf("u%04d", i+2000), Links: []store.Link{{Issuer: "https://idp", Subject: fmt.Sprint(i)}}})
	}
	_, alone := create(b, d, identity.NewKey{})
	_, owned := create(b, d, identity.NewKey{Owner: "u2007"})
	for name, text := range map[string]string{"key": alone, "owned": owned, "token": "eyA.a.a"} {
		r := &http.Request{Header: bearer(text)}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, refusal := d.AuthenticateRequest(r); refusal != nil {
					b.Fatal(refusal)
				}
			}
		})
	}
}
