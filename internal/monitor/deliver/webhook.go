package deliver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/lifecycle"
)

// Webhook posts events to an address.
//
// A request holds a batch: one JSON object a line (application/x-ndjson), or a JSON array. Where there is a secret it is
// signed as Standard Webhooks 1.0.0 says: webhook-id, webhook-timestamp (Unix seconds) and webhook-signature, which is
// "v1," and the base64 of HMAC-SHA-256 over id.timestamp.body. The id is that of the batch: the same when it comes again.
type Webhook struct {
	URL    string
	Array  bool   // a JSON array instead of lines
	Secret []byte // of the signature; none: not signed
	Header string // value of Authorization; "": none
	Client *http.Client
	Clock  reeve.Clock
}

// maxAnswer is how much of an answer is read.
const maxAnswer = 64 << 10

// Send implements Sink. Only a status of 200 to 299 whose answer came to its end means that the batch was taken.
func (s *Webhook) Send(ctx context.Context, batch []*lifecycle.Told) error {
	id := fmt.Sprintf("reeve-%d-%d", batch[0].Seq, batch[len(batch)-1].Seq)
	return Post(ctx, s.Client, &Message{URL: s.URL, ID: id, Media: s.media(), Body: s.body(batch), Secret: s.Secret, Authorization: s.Header, Now: s.Clock()})
}

func (s *Webhook) media() string {
	if s.Array {
		return "application/json"
	}
	return "application/x-ndjson"
}

func (s *Webhook) body(batch []*lifecycle.Told) []byte {
	var b bytes.Buffer
	if s.Array {
		b.WriteByte('[')
	}
	for i, t := range batch {
		if s.Array && i > 0 {
			b.WriteByte(',')
		}
		b.Write(t.Event)
		if !s.Array {
			b.WriteByte('\n')
		}
	}
	if s.Array {
		b.WriteByte(']')
	}
	return b.Bytes()
}

// Close implements Sink.
func (s *Webhook) Close() error {
	s.Client.CloseIdleConnections()
	return nil
}

// Message is one request to a webhook.
type Message struct {
	URL, ID, Media string
	Body           []byte
	Secret         []byte
	Authorization  string
	Now            time.Time
}

// Post sends a message. Redirects are not followed. Its errors name the status and neither the address nor what was answered.
func Post(ctx context.Context, client *http.Client, m *Message) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.URL, bytes.NewReader(m.Body))
	if err != nil {
		return errors.New("the webhook has no usable address")
	}
	req.Header.Set("Content-Type", m.Media)
	req.Header.Set("User-Agent", "reeve")
	req.Header.Set("webhook-id", m.ID)
	stamp := strconv.FormatInt(m.Now.Unix(), 10)
	req.Header.Set("webhook-timestamp", stamp)
	if len(m.Secret) > 0 {
		req.Header.Set("webhook-signature", Sign(m.Secret, m.ID, stamp, m.Body))
	}
	if m.Authorization != "" {
		req.Header.Set("Authorization", m.Authorization)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook: %w", unwrapURL(err))
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return &statusError{resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"), m.Now)}
	}
	if err != nil {
		return fmt.Errorf("webhook: the answer was cut off: %w", err)
	}
	return nil
}

// Sign is the signature of a message as Standard Webhooks spells it.
func Sign(secret []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(id + "." + stamp + "."))
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// unwrapURL takes the address, which may hold a token, out of an error.
func unwrapURL(err error) error {
	var u interface{ Unwrap() error }
	if errors.As(err, &u) && strings.Contains(err.Error(), "://") {
		return u.Unwrap()
	}
	return err
}

// statusError is an answer that is none of 200 to 299.
type statusError struct {
	status int
	after  time.Duration
}

func (e *statusError) Error() string             { return fmt.Sprintf("webhook: status %d", e.status) }
func (e *statusError) RetryAfter() time.Duration { return e.after }

// maxRetryAfter bounds what a foreign system may ask for.
const maxRetryAfter = 24 * time.Hour

// retryAfter reads the header of RFC 9110 section 10.2.3: seconds, or a date. What is neither is no wish.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(strings.TrimSpace(text), 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxRetryAfter) //nolint:gosec // 31 bits
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), maxRetryAfter)
	}
	return 0
}
