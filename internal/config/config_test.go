package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/reeve-ai/reeve"
	"github.com/reeve-ai/reeve/internal/config"
)

var ignoreDir = cmpopts.IgnoreUnexported(config.Config{})

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	got, err := config.Load("")
	must(t, err)
	if diff := cmp.Diff(config.Default(), got, ignoreDir); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
}

func TestDefaultIsValidAndOnLoopback(t *testing.T) {
	c := config.Default()
	if problems := c.Validate(); problems != nil {
		t.Errorf("%+v", problems)
	}
	if !strings.HasPrefix(c.Gateway.Listen, "127.0.0.1:") || !strings.HasPrefix(c.Gateway.AdminListen, "127.0.0.1:") || c.Gateway.Insecure {
		t.Errorf("the defaults can be reached from elsewhere: %+v", c.Gateway)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "reeve.yaml")
	must(t, os.WriteFile(path, []byte(`# yaml-language-server: $schema=x
version: 1
gateway:
  listen: ":8443"
  admin_listen: ""
  tls: {mode: local, names: [llm.example.org, 192.0.2.7]}
  max_body: 64MiB
  timeouts: {upstream_first_byte: 10m, idle: 1d}
  upstreams:
    - {name: local, url: "http://127.0.0.1:11434", dialect: ollama}
    - name: gpu
      url: https://gpu.example.org/base
      api_key: env:GPU_KEY
  models:
    - {name: support-bot, upstream: gpu, upstream_model: "llama3:8b", label: "confidential{PII}"}
  routes:
    - {path: /v1/embeddings, custody: best_effort}
    - path: /v1/models
custody:
  segment: 1GiB
guard: {policy: policies/guard.yaml}
keys:
`), 0o600))
	got, err := config.Load(path)
	must(t, err)
	want := config.Default()
	want.Gateway.Listen, want.Gateway.AdminListen = ":8443", ""
	want.Gateway.TLS = config.TLS{Mode: "local", Names: []string{"llm.example.org", "192.0.2.7"}}
	want.Gateway.MaxBody = 64 << 20
	want.Gateway.Timeouts.UpstreamFirstByte = config.Duration(10 * time.Minute)
	want.Gateway.Timeouts.Idle = config.Duration(24 * time.Hour)
	want.Gateway.Upstreams = []config.Upstream{
		{Name: "local", URL: "http://127.0.0.1:11434", Dialect: "ollama"},
		{Name: "gpu", URL: "https://gpu.example.org/base", Dialect: "auto", APIKey: "env:GPU_KEY"},
	}
	want.Gateway.Models = []config.Model{{Name: "support-bot", Upstream: "gpu", UpstreamModel: "llama3:8b", Label: reeve.NewLabel(reeve.Confidential, "PII")}}
	want.Gateway.Routes = []config.Route{{Path: "/v1/embeddings", Custody: "best_effort", Hold: "off"}, {Path: "/v1/models", Custody: "durable", Hold: "off"}}
	want.Custody.Segment = 1 << 30
	want.Guard.Policy = "policies/guard.yaml"
	if diff := cmp.Diff(want, got, ignoreDir); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	if p := got.Path(got.Guard.Policy); p != filepath.Join(filepath.Dir(path), "policies/guard.yaml") {
		t.Errorf("the policy is looked for at %s", p)
	}
}

func TestLoadRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	var hint interface{ Hint() string }
	if _, err := config.Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &hint) {
		t.Errorf("missing: %v", err)
	}
	if _, err := config.Load(dir); err == nil {
		t.Error("a directory was read")
	}
	large := filepath.Join(dir, "large.yaml")
	must(t, os.WriteFile(large, []byte(strings.Repeat("# comment\n", 200_000)), 0o600))
	if _, err := config.Load(large); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("too large: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	got, err := config.Parse("", []byte("gateway: {listen: \"127.0.0.1:1\"}"),
		"REEVE_GATEWAY_LISTEN=127.0.0.1:9", "REEVE_GATEWAY_TIMEOUTS_IDLE=3m", "REEVE_GATEWAY_TLS_MODE=local", "REEVE_CUSTODY_QUEUE=64",
		"REEVE_GATEWAY_SERVICE_HOST=10.0.0.1", "REEVE_GATEWAY_UPSTREAMS=x", "PATH=/bin", "odd")
	must(t, err)
	want := config.Default()
	want.Gateway.Listen, want.Gateway.Timeouts.Idle = "127.0.0.1:9", config.Duration(3*time.Minute)
	want.Gateway.TLS.Mode, want.Custody.Queue = "local", 64
	if diff := cmp.Diff(want, got, ignoreDir); diff != "" {
		t.Error("(-want +got):\n" + diff)
	}
	_, err = config.Parse("", nil, "REEVE_KEYS_ROOT=hunter2-hunter2", "REEVE_CUSTODY_QUEUE=many", "REEVE_GATEWAY_TLS_MODE=on")
	for _, part := range []string{"REEVE_KEYS_ROOT: a key is not written here", "REEVE_CUSTODY_QUEUE: want a whole number", "gateway.tls.mode: want one of off, local, files"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not in %v", part, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "hunter2") {
		t.Error("the error repeats a secret")
	}
}

// What Show prints is read back to the same configuration.
func TestShowRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[a-zA-Z0-9 :#{}\[\],&*!|>'"%@./_\-~]{1,12}`)
	rapid.Check(t, func(t *rapid.T) {
		c := config.Default()
		c.Gateway.Insecure = rapid.Bool().Draw(t, "insecure")
		c.Gateway.MaxBody = config.Size(rapid.Int64Range(1<<10, 1<<30).Draw(t, "max_body"))
		c.Gateway.Timeouts.Idle = config.Duration(rapid.Int64Range(int64(time.Second), 1<<60).Draw(t, "idle"))
		c.Gateway.Upstreams = []config.Upstream{{Name: "a", URL: "http://localhost:1", Dialect: "auto", APIKey: config.Secret("file:" + text.Draw(t, "secret"))}}
		c.Gateway.Models = []config.Model{{Name: text.Draw(t, "model"), UpstreamModel: text.Draw(t, "upstream model"), Label: reeve.NewLabel(reeve.Confidential, "PII", "X")}}
		c.Guard.Policy = text.Draw(t, "policy")
		shown, err := config.Show(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse("", shown)
		if err != nil {
			t.Fatalf("%v\n%s", err, shown)
		}
		if diff := cmp.Diff(c, got, ignoreDir, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("(-want +got):\n%s\n%s", diff, shown)
		}
	})
}

func TestScalars(t *testing.T) {
	for text, want := range map[string]config.Duration{
		"0s": 0, "500ms": config.Duration(500 * time.Millisecond), "1h": config.Duration(time.Hour), "1m30s": config.Duration(90 * time.Second),
		"2d": config.Duration(48 * time.Hour), "1h0m5s": config.Duration(time.Hour + 5*time.Second),
	} {
		var got config.Duration
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for text, want := range map[string]config.Size{"0": 0, "17B": 17, "1KiB": 1024, "3MiB": 3 << 20, "2GiB": 2 << 30} {
		var got config.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
		if got.String() != text {
			t.Errorf("%s is written as %s", text, got)
		}
	}
	for _, text := range []string{"", "5", "-5s", "d", "-1d", "1.5d", "99999999999999d", "1w", "soon"} {
		if d := config.Duration(1); d.UnmarshalText([]byte(text)) == nil {
			t.Errorf("duration %q is read as %v", text, d)
		}
	}
	for _, text := range []string{"", "-1", "1kb", "1MB", "1.5GiB", "9223372036854775807KiB", "B"} {
		if s := config.Size(1); s.UnmarshalText([]byte(text)) == nil {
			t.Errorf("size %q is read as %v", text, s)
		}
	}
	for text, ok := range map[string]bool{"": true, "file:/etc/x": true, "env:X": true, "file:": false, "env:": false, "sk-12345": false, "vault:x": false, "file:a\nb": false} {
		var s config.Secret
		if err := s.UnmarshalText([]byte(text)); (err == nil) != ok {
			t.Errorf("secret %q: %v", text, err)
		}
	}
}

func TestSecret(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"plain": "s3cret", "line": "s3cret\n", "dos": "s3cret\r\n", "two": "s3cret\n\n", "empty": "\n", "huge": strings.Repeat("x", 70_000)} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	t.Setenv("REEVE_TEST_SECRET", "from env")
	t.Setenv("REEVE_TEST_EMPTY", "")
	c, err := config.Parse(filepath.Join(dir, "reeve.yaml"), nil)
	must(t, err)
	for ref, want := range map[config.Secret]string{
		"": "", "file:plain": "s3cret", "file:line": "s3cret", "file:dos": "s3cret", "file:two": "s3cret\n",
		config.Secret("file:" + filepath.Join(dir, "plain")): "s3cret", "env:REEVE_TEST_SECRET": "from env",
	} {
		if got, err := c.Secret(ref); got != want || err != nil {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
	for _, ref := range []config.Secret{"file:empty", "file:huge", "file:none", "env:REEVE_TEST_EMPTY", "env:REEVE_TEST_NONE", "plain text"} {
		got, err := c.Secret(ref)
		if got != "" || err == nil {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "plain text") {
			t.Errorf("the error repeats what may be a secret: %v", err)
		}
	}
	for spec, want := range map[config.RootKey]string{
		"": "", "file:plain": "file:" + filepath.Join(dir, "plain"), "env:X": "env:X", "tpm:": "tpm:", "vault:https://v.example/k": "vault:https://v.example/k",
		"passphrase-file:p": "passphrase-file:" + filepath.Join(dir, "p"), "exec:/bin/x": "exec:/bin/x", "credential:c": "credential:c",
	} {
		c.Keys.Root = spec
		if got := c.RootKey(); got != want {
			t.Errorf("root key %q is at %q", spec, got)
		}
	}
	for _, bad := range []string{"file:", "env:", "credential:", "vault:", "exec:", "0707", "keychain:x", "file:a\nb"} {
		var k config.RootKey
		if err := k.UnmarshalText([]byte(bad)); err == nil || strings.Contains(err.Error(), "0707") {
			t.Errorf("root key %q: %v", bad, err)
		}
	}
}
