package gateway

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/detect"
	"github.com/reeve-ai/reeve/internal/guard"
	"github.com/reeve-ai/reeve/internal/identity"
	"github.com/reeve-ai/reeve/internal/upstream"
	"github.com/reeve-ai/reeve/policies"
)

// TestNoLeakAtAnySplit plants every positive of every built-in detector in an answer and streams it through every tongue
// under the policy that ships: first cut in two at every byte of the text, then cut at random, text and wire apart.
// What comes out must be what the whole text becomes. REEVE_CHUNKINGS sets the number of random chunkings.
func TestNoLeakAtAnySplit(t *testing.T) {
	if testing.Short() {
		t.Skip("tries every place, one after the other")
	}
	random := 20_000
	if s := os.Getenv("REEVE_CHUNKINGS"); s != "" {
		var err error
		if random, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	policy, err := guard.Parse(policies.GuardName, policies.Guard())
	if err != nil {
		t.Fatal(err)
	}
	s := &splitter{g: &Gateway{opts: Options{MaxFrame: 4 << 20, MaxAnswer: 64 << 20, WriteStall: time.Minute, Clock: fixedClock, Log: &discardLog{}, Labels: labels}}, policy: policy}
	texts := plantedTexts()
	chunkings := 0
	for _, text := range texts {
		for i := range tongues {
			for cut := 0; cut <= len(text); cut++ {
				if cut < len(text) && !utf8.RuneStart(text[cut]) {
					continue
				}
				s.compare(t, &tongues[i], text, []string{text[:cut], text[cut:]}, nil)
				chunkings++
			}
		}
		if t.Failed() {
			return
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range random {
		text := texts[rng.IntN(len(texts))]
		if rng.IntN(3) == 0 {
			text += " " + texts[rng.IntN(len(texts))]
		}
		s.compare(t, &tongues[rng.IntN(len(tongues))], text, cutText(rng, text), rng)
		if chunkings++; t.Failed() {
			return
		}
	}
	t.Logf("%d chunkings of %d texts over %d dialects and channels", chunkings, len(texts), len(tongues))
}

// plantedTexts are the positives of every detector, with words around them.
func plantedTexts() (texts []string) {
	for _, r := range detect.Rules() {
		for _, p := range r.Positives {
			if len(p) < 600 {
				texts = append(texts, "It says: "+p+" and so on.")
			}
		}
	}
	return append(texts, "the forbidden phrase", "forbidden phras", "nothing to see here, 12 of 40")
}

func cutText(rng *rand.Rand, text string) (pieces []string) {
	most := 1 + rng.IntN(12)
	for text != "" {
		n := min(1+rng.IntN(most), len(text))
		for n < len(text) && !utf8.RuneStart(text[n]) {
			n++
		}
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	return pieces
}

// splitter drives a relay without a network.
type splitter struct {
	g      *Gateway
	policy *guard.Policy
	wire   bytes.Buffer
}

// compare streams pieces of a text and holds what comes out against the verdict on the whole text.
func (s *splitter) compare(t *testing.T, g *tongue, text string, pieces []string, rng *rand.Rand) {
	t.Helper()
	want := s.policy.For(reeve.Out, guard.Scope{Route: g.path, Model: "m", Role: "employee", Label: "public"}).Check([]byte(text), nil)
	body, x := s.stream(t, g, pieces, rng)
	got := hear(t, body)
	out := got.Text[g.channel]
	switch {
	case want.Block != nil:
		if got.Note != want.Block.ID || got.Finish[g.channel[:1]] != contentFilter || !strings.HasPrefix(text, out) && !bytes.HasPrefix(want.Text, []byte(out)) {
			t.Errorf("%s: %q cut as %q: note %q finish %v text %q, want an end by %s", g.name, text, pieces, got.Note, got.Finish, out, want.Block.ID)
		}
	case out != string(want.Text):
		t.Errorf("%s: %q cut as %q becomes %q, want %q", g.name, text, pieces, out, want.Text)
	}
	if a, b := fmt.Sprint(x.outVerdict.Action), fmt.Sprint(want.Verdict.Action); a != b {
		t.Errorf("%s: %q cut as %q: verdict %s, want %s", g.name, text, pieces, a, b)
	}
}

func (s *splitter) stream(t *testing.T, g *tongue, pieces []string, rng *rand.Rand) ([]byte, *exchange) {
	ep := endpointOf(g.path)
	w := httptest.NewRecorder()
	x := &exchange{
		w: w, r: httptest.NewRequest("POST", g.path, nil), ep: ep, answer: &upstream.Answer{Status: 200}, upstream: &Upstream{},
		policy: &snapshot{policy: s.policy}, session: &identity.Session{Principal: reeve.Principal{Roles: []reeve.Role{reeve.RoleEmployee}}, Key: &identity.Key{}},
		req: upstream.Request{Model: "m"}, concluded: true,
	}
	r := s.g.newRelay(x, g.sse)
	defer r.free()
	before, after := "", "\n"
	if g.sse {
		before, after = "data: ", "\n\n"
	}
	s.wire.Reset()
	for _, p := range pieces {
		fmt.Fprintf(&s.wire, before+g.piece+after, upstream.AppendQuoted(nil, []byte(p)))
	}
	fmt.Fprint(&s.wire, before+g.end+after)
	if g.sse {
		fmt.Fprint(&s.wire, "data: [DONE]\n\n")
	}
	for rest := s.wire.Bytes(); len(rest) > 0 && r.stop == nil; {
		n := len(rest)
		if rng != nil && rng.IntN(2) == 0 {
			n = 1 + rng.IntN(len(rest))
		}
		r.stop = r.frames.Feed(rest[:n], r.frame)
		rest = rest[n:]
		r.flush()
	}
	if refusal := r.finish("text/event-stream"); refusal != nil {
		t.Fatal(refusal)
	}
	return w.Body.Bytes(), x
}

func endpointOf(path string) *upstream.Endpoint {
	for _, e := range upstream.Endpoints() {
		if e.Path == path {
			return &e
		}
	}
	return nil
}
