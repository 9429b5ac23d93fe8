package admin

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/identity"
)

// maxBody is the longest body that is read, in bytes.
const maxBody = 1 << 20

func bad(rule, message, remedy string) *reeve.Refusal {
	return &reeve.Refusal{Status: http.StatusBadRequest, Code: "bad_request", Rule: "admin/" + rule, Message: message, Remedy: remedy}
}

// overrides are headers by which some servers act on another method or path than the request names. Whoever sends one
// expects that something between us reads the request differently.
var overrides = []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "X-Original-Url", "X-Rewrite-Url", "X-Original-Method"}

// plainRequest refuses a request whose path could mean two things, or that asks to be taken for another one.
func plainRequest(r *http.Request) *reeve.Refusal {
	for _, name := range overrides {
		if _, there := r.Header[name]; there {
			return bad("override", "the request asks to be taken for another one by the header "+name, "send the method and path that you mean")
		}
	}
	for name := range r.Header {
		if strings.ContainsAny(name, "_") {
			return bad("header", "a header's name holds an underscore, which some proxies take for a hyphen", "leave the header out")
		}
	}
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") || r.Method == http.MethodConnect || r.Method == http.MethodTrace {
		return bad("target", "the request names no path of this server", "send the path alone, such as /admin/v1/users")
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		switch {
		case strings.Trim(segment, ".") == "" && segment != "":
			return bad("path", "the path holds a segment of dots", "send the path in its plain form")
		case segment == "" && path != "/" && !strings.HasSuffix(path, "/"), strings.HasSuffix(segment, "."), strings.ContainsAny(segment, `\;`), strings.HasPrefix(segment, " "):
			return bad("path", "the path is not in its plain form", "send the path in its plain form")
		}
	}
	lower := strings.ToLower(path)
	for _, coded := range []string{"%2e", "%2f", "%5c", "%00", "%25", "%3b", "%0a", "%0d", "//"} {
		if strings.Contains(lower, coded) {
			return bad("path", "the path hides a dot, slash or control character", "send the path in its plain form")
		}
	}
	return nil
}

// call is one request to the API after it was recognised and allowed.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	session *identity.Session
	by      identity.By
	may     func(action, holder string) *reeve.Refusal // asks for a further right; holder is whose rights it is about
}

// read decodes the body into v, strictly: unknown and repeated members are refused.
func (c *call) read(v any) *reeve.Refusal { return readJSON(c.r, v, "application/json") }

func readJSON(r *http.Request, v any, types ...string) *reeve.Refusal {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(types, media) {
		return &reeve.Refusal{
			Status: http.StatusUnsupportedMediaType, Code: "unsupported_media_type", Rule: "admin/media-type",
			Message: "the body is not said to be JSON", Remedy: "send Content-Type: " + types[0],
		}
	}
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return &reeve.Refusal{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Rule: "admin/body", Message: "the body is longer than 1 MiB", Remedy: "send less at once"}
		}
		return bad("body", "the body could not be read", "send the request again")
	}
	if err := json.Unmarshal(text, v, json.RejectUnknownMembers(true)); err != nil {
		return bad("body", "the body is not what this call takes: "+shape(err), "the OpenAPI document at /admin/v1/openapi.yaml describes it")
	}
	return nil
}

// shape says what is wrong with a body without repeating any of it but names of members.
func shape(err error) string {
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, json.ErrUnknownName):
		if errors.As(err, &semantic) {
			return "unknown member at " + string(semantic.JSONPointer)
		}
		return "unknown member"
	case errors.As(err, &semantic):
		return "wrong type or value at " + string(semantic.JSONPointer)
	}
	return "no valid JSON"
}

// address is the caller's: that of the connection, or the one that a trusted proxy vouches for. Of X-Forwarded-For the last
// entry that no trusted proxy made counts; what stands before it anybody can write.
func (a *Admin) address(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	peer = peer.Unmap()
	if !a.trusted(peer) {
		return peer
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return peer
		}
		if peer = next.Unmap(); !a.trusted(peer) {
			return peer
		}
	}
	return peer
}

func (a *Admin) trusted(ip netip.Addr) bool {
	return slices.ContainsFunc(a.o.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}
