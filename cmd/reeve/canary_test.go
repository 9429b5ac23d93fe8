package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/reeve-ai/reeve/internal/custody"
	"github.com/reeve-ai/reeve/internal/demo"
	"github.com/reeve-ai/reeve/internal/keyring"
)

// TestCanaries runs a server, sends prompts, and then looks in every file of the data directory and in the log output for all that must
// never be there: the prompts and answers, the root key, and every key, salt and pepper between. It unwraps them by a reading of the
// formats of its own. It looks beside the running server, after the keys are destroyed, and after the server was killed so that others
// would leave a core dump.
func TestCanaries(t *testing.T) {
	convs, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	model := httptest.NewServer(demo.Server(demo.Train(convs)))
	defer model.Close()
	c := startCanaries(t, model.URL)
	prompts := []string{"canary-prompt-a7Qx of Jane", "canary-prompt-b8Rz of Joe"}
	for i, p := range prompts {
		c.say(t, p, i == 1)
	}
	secrets := c.secrets(t)
	if len(secrets.keks) < 1 || len(secrets.all) < 12 {
		t.Fatalf("%d keys, %d secrets: the search would find nothing", len(secrets.keks), len(secrets.all))
	}
	for i, p := range prompts {
		secrets.all[fmt.Sprint("prompt ", i)] = []byte(p)
		secrets.all[fmt.Sprint("address ", i)] = []byte("Falkenrode")
	}
	c.search(t, "while it runs", secrets.all)

	ring, err := keyring.Open(keyring.Options{Dir: c.dir, Root: c.root})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := ring.DestroyKEKs(secrets.keks)
	if err != nil || len(gone) != len(secrets.keks) {
		t.Errorf("destroyed %d of %d keys: %v", len(gone), len(secrets.keks), err)
	}
	if err := ring.Close(); err != nil {
		t.Error(err)
	}
	c.say(t, prompts[0], false) // under new keys: the server has noticed
	for id, wrapped := range secrets.wrapped {
		secrets.all["wrapped "+id] = wrapped
	}
	c.search(t, "after the erasure", secrets.all)

	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", c.cmd.Process.Pid))
	if err == nil && !regexp.MustCompile(`Max core file size +0 +0 `).Match(limits) {
		t.Errorf("core dumps are allowed:\n%s", limits)
	}
	if err := c.cmd.Process.Signal(syscall.SIGABRT); err != nil {
		t.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed
	c.ended = true
	if dumps, err := filepath.Glob(filepath.Join(c.cmd.Dir, "*core*")); err != nil || len(dumps) > 0 {
		t.Errorf("core dumps %v, %v", dumps, err)
	}
	c.search(t, "after a crash", secrets.all)
}

// canaries is a server of its own process.
type canaries struct {
	dir, root, url string
	rootKey        []byte
	cmd            *exec.Cmd
	said           *os.File // what the server wrote on standard error
	ended          bool
}

func startCanaries(t *testing.T, model string) *canaries {
	t.Helper()
	work := t.TempDir()
	c := &canaries{dir: filepath.Join(work, "d"), rootKey: bytes.Repeat([]byte{0xc7, 0x1e, 0x5b, 0x90}, 8)}
	path := filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(path, []byte(hex.EncodeToString(c.rootKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	c.root = "file:" + path
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if c.said, err = os.Create(filepath.Join(work, "stderr")); err != nil {
		t.Fatal(err)
	}
	c.cmd = &exec.Cmd{
		Path: self, Dir: work, Stderr: c.said, Stdout: c.said, Env: append(os.Environ(), "GOTRACEBACK=crash"),
		Args: []string{"reeve", "serve", "--data", c.dir, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--upstream", model, "--root-key", c.root},
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !c.ended {
			_ = c.cmd.Process.Kill()
			_ = c.cmd.Wait()
		}
		c.said.Close()
	})
	serving := regexp.MustCompile(`serving on (http://\S+)`)
	for range 400 {
		<-time.After(50 * time.Millisecond)
		if m := serving.FindSubmatch(c.output(t)); m != nil {
			c.url = string(m[1])
			return c
		}
	}
	t.Fatalf("the server does not start: %s", c.output(t))
	return nil
}

func (c *canaries) output(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(c.said.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// say sends one prompt with an anonymous caller's rights or the administrator's key, as the server's first lines give it.
func (c *canaries) say(t *testing.T, prompt string, stream bool) {
	t.Helper()
	key := regexp.MustCompile(`shown this once: (\S+)`).FindSubmatch(c.output(t))
	if key == nil {
		t.Fatal("no administrator's key")
	}
	body := fmt.Sprintf(`{"model":"reeve-demo","stream":%v,"messages":[{"role":"user","content":%q},{"role":"user","content":"Which address is on file for Ingrid Falkenrode?"}]}`, stream, prompt)
	req, err := http.NewRequest(http.MethodPost, c.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+string(key[1]))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d: %s %v", resp.StatusCode, b, err)
	}
}

// search fails for every secret that a file holds, as it is, in hex or in base64.
func (c *canaries) search(t *testing.T, when string, secrets map[string][]byte) {
	t.Helper()
	files, size := 0, 0
	err := filepath.WalkDir(filepath.Dir(c.dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b = bytes.TrimRight(b, "\x00")
		files, size = files+1, size+len(b)
		for what, s := range secrets {
			for _, form := range [][]byte{
				s, []byte(hex.EncodeToString(s)), []byte(base64.RawStdEncoding.EncodeToString(s)), []byte(base64.RawURLEncoding.EncodeToString(s)),
			} {
				if bytes.Contains(b, form) {
					t.Errorf("%s: %s holds the %s", when, path, what)
				}
			}
		}
		return nil
	})
	if err != nil || files < 8 || size < 20_000 {
		t.Errorf("%s: the search looked at %d files, %d bytes: %v", when, files, size, err)
	}
}

// unwrapped is everything that the root key leads to.
type unwrapped struct {
	all     map[string][]byte
	keks    []keyring.KEKID
	wrapped map[string][]byte // as keys.db has them
}

// secrets reads keys.db and the log by a reading of its own.
func (c *canaries) secrets(t *testing.T) unwrapped {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(c.dir, "keys.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	u := unwrapped{all: map[string][]byte{"root key": c.rootKey}, wrapped: map[string][]byte{}}
	masters := map[string][]byte{}
	each(t, db, `SELECT name, wrapped FROM masters`, 2, func(row [][]byte) {
		plain := openGCM(t, c.rootKey, row[1][3:], append(bytes.Clone(row[1][:3]), "reeve.master/2\x00"+string(row[0])...))
		masters[string(row[0])] = plain[:32]
		u.all[fmt.Sprintf("master key %x", row[0])], u.all[fmt.Sprintf("index key %x", row[0])] = plain[:32], plain[32:]
	})
	each(t, db, `SELECT name, wrapped FROM secrets`, 2, func(row [][]byte) {
		u.all["secret "+string(row[0])] = openGCM(t, masters["house"], row[1], []byte("reeve.secret/1\x00"+string(row[0])))
	})
	keks := map[string][]byte{}
	each(t, db, `SELECT k.id, k.tenant, k.subject, s.wrapped FROM keks k JOIN slots s ON s.slot = k.slot`, 4, func(row [][]byte) {
		plain := openGCM(t, masters[string(row[1])], row[3], []byte("reeve.kek/2\x00"+string(row[0])+string(row[1])+string(row[2])))
		keks[string(row[0])] = plain[:32]
		u.all[fmt.Sprintf("KEK %x", row[0])], u.all[fmt.Sprintf("pepper %x", row[0])] = plain[:32], plain[32:]
		u.keks = append(u.keks, keyring.KEKID(row[0]))
		u.wrapped[hex.EncodeToString(row[0])] = row[3]
	})
	r, err := custody.OpenReader(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	size, err := r.Size()
	if err != nil {
		t.Fatal(err)
	}
	err = r.Range(0, size, func(s *custody.Stored) error {
		if s.Sealed == nil {
			return nil
		}
		plain := openSealed(keks[string(s.Sealed[:16])], s)
		if plain == nil {
			return fmt.Errorf("record %d does not open", s.Seq)
		}
		u.all[fmt.Sprint("data key of record ", s.Seq)], u.all[fmt.Sprint("salt of record ", s.Seq)] = plain[:32], plain[32:]
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// openSealed opens the head of a sealed part: docs/custody-format.md. The kind is one byte; it is tried out.
func openSealed(kek []byte, s *custody.Stored) []byte {
	for kind := range byte(64) {
		aad := append(binary.BigEndian.AppendUint64(bytes.Clone(s.ID[:]), s.Seq), kind)
		if plain, err := gcmOpen(kek, s.Sealed[16:16+12+80], aad); err == nil {
			return plain
		}
	}
	return nil
}

func gcmOpen(key, b, aad []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, b[:12], b[12:], aad)
}

func openGCM(t *testing.T, key, b, aad []byte) []byte {
	t.Helper()
	plain, err := gcmOpen(key, b, aad)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func each(t *testing.T, db *sql.DB, query string, columns int, fn func(row [][]byte)) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		row, into := make([][]byte, columns), make([]any, columns)
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		fn(row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
