package deliver

import (
	"crypto/tls"
	"net/http"
	"time"
)

// NewClient is an HTTP client for webhooks: it follows no redirects, uses no proxy of the environment, and waits for no
// more than it must. tls may be nil.
func NewClient(t *tls.Config) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig: t, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
