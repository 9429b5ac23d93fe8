//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// gateway is a reeve serve with its data directory and one key.
type gateway struct {
	*process
	data string
	key  string
}

// startReeve puts a fresh reeve before a runtime, as shipped: default policy, durable custody. More are further flags of serve.
func startReeve(t *testing.T, upstream, dialect string, more ...string) *gateway {
	t.Helper()
	g := &gateway{data: filepath.Join(t.TempDir(), "data")}
	g.key = g.newKey(t, "e2e")
	listen, admin := freeAddr(t), freeAddr(t)
	g.process = start(t, "reeve", "http://"+admin+"/readyz", []string{"HOME=" + t.TempDir()}, tools.reeve,
		append([]string{"serve", "--data", g.data, "--listen", listen, "--admin-listen", admin, "--upstream", upstream, "--dialect", dialect}, more...)...)
	g.url = "http://" + listen
	return g
}

// newKey makes a key with the command, as a user would, also while the server runs.
func (g *gateway) newKey(t *testing.T, name string, more ...string) string {
	t.Helper()
	out, code := command(t, tools.reeve, append([]string{"key", "create", "--data", g.data, "--name", name, "--format", "json"}, more...)...)
	var made struct{ ID, Key string }
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || made.ID == "" || made.Key == "" {
		t.Fatalf("key create: exit %d, %v", code, err)
	}
	return made.Key
}

// exchange is what custody show prints.
type exchange struct {
	SchemaVersion int               `json:"schema_version"`
	ID            string            `json:"id"`
	Status        string            `json:"status"`
	Records       []json.RawMessage `json:"records"`
	Input         string            `json:"input"`
	Output        string            `json:"output"`
}

func (g *gateway) show(t *testing.T, id string, more ...string) exchange {
	t.Helper()
	out, code := command(t, tools.reeve, append([]string{"custody", "show", id, "--data", g.data, "--format", "json"}, more...)...)
	var x exchange
	if err := json.Unmarshal([]byte(out), &x); err != nil || code != 0 {
		t.Errorf("custody show %s: exit %d, %v", id, code, err)
	}
	if x.ID != id {
		t.Errorf("custody show %s tells about %q", id, x.ID)
	}
	return x
}

// verify demands that the log is whole.
func (g *gateway) verify(t *testing.T) (leaves int) {
	t.Helper()
	out, code := command(t, tools.reeve, "custody", "verify", g.data, "--format", "json")
	var report struct {
		OK       bool
		Leaves   int
		FirstBad *int `json:"first_bad"`
		Problems []any
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != 0 || !report.OK || report.FirstBad != nil || len(report.Problems) > 0 {
		t.Errorf("custody verify: exit %d, %v: %s", code, err, out)
	}
	return report.Leaves
}

// quiet demands that nothing of what was said is in the server's own output, nor readable in its data directory.
func (g *gateway) quiet(t *testing.T, secrets ...string) {
	t.Helper()
	look := func(path string, b []byte) {
		for _, s := range secrets {
			if strings.Contains(string(b), s) {
				t.Errorf("%s holds text of an exchange or a key in the clear (%d bytes long)", filepath.Base(path), len(s))
			}
		}
	}
	b, err := os.ReadFile(g.log)
	if err != nil {
		t.Fatal(err)
	}
	look(g.log, b)
	err = filepath.WalkDir(g.data, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		look(path, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
