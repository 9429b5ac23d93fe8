package config

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve"
)

// Validate returns all that is wrong with the values, or nil. It looks at nothing outside the configuration.
func (c *Config) Validate() []Problem {
	v := &validator{}
	walk(reflect.ValueOf(c).Elem(), "", v.limits)
	v.listeners(&c.Gateway)
	v.tls(&c.Gateway.TLS)
	v.upstreams(c.Gateway.Upstreams)
	v.models(&c.Gateway)
	v.routes(c.Gateway.Routes)
	v.retention(&c.Custody.Retention)
	v.networks(&c.Gateway)
	v.identity(c)
	v.review(&c.Review)
	v.monitoring(&c.Monitoring)
	v.admission(c)
	v.gate(&c.Gate)
	return v.problems
}

type validator struct{ problems []Problem }

func (v *validator) add(path, message, hint string) {
	v.problems = append(v.problems, Problem{Path: path, Message: message, Hint: hint})
}

// limits checks what the tags of a field say: enum, min and max.
func (v *validator) limits(path string, value reflect.Value, tag reflect.StructTag) {
	if choices, ok := tag.Lookup("enum"); ok {
		for choice := range strings.SplitSeq(choices, ",") {
			if value.String() == choice {
				return
			}
		}
		v.add(path, "want one of "+strings.ReplaceAll(strings.TrimPrefix(choices, ","), ",", ", "), "")
	}
	if low, ok := tag.Lookup("min"); ok && value.Int() < limit(value, low) {
		v.add(path, "want at least "+low, "")
	}
	if high, ok := tag.Lookup("max"); ok && value.Int() > limit(value, high) {
		v.add(path, "want at most "+high, "")
	}
}

// limit reads the limit in a tag as a value of the same type.
func limit(like reflect.Value, text string) int64 {
	v := reflect.New(like.Type()).Elem()
	if err := set(v, text); err != nil {
		panic("config: limit " + text + " in a tag: " + err.Error())
	}
	return v.Int()
}

func (v *validator) listeners(g *Gateway) {
	for _, l := range []struct {
		path, addr string
		optional   bool
	}{{"gateway.listen", g.Listen, false}, {"gateway.admin_listen", g.AdminListen, true}} {
		if l.addr == "" && l.optional {
			continue
		}
		host, port, err := net.SplitHostPort(l.addr)
		if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || n > 65535 {
			v.add(l.path, "want host:port", "such as 127.0.0.1:8400, or :8400 for every address")
			continue
		}
		if !isLoopback(host) && g.TLS.Mode == "off" && !g.Insecure {
			v.add(l.path, "this address can be reached from other machines, and TLS is off",
				"set gateway.tls.mode to local, files or acme; or, behind a proxy that does TLS, gateway.insecure to true, which is put on record")
		}
	}
	if g.Listen == g.AdminListen && !strings.HasSuffix(g.Listen, ":0") {
		v.add("gateway.admin_listen", "the same address as gateway.listen", "choose another port")
	}
}

// isLoopback is strict: a name other than localhost may lead anywhere.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (v *validator) tls(t *TLS) {
	if t.Mode == "files" && (t.Cert == "" || t.Key == "") {
		v.add("gateway.tls.mode", "mode files needs both cert and key", "name the two PEM files")
	}
	if t.Mode != "files" && (t.Cert != "" || t.Key != "") {
		v.add("gateway.tls.mode", "cert and key are given, but the mode does not use them", "set the mode to files, or remove cert and key")
	}
	a := &t.ACME
	switch {
	case t.Mode == "acme" && len(a.Domains) == 0:
		v.add("gateway.tls.acme.domains", "mode acme needs the names of this server", "such as llm.example.org")
	case t.Mode == "acme" && !a.AcceptTerms:
		v.add("gateway.tls.acme.accept_terms", "an ACME authority gives certificates out to those who accept its terms", "read them and set accept_terms to true")
	case t.Mode != "acme" && (len(a.Domains) > 0 || a.Directory != ""):
		v.add("gateway.tls.mode", "acme is given, but the mode does not use it", "set the mode to acme, or remove acme")
	}
	if a.Directory != "" && !strings.HasPrefix(a.Directory, "https://") {
		v.add("gateway.tls.acme.directory", "want an https:// address", "")
	}
	if t.Mode != "local" && len(t.Names) > 0 {
		v.add("gateway.tls.names", "names are given, but only mode local uses them", "set the mode to local, or remove names")
	}
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (v *validator) upstreams(list []Upstream) {
	seen := map[string]bool{}
	for i, u := range list {
		at := fmt.Sprintf("gateway.upstreams[%d]", i)
		if !plainName.MatchString(u.Name) {
			v.add(at+".name", "want a name of letters, digits, dots, hyphens and underscores", "such as \"local\"")
		} else if seen[u.Name] {
			v.add(at+".name", "another upstream has this name", "")
		}
		seen[u.Name] = true
		before := len(v.problems)
		if v.upstreamURL(at+".url", u.URL); len(v.problems) == before {
			v.upstreamTLS(at, &u)
		}
	}
}

func (v *validator) upstreamURL(at, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		v.add(at, "want an address such as http://127.0.0.1:11434", "")
	case u.User != nil:
		v.add(at, "the address holds a name or password", "give it as api_key: file:PATH or env:NAME")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		v.add(at, "want an address without ? and #", "")
	case u.Path != "" && path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") && u.Path != "/":
		v.add(at, "the path of the address is not in its plain form", "")
	default:
		return
	}
	v.problems[len(v.problems)-1].private = true
}

func (v *validator) upstreamTLS(at string, u *Upstream) {
	t := &u.TLS
	if to, err := url.Parse(u.URL); err == nil && to.Scheme == "http" {
		if !isLoopback(to.Hostname()) && !u.Insecure {
			v.add(at+".url", "prompts and answers would cross the network in the clear",
				"use an https:// address; or, where the network itself is encrypted, set insecure to true, which is put on record")
			v.problems[len(v.problems)-1].private = true
		}
		if *t != (UpstreamTLS{}) {
			v.add(at+".tls", "it is given, but the address is no https:// one", "")
		}
	}
	if (t.Cert == "") != (t.Key == "") {
		v.add(at+".tls.cert", "a client certificate needs both cert and key", "name the two PEM files")
	}
	if _, err := ParsePin(t.Pin); err != nil {
		v.add(at+".tls.pin", err.Error(), "openssl x509 -in server.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64")
	}
}

// ParsePin reads a SHA-256 in hex or base64; nil for the empty text.
func ParsePin(text string) ([]byte, error) {
	if text == "" {
		return nil, nil
	}
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawURLEncoding.DecodeString} {
		if b, err := decode(text); err == nil && len(b) == sha256.Size {
			return b, nil
		}
	}
	return nil, errors.New("want the SHA-256 of a public key in hex or base64")
}

var countryCode = regexp.MustCompile(`^[A-Z]{2}$`)

func (v *validator) networks(g *Gateway) {
	for i, p := range g.TrustedProxies {
		if _, err := netip.ParsePrefix(p); err != nil {
			v.add(fmt.Sprintf("gateway.trusted_proxies[%d]", i), "want a network such as 10.0.0.0/8", "one server is 192.0.2.7/32")
		}
	}
	for i, n := range g.Networks {
		at := fmt.Sprintf("gateway.networks[%d]", i)
		if _, err := netip.ParsePrefix(n.Prefix); err != nil {
			v.add(at+".prefix", "want a network such as 192.0.2.0/24", "")
		}
		if !countryCode.MatchString(n.Country) {
			v.add(at+".country", "want two capital letters such as DE", "")
		}
	}
}

func (v *validator) models(g *Gateway) {
	known, seen := map[string]bool{}, map[string]bool{}
	for _, u := range g.Upstreams {
		known[u.Name] = true
	}
	for i, m := range g.Models {
		at := fmt.Sprintf("gateway.models[%d]", i)
		switch {
		case m.Name == "" || len(m.Name) > 256:
			v.add(at+".name", "a model needs a name of at most 256 bytes", "")
		case seen[m.Name]:
			v.add(at+".name", "another model has this name", "")
		}
		seen[m.Name] = true
		if _, err := reeve.ParseLabel(m.Takes); m.Takes != "" && err != nil {
			v.add(at+".takes", "want a label such as internal or confidential{PII}", "")
		}
		switch {
		case m.Upstream == "" && len(g.Upstreams) > 1:
			v.add(at+".upstream", "which upstream has this model?", "there is more than one: name it")
		case m.Upstream != "" && !known[m.Upstream]:
			v.add(at+".upstream", "no upstream has this name", "gateway.upstreams lists them")
		}
	}
}

func (v *validator) routes(list []Route) {
	seen := map[string]bool{}
	for i, r := range list {
		at := fmt.Sprintf("gateway.routes[%d].path", i)
		switch {
		case !strings.HasPrefix(r.Path, "/") || path.Clean(r.Path) != r.Path:
			v.add(at, "want a path such as /v1/embeddings", "")
		case seen[r.Path]:
			v.add(at, "the path is listed twice", "")
		}
		seen[r.Path] = true
	}
}
