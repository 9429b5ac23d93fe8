package people

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/custody"
)

const (
	maxReport = 16 << 10 // bytes of a report's body
	maxNote   = 8 << 10  // bytes of its note
)

// report is what somebody sends to POST /v1/reports.
type report struct {
	Exchange string `json:"exchange"` // as in the header Reeve-Exchange
	Category string `json:"category"` // a word such as harmful
	Note     string `json:"note"`     // sealed under the key of who reports
}

// parseReport reads a report strictly: unknown and repeated members are refused, and every member has its limit.
func parseReport(body []byte) (*report, custody.ID, error) {
	r := &report{}
	if err := json.Unmarshal(body, r, json.RejectUnknownMembers(true)); err != nil {
		return nil, custody.ID{}, errors.New("the body is not {\"exchange\", \"category\", \"note\"}")
	}
	id, err := custody.ParseID(r.Exchange)
	switch {
	case err != nil:
		return nil, id, errors.New("exchange is not the id of an exchange: it stands in the header Reeve-Exchange of every answer")
	case !isWord(r.Category):
		return nil, id, errors.New("category is not a word of a-z, 0-9 and -, such as harmful")
	case len(r.Note) > maxNote || !utf8.ValidString(r.Note):
		return nil, id, fmt.Errorf("note is longer than %d bytes", maxNote)
	}
	return r, id, nil
}

// reports takes POST /v1/reports. The answer does not tell whether there is such an exchange: an id leads to nobody.
func (p *Public) reports(w http.ResponseWriter, r *http.Request) *reeve.Refusal {
	session, refusal := p.recognise(r)
	if refusal != nil {
		return refusal
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" && (err != nil || media != "application/json") {
		return badReport(http.StatusUnsupportedMediaType, "the body is not said to be JSON")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxReport))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return badReport(http.StatusRequestEntityTooLarge, "the report is longer than 16 KiB")
		}
		return badReport(http.StatusBadRequest, "the body could not be read")
	}
	rep, exchange, err := parseReport(body)
	if err != nil {
		return badReport(http.StatusBadRequest, err.Error())
	}
	receipt, err := p.s.o.Log.Event(&custody.Event{
		Kind: custody.EventReview, Time: p.s.o.Clock(), Actor: session.Principal.ID, Act: ActReport, Object: rep.Exchange, Result: "ok",
		Names: map[string]string{"category": rep.Category}, Refs: []custody.ID{exchange}, Payload: []byte(rep.Note),
	})
	if err != nil {
		return unavailable()
	}
	sendJSON(w, http.StatusAccepted, struct {
		Report   string `json:"report"`
		Exchange string `json:"exchange"`
		Status   string `json:"status"`
	}{receipt.ID.String(), rep.Exchange, "received"})
	return nil
}

func badReport(status int, what string) *reeve.Refusal {
	return &reeve.Refusal{
		Status: status, Code: "invalid_report", Rule: "review/report", Message: what,
		Remedy: `send {"exchange": "<id>", "category": "harmful", "note": "what is wrong"} as application/json`,
	}
}

func unavailable() *reeve.Refusal {
	return &reeve.Refusal{
		Status: http.StatusServiceUnavailable, Code: "audit_unavailable", Rule: "custody/fail-closed",
		Message: "The custody log cannot take a record now, so nothing is done.", Remedy: "Try again; tell the operator if it lasts.",
	}
}
