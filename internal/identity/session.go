package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/store"
)

// Session is a recognised caller with what its key allows and has used. It is safe for concurrent use.
type Session struct {
	Key        *Key
	Principal  reeve.Principal
	RoleDigest string // commits to everything that decisions about the principal rest on; 32 hex digits
	Authn      string // how it was recognised: AuthnKey …
	MFA        bool   // with more than one factor
	SessionID  string // of the session of a person who signed in; "" for keys, tokens and certificates

	use *usage
	now reeve.Clock
}

// How a principal was recognised.
const (
	AuthnKey         = "key"
	AuthnOIDC        = "oidc"
	AuthnCertificate = "mtls"
	AuthnSession     = "session"
)

// roleDigest hashes what decisions about a principal rest on, without saying who it is.
func roleDigest(p *reeve.Principal) string {
	h := sha256.New()
	part := func(list ...string) {
		fmt.Fprintf(h, "%d;", len(list))
		for _, s := range list {
			fmt.Fprintf(h, "%d:%s", len(s), s)
		}
	}
	part(p.RoleNames(), p.Clearance.String(), p.Kind, p.Department, p.Employment, p.Country)
	part(p.Groups...)
	part(p.Training...)
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		part(name, p.Attributes[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// AllowModel refuses (403) a model that is not on the key's list.
func (s *Session) AllowModel(model string) *reeve.Refusal {
	if s.Key.Models == nil {
		return nil
	}
	for _, glob := range s.Key.Models {
		if matchGlob(glob, model) {
			return nil
		}
	}
	return &reeve.Refusal{
		Status: http.StatusForbidden, Code: "model_not_allowed", Rule: "identity/models",
		Message: "this API key may not use the model", Remedy: "choose a model that GET /v1/models lists, or ask an administrator for a key that allows this one",
	}
}

// TakeRequest counts a request and refuses it (429) where the key sends more than its requests per minute.
// Bursts up to one minute's worth are let through; after that the allowance comes back evenly.
func (s *Session) TakeRequest(now time.Time) *reeve.Refusal {
	if s.use.limit == nil || s.use.limit.AllowN(now, 1) {
		return nil
	}
	return &reeve.Refusal{
		Status: http.StatusTooManyRequests, Code: "rate_limited", Rule: "identity/rate",
		Message: fmt.Sprintf("this API key may send %d requests per minute", s.Key.RequestsPerMinute),
		Remedy:  "wait until the time in Retry-After, or ask an administrator for a higher limit",
	}
}

// RetryAfter is how long a caller who was refused by TakeRequest or Budget has to wait: the longer of the two waits,
// zero where nothing is exceeded.
func (s *Session) RetryAfter(now time.Time) time.Duration {
	var wait time.Duration
	if l := s.use.limit; l != nil {
		if missing := 1 - l.TokensAt(now); missing > 0 {
			wait = time.Duration(missing / float64(l.Limit()) * float64(time.Second))
		}
	}
	if s.overBudget(now) {
		wait = max(wait, time.Unix((dayOf(now)+1)*secondsPerDay, 0).Sub(now))
	}
	return wait
}

// SpendTokens adds n tokens to what the key has used today. Counts go to the store within a second.
func (s *Session) SpendTokens(n int64) { s.use.spend(dayOf(s.now()), n) }

// Budget refuses (429) a key that has used up its tokens for this UTC day. The request that crosses the line is let
// through, because what it will cost is known only afterwards.
func (s *Session) Budget() *reeve.Refusal {
	if !s.overBudget(s.now()) {
		return nil
	}
	return &reeve.Refusal{
		Status: http.StatusTooManyRequests, Code: "budget_exceeded", Rule: "identity/budget",
		Message: fmt.Sprintf("this API key has used its %d tokens for today", s.Key.TokensPerDay),
		Remedy:  "try again after midnight UTC, or ask an administrator for a larger budget",
	}
}

func (s *Session) overBudget(now time.Time) bool {
	return s.Key.TokensPerDay > 0 && s.use.today(dayOf(now)) >= s.Key.TokensPerDay
}

const secondsPerDay = 24 * 60 * 60

// dayOf is the UTC day in days since 1970-01-01.
func dayOf(t time.Time) int64 { return t.Unix() / secondsPerDay }

// usage is what one key has used. It outlives reloads of the keys.
type usage struct {
	limit *rate.Limiter // nil: no limit

	mu    sync.Mutex // guards all below
	day   int64      // the day of the counts
	spent int64      // on that day, all told
	fresh int64      // of that, not yet in the store
}

func newUsage(row store.APIKey) *usage {
	u := &usage{day: row.SpentDay, spent: row.SpentTokens}
	if n := row.RequestsPerMinute; n > 0 {
		u.limit = rate.NewLimiter(rate.Limit(float64(n)/60), int(min(n, 1<<30)))
	}
	return u
}

// turn starts a new day's count. Called with mu held. What was not stored of the old day is of no use any more.
// A clock that was set back changes nothing: the count stays until its day has passed.
func (u *usage) turn(day int64) {
	if day > u.day {
		u.day, u.spent, u.fresh = day, 0, 0
	}
}

func (u *usage) spend(day, n int64) {
	if n <= 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(day)
	const most = 1 << 62 // far from overflow
	u.spent, u.fresh = min(u.spent+min(n, most), most), min(u.fresh+min(n, most), most)
}

func (u *usage) today(day int64) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.turn(day)
	return u.spent
}

// take hands out what is not yet in the store.
func (u *usage) take() (day, n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n, u.fresh = u.fresh, 0
	return u.day, n
}

// putBack returns what take gave and the store did not accept.
func (u *usage) putBack(day, n int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if day == u.day {
		u.fresh += n
	}
}

// matchGlob reports whether name matches glob, in which "*" stands for any run of bytes, "/" included, and every
// other byte for itself. It takes no more than len(glob) × len(name) steps.
func matchGlob(glob, name string) bool {
	g, n, star, mark := 0, 0, -1, 0
	for n < len(name) {
		switch {
		case g < len(glob) && glob[g] == '*':
			star, mark = g, n
			g++
		case g < len(glob) && glob[g] == name[n]:
			g++
			n++
		case star >= 0: // let the last star take one byte more
			mark++
			g, n = star+1, mark
		default:
			return false
		}
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}
