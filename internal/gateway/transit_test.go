package gateway

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/identity"
)

// serveOn serves a handler on a listener of the gateway's own, as reeve serve does.
func serveOn(t testing.TB, h http.Handler, o ListenOptions) (addr string) {
	t.Helper()
	o.Addr = "127.0.0.1:0"
	l, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- Serve(ctx, l, h, o, time.Second) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// selfSigned writes a certificate with its key, and returns the certificate.
func selfSigned(t testing.TB, dir, name string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func trusting(certs ...*x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return &tls.Config{RootCAs: pool}
}

func tlsHouse(t *testing.T, run script) (h *house, addr, dir string, cert *x509.Certificate, clock *atomic.Int64) {
	t.Helper()
	h = newHouse(t, run, nil)
	dir = t.TempDir()
	cert = selfSigned(t, dir, "one")
	clock = new(atomic.Int64)
	clock.Store(time.Now().UnixNano())
	certs, err := identity.FileTLS(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), func() time.Time { return time.Unix(0, clock.Load()) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h, serveOn(t, h.Gateway, ListenOptions{TLS: certs.Config()}), dir, cert, clock
}

// TestTransport checks versions and protocols of the listener.
func TestTransport(t *testing.T) {
	h, addr, _, cert, _ := tlsHouse(t, tongues[0].say("over ", "the ", "wire"))
	old := trusting(cert)
	old.MaxVersion = tls.VersionTLS12
	if c, err := tls.Dial("tcp", addr, old); err == nil {
		c.Close()
		t.Error("TLS 1.2 is accepted")
	}
	for _, stream := range []bool{false, true} {
		for want, client := range map[string]*http.Client{
			"HTTP/1.1": {Transport: &http.Transport{TLSClientConfig: trusting(cert)}},
			"HTTP/2.0": {Transport: &http.Transport{TLSClientConfig: trusting(cert), ForceAttemptHTTP2: true}},
		} {
			req, err := http.NewRequest("POST", "https://"+addr+"/v1/chat/completions", strings.NewReader(tongues[0].ask(stream)))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+h.key)
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || resp.StatusCode != 200 || resp.Proto != want || resp.TLS.Version != tls.VersionTLS13 || hear(t, body).Text["0 content"] != "over the wire" {
				t.Errorf("%s: %s %d TLS %x %v: %s", want, resp.Proto, resp.StatusCode, resp.TLS.Version, err, body)
			}
			client.CloseIdleConnections()
		}
	}
}

// TestCertificateReload changes the certificate under a stream that is open: the stream goes on to its end on the old one,
// and who connects after the change sees the new one.
func TestCertificateReload(t *testing.T) {
	goOn := make(chan struct{})
	g := &tongues[0]
	h, addr, dir, one, clock := tlsHouse(t, func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, p := range []string{"before ", "after "} {
			fmt.Fprintf(w, "data: "+g.piece+"\n\n", p)
			w.(http.Flusher).Flush()
			<-goOn
		}
		fmt.Fprint(w, "data: "+g.end+"\n\ndata: [DONE]\n\n")
	})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(one)}}
	req, err := http.NewRequest("POST", "https://"+addr+g.path, strings.NewReader(g.ask(true)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.key)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first, err := bufio.NewReaderSize(resp.Body, 16).ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "data: ") {
		t.Fatalf("the stream does not begin: %q %v", first, err)
	}
	two := selfSigned(t, dir, "two")
	clock.Add(int64(2 * time.Second))
	shown := func() string {
		c, err := tls.Dial("tcp", addr, trusting(one, two))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].Subject.CommonName
	}
	if got := shown(); got != "two" {
		t.Errorf("a new connection sees %q", got)
	}
	close(goOn)
	rest, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(rest), "after ") || !strings.Contains(string(rest), "[DONE]") {
		t.Errorf("the stream was dropped: %v: %s", err, rest)
	}
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	clock.Add(int64(2 * time.Second))
	if got := shown(); got != "two" {
		t.Errorf("a broken file took the place of a good certificate: %q", got)
	}
}

// TestStrictHeaders checks what the admin listener sends with everything.
func TestStrictHeaders(t *testing.T) {
	h, _, dir, cert, _ := tlsHouse(t, fine)
	certs, err := identity.FileTLS(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	admin := Strict(h.Admin(AdminOptions{Metrics: http.NotFoundHandler(), Ready: func() error { return nil }}))
	addr := serveOn(t, admin, ListenOptions{TLS: certs.Config()})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting(cert)}}
	defer client.CloseIdleConnections()
	for _, path := range []string{"/healthz", "/metrics", "/nothing"} {
		resp, err := client.Get("https://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for name, want := range map[string]string{
			"Strict-Transport-Security": "max-age=63072000", "Content-Security-Policy": "frame-ancestors 'none'", "X-Frame-Options": "DENY",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

// TestSmuggling sends requests that two parsers could read in two ways to the real listener. Each must be refused or be
// exactly one request, and what hides behind it must never be taken for another: the runtime sees nothing, and no second
// answer comes back.
func TestSmuggling(t *testing.T) {
	h := newHouse(t, fine, nil)
	addr := serveOn(t, h.Gateway, ListenOptions{})
	body := "{" + chatRequest + "}"
	hidden := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + h.key + "\r\nContent-Length: " + fmt.Sprint(len(body)) + "\r\n\r\n" + body
	head := "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
	for _, tt := range []struct{ name, request string }{
		{"CL and TE", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden},
		{"TE and CL", head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden},
		{"two lengths", head + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden},
		{"two lengths in one", head + "Content-Length: 0, 5\r\n\r\n" + hidden},
		{"a length with a sign", head + "Content-Length: +0\r\n\r\n" + hidden},
		{"a negative length", head + "Content-Length: -1\r\n\r\n" + hidden},
		{"two codings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + hidden},
		{"another coding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden},
		{"coding with a tab", head + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + hidden},
		{"a name with a space", head + "Content-Length : 0\r\n\r\n" + hidden},
		{"a folded length", head + "Content-Length: 0\r\n 5\r\n\r\n" + hidden},
		{"a folded coding", head + "Content-Length: 5\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + hidden},
		{"a folded first line", "POST /v1/chat/completions HTTP/1.1\r\n Host: x\r\n\r\n" + hidden},
		{"a bare CR", head + "X: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"a NUL", head + "X: a\x00b\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"a chunk size with a sign", head + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + hidden},
		{"a chunk size beyond", head + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" + hidden},
		{"a chunk longer than told", head + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + hidden},
		{"no host", "POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"two hosts", head + "Host: y\r\nContent-Length: 0\r\n\r\n" + hidden},
		{"another version", "POST /v1/chat/completions HTTP/3.0\r\nHost: x\r\n\r\n" + hidden},
		{"a target with a space", "POST /v1/chat /completions HTTP/1.1\r\nHost: x\r\n\r\n" + hidden},
		{"upgrade to h2c", head + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 0\r\n\r\n"},
		{"h2c without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
		{"connect", "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked := len(h.got)
			answers := exchangeRaw(t, addr, tt.request)
			if len(h.got) != asked {
				t.Errorf("the hidden request reached the runtime: %q", answers)
			}
			if n := strings.Count(answers, "HTTP/1."); n > 1 || strings.Contains(answers, "101 Switching") || strings.Contains(answers, "200 OK") {
				t.Errorf("%d answers: %q", n, answers)
			}
		})
	}
	// A folded line is one line with a space in it (RFC 9112 section 5.2), so what it holds is no header of its own.
	folded := head + "Connection: close\r\nX: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n" + hidden
	if got := exchangeRaw(t, addr, folded); strings.Count(got, "HTTP/1.") != 1 || !strings.HasPrefix(got, "HTTP/1.1 401") {
		t.Errorf("a folded line: %q", got)
	}
	// A line that ends in LF alone is a line (RFC 9112 section 2.2): one request, refused for its key.
	if got := exchangeRaw(t, addr, "POST /v1/chat/completions HTTP/1.1\nHost: x\nConnection: close\nContent-Length: 2\n\n{}"); !strings.HasPrefix(got, "HTTP/1.1 401") || strings.Count(got, "HTTP/1.") != 1 {
		t.Errorf("bare LF: %q", got)
	}
}

// exchangeRaw writes bytes to the listener and returns all that comes back.
func exchangeRaw(t *testing.T, addr, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	go func() {
		_, _ = io.WriteString(c, request)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	answers, _ := io.ReadAll(c)
	return string(answers)
}

// TestPathTricks asks for governed and foreign paths in other spellings. None is another path, and none reaches the
// runtime.
func TestPathTricks(t *testing.T) {
	h := newHouse(t, fine, nil)
	addr := serveOn(t, h.Gateway, ListenOptions{})
	for _, path := range []string{
		"//v1/chat/completions", "/v1//chat/completions", "/v1/chat/completions/", "/v1/./chat/completions", "/v1/x/../chat/completions",
		"/v1/chat/completions/..", "/V1/chat/completions", "/v1/chat/completions%00", "/v1/chat%2fcompletions%2f", "/v1/chat/completions;x",
		"/v1/chat/completions%20", "/%2e%2e/api/pull", "/api/pull", "/api/../api/pull", "/api/chat/../pull", "\\v1\\chat\\completions", "*",
		"/metrics", "/healthz", "/admin", "/v1/../metrics", "http://127.0.0.1:1/api/pull",
	} {
		got := exchangeRaw(t, addr, "POST "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer "+h.key+"\r\nContent-Length: 2\r\n\r\n{}")
		if !strings.HasPrefix(got, "HTTP/1.1 404") && !strings.HasPrefix(got, "HTTP/1.1 400") {
			t.Errorf("%s: %.60q", path, got)
		}
	}
	if len(h.got) != 0 {
		t.Error("the runtime was asked")
	}
}
