//go:build e2e

package identity

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestReplicas runs three servers on one PostgreSQL database. What is revoked at one is refused within a second at every
// other, by API and by command line; and where the database goes away, nobody is let in.
func TestReplicas(t *testing.T) {
	address := need(t, "REEVE_TEST_POSTGRES")
	env := "REEVE_DB=" + address
	const identity = "identity: {database: 'env:REEVE_DB'}\n"
	first := serve(t, identity, env)
	others := []*server{serve(t, identity, env), serve(t, identity, env)}
	if first.key == "" || others[0].key != "" {
		t.Fatal("not one administrator's key, but none or several")
	}
	create := func() (id, key string) {
		t.Helper()
		status, made := do(t, "POST", first.admin+"/admin/v1/keys", first.key, `{"name":"k","role":"employee","clearance":"internal"}`)
		if status != 201 {
			t.Fatalf("create: %d %v", status, made)
		}
		return made["id"].(string), made["key"].(string)
	}
	within := func(what string, since time.Time, key string, want int) {
		t.Helper()
		for i, s := range others {
			for s.chat(key) != want {
				if time.Since(since) > 5*time.Second {
					t.Fatalf("%s: server %d still answers otherwise", what, i+2)
				}
				time.Sleep(5 * time.Millisecond)
			}
			took := time.Since(since)
			t.Logf("%s: server %d after %v", what, i+2, took.Round(time.Millisecond))
			if took > time.Second {
				t.Errorf("%s took %v on server %d, more than a second", what, took, i+2)
			}
		}
	}
	for range 3 {
		id, key := create()
		within("a new key", time.Now(), key, 200)
		if status, _ := do(t, "DELETE", first.admin+"/admin/v1/keys/"+id, first.key, ""); status != 204 {
			t.Fatal(status)
		}
		at := time.Now()
		if got := first.chat(key); got != 401 {
			t.Errorf("the server that revoked the key answers %d", got)
		}
		within("a revoked key", at, key, 401)
	}
	id, key := create()
	within("a new key", time.Now(), key, 200)
	first.cli([]string{env}, "key", "revoke", id)
	within("a key revoked at the command line", time.Now(), key, 401)

	_, key = create()
	within("a new key", time.Now(), key, 200)
	ctl := strings.Fields(need(t, "REEVE_TEST_POSTGRES_CTL"))
	if out, err := exec.Command(ctl[0], append(ctl[1:], "-m", "immediate", "stop")...).CombinedOutput(); err != nil {
		t.Fatalf("stop the database: %v: %s", err, out)
	}
	gone := time.Now()
	for others[0].chat(key) != 503 {
		if time.Since(gone) > 10*time.Second {
			t.Fatal("without a database the key still opens the door")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("without a database nobody is let in after %v", time.Since(gone).Round(time.Millisecond))
}
