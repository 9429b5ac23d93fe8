package admin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/admin"
	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/keyring"
	"github.com/reeve-ai/reeve/internal/people"
)

// TestReviewOperations calls every operation on the review queue under the policies that ship; the harness holds each answer
// against the document.
func TestReviewOperations(t *testing.T) {
	var s *server
	var queue *people.Service
	dir := t.TempDir()
	ring, err := keyring.Open(keyring.Options{Dir: dir})
	must(t, err)
	log, err := custody.Open(custody.Options{Dir: dir, Keys: ring})
	must(t, err)
	reader, err := log.Reader()
	must(t, err)
	t.Cleanup(func() { reader.Close(); log.Close(); ring.Close() })
	s = newServer(t, func(o *admin.Options) {
		byPolicy(o)
		rules := people.DefaultRules()
		rules.Second = 0
		queue, err = people.Open(t.Context(), people.Options{
			Store: o.Store.(people.Store), Log: log, Reader: reader, Keys: ring, Access: o.Access, Clock: o.Clock, Rules: rules,
			Find: func(_ context.Context, id custody.ID) ([]uint64, error) { return reader.Find(id) },
			Mask: func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "jane", "[NAME]")) },
			Principal: func(ctx context.Context, who string) (reeve.Principal, bool, error) {
				return s.dir.Principal(ctx, who)
			},
		})
		must(t, err)
		o.Reviews = queue
	})
	flagged := func(subject string) string {
		id := custody.NewID(s.clock.now())
		q := custody.Request{Subject: subject, Route: "/v1/chat/completions", Op: "chat", Model: "m", LabelIn: "public"}
		must(t, log.Outcome(&custody.Outcome{
			ID: id, Start: s.clock.now(), End: s.clock.now(), Request: &q, Input: []byte("ask jane"), Output: []byte("no"), Result: "ok", LabelOut: "public",
			GuardOut: []custody.GuardResult{{Rule: "x", Stage: "out", Action: reeve.Review, Count: 1, Score: 0.9}},
		}))
		must(t, queue.CatchUp(t.Context()))
		return id.String()
	}
	person := func(name, role string) (id, key string) {
		id = s.want(201, "", s.do("POST", "/admin/v1/users", `{"name":"`+name+`","roles":["`+role+`"],"employment":"active","clearance":"internal"}`)).get("id")
		return id, s.keyOf(id)
	}
	rui, ruiKey := person("rui", "reviewer")
	_, riaKey := person("ria", "reviewer")
	_, cleoKey := person("cleo", "compliance")
	_, edKey := person("ed", "employee")
	a, b, own := flagged("key:x"), flagged("key:y"), flagged("user:"+rui)
	const reviews = "/admin/v1/reviews"
	s.want(200, "", s.do("GET", reviews+"?state=open&source=flag&limit=2", "", key(ruiKey)))
	s.want(400, "admin/limit", s.do("GET", reviews+"?limit=0", "", key(ruiKey)))
	s.want(200, "", s.do("GET", reviews+"/stats", "", key(ruiKey)))
	s.want(400, "admin/since", s.do("GET", reviews+"/stats?since=soon", "", key(ruiKey)))
	if a := s.do("GET", reviews, "", key(edKey)); a.status != 403 {
		t.Errorf("an employee lists the queue: %d", a.status)
	}
	got := s.want(200, "", s.do("GET", reviews+"/"+a, "", key(ruiKey)))
	if !strings.Contains(got.text, "ask [NAME]") || strings.Contains(got.text, "jane") {
		t.Error(got.text)
	}
	s.want(404, "admin/not-found", s.do("GET", reviews+"/01ARZ3NDEKTSV4RRFFQ69G5FAV", "", key(ruiKey)))
	if a := s.do("GET", reviews+"/"+a, "", key(edKey)); a.status != 403 {
		t.Errorf("an employee reads an item: %d", a.status)
	}
	s.want(200, "", s.do("POST", reviews+"/"+a+"/claim", "", key(ruiKey), header("If-Match", got.header.Get("ETag"))))
	s.want(409, "review/taken", s.do("POST", reviews+"/"+a+"/claim", "", key(riaKey)))
	s.want(409, "review/taken", s.do("POST", reviews+"/"+a+"/decide", `{"outcome":"release","reason":"fine"}`, key(ruiKey), header("If-Match", got.header.Get("ETag"))))
	s.want(422, "review/invalid", s.do("POST", reviews+"/"+a+"/decide", `{"outcome":"perhaps","reason":"fine"}`, key(ruiKey)))
	s.want(422, "review/invalid", s.do("POST", reviews+"/"+a+"/reveal", `{"reason":""}`, key(ruiKey)))
	if got := s.want(200, "", s.do("POST", reviews+"/"+a+"/reveal", `{"reason":"who is it about?"}`, key(ruiKey))); !strings.Contains(got.text, "ask jane") {
		t.Error(got.text)
	}
	s.want(200, "", s.do("POST", reviews+"/"+a+"/decide", `{"outcome":"confirm","category":"personal-data","reason":"it is a person"}`, key(ruiKey)))
	s.want(409, "review/taken", s.do("POST", reviews+"/"+a+"/decide", `{"outcome":"release","reason":"too late"}`, key(riaKey)))
	s.want(403, "review/not-yours", s.do("POST", reviews+"/"+own+"/claim", "", key(ruiKey)))
	s.want(200, "", s.do("POST", reviews+"/"+b+"/assign", `{"to":"ria"}`, key(cleoKey)))
	s.want(200, "", s.do("POST", reviews+"/"+b+"/give-back", "", key(riaKey)))
	s.want(422, "review/invalid", s.do("POST", reviews+"/"+b+"/assign", `{"to":"nobody"}`, key(cleoKey)))
	if got := s.want(200, "", s.do("POST", reviews+"/claim", `{"n":5}`, key(ruiKey))); strings.Contains(got.text, own) || !strings.Contains(got.text, b) {
		t.Error(got.text)
	}
	for path, operations := range s.doc.paths {
		for method := range operations {
			if strings.HasPrefix(path, reviews) && !s.doc.seen[strings.ToUpper(method)+" "+path] {
				t.Errorf("%s %s was never answered", method, path)
			}
		}
	}
	// A server without a queue says so.
	s.want(404, "admin/reviews", newServer(t, byPolicy).do("GET", reviews+"/"+a, ""))
}
