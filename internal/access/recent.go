package access

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/reeve-ai/reeve"
)

// maxRecent bounds the decisions that are kept.
const maxRecent = 4096

// recent keeps the decisions of one second of the requests' time: who asks the same again in the same circumstances within it gets
// the same answer. A changed person, resource or policy set is another question, as is every circumstance but the part of
// the second. It is safe for concurrent use.
type recent struct {
	mu        sync.RWMutex
	second    int64
	decisions map[question]Decision
}

// question is a request without the part of the second.
type question struct {
	principal, resource                *built
	action                             Action
	zone                               int // seconds east of UTC, since hour and weekday go by it
	ip                                 netip.Addr
	country, purpose, device, proposer string
	mfa                                bool
	level                              reeve.Level
	categories                         string
}

func ask(principal, resource *built, a Action, c *Context) question {
	_, zone := c.Now.Zone()
	return question{
		principal: principal, resource: resource, action: a, zone: zone, ip: c.IP, country: c.Country, purpose: c.Purpose, device: c.Device,
		proposer: c.Proposer, mfa: c.MFA, level: c.Session.Level, categories: strings.Join(c.Session.Categories, ","),
	}
}

func (r *recent) get(now time.Time, q *question) (Decision, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.second != now.Unix() {
		return Decision{}, false
	}
	d, known := r.decisions[*q]
	return d, known
}

func (r *recent) put(now time.Time, q *question, d Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second != now.Unix() || len(r.decisions) >= maxRecent || r.decisions == nil {
		r.second, r.decisions = now.Unix(), map[question]Decision{}
	}
	r.decisions[*q] = d
}
