package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/reeve-ai/reeve/internal/tlog"
)

// maxAnswer is the length of the longest answer that is read: some cosignatures.
const maxAnswer = 64 << 10

// Client asks one witness. It is safe for concurrent use.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the witness with this submission prefix; h nil means a client without redirects.
func NewClient(url string, h *http.Client) *Client {
	if h == nil {
		h = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{url: strings.TrimSuffix(url, "/"), http: h}
}

// StatusError is an answer that is neither a cosignature nor a size.
type StatusError struct{ Code int }

func (e *StatusError) Error() string {
	switch e.Code {
	case http.StatusForbidden:
		return "the witness trusts none of the log's signatures (403)"
	case http.StatusNotFound:
		return "the witness does not know the log (404)"
	case http.StatusUnprocessableEntity:
		return "the witness says that the tree does not go on from the one it has seen (422)"
	}
	return fmt.Sprintf("the witness answers %d", e.Code)
}

// AddCheckpoint asks for cosignatures. It returns a *tlog.ConflictError where the witness stands at another size than a.Old and a
// *StatusError for other refusals. Nobody has checked the signatures yet.
func (c *Client) AddCheckpoint(ctx context.Context, a *tlog.AddCheckpoint) ([]tlog.Signature, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/add-checkpoint", bytes.NewReader(a.Marshal()))
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask witness: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return nil, errors.Join(errors.New("read the witness' answer: it is cut off or too long"), err)
	}
	switch {
	case resp.StatusCode == http.StatusOK:
		sigs, err := tlog.ParseSignatures(body)
		if err != nil || len(sigs) == 0 {
			return nil, errors.New("read the witness' answer: not a cosignature")
		}
		return sigs, nil
	case resp.StatusCode == http.StatusConflict && resp.Header.Get("Content-Type") == tlog.SizeType:
		text, _ := strings.CutSuffix(string(body), "\n")
		size, err := strconv.ParseUint(text, 10, 64)
		if err != nil || strconv.FormatUint(size, 10) != text {
			return nil, errors.New("read the witness' answer: not a size")
		}
		return nil, &tlog.ConflictError{Size: size}
	}
	return nil, &StatusError{resp.StatusCode}
}
