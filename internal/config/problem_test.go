package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/reeve-ai/reeve/internal/config"
)

// The whole message is compared: it is what a user has in front of them.
func TestProblems(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"unknown key", "gateway:\n  lisen: 127.0.0.1:1\n", `
reeve.yaml:2:3: gateway.lisen: unknown key
    2 |   lisen: …
      |   ^
        did you mean listen?`},
		{"unknown key, nothing like it", "guard:\n  frobnicate: true\n", `
reeve.yaml:2:3: guard.frobnicate: unknown key
    2 |   frobnicate: …
      |   ^
        known here: policy`},
		{"repeated key", "custody:\n  queue: 64\n  queue: 65\n", `
reeve.yaml:3:3: custody.queue: the key is given twice
    3 |   queue: 65
      |   ^
        keep one of the two`},
		{"several at once, in the order of the file", "version: 2\ngateway:\n  max_body: 1 parsec\n  insecure: \"true\"\n  tls: {mode: on}\ncustody: [1]\n", `
reeve.yaml:1:10: version: want at most 1
    1 | version: 2
      |          ^
reeve.yaml:3:13: gateway.max_body: want a size such as 512KiB, 32MiB or 1GiB
    3 |   max_body: 1 parsec
      |             ^
reeve.yaml:4:13: gateway.insecure: want true or false, not text
    4 |   insecure: "true"
      |             ^
        remove the quotes
reeve.yaml:5:15: gateway.tls.mode: want one of off, local, files, acme
    5 |   tls: {mode: on}
      |               ^
reeve.yaml:6:10: custody: want keys with values here
    6 | custody: [1]
      |          ^
        write "key: value" lines, indented by two spaces`},
		{"a secret in the file", "gateway:\n  upstreams:\n    - name: a\n      url: https://a\n      api_key: sk-live-4242\n", `
reeve.yaml:5:16: gateway.upstreams[0].api_key: a secret is not written here; say where it is: file:PATH or env:NAME
    5 |       api_key: …
      |                ^`},
		{"a secret in one line with others", "gateway:\n  upstreams:\n    - {name: a, url: https://a, api_key: sk-live-4242}\n", `
reeve.yaml:3:42: gateway.upstreams[0].api_key: a secret is not written here; say where it is: file:PATH or env:NAME`},
		{"a password in an address", "gateway:\n  upstreams:\n    - name: a\n      url: http://u:sk-live-4242@a\n", `
reeve.yaml:4:12: gateway.upstreams[0].url: the address holds a name or password
    4 |       url: …
      |            ^
        give it as api_key: file:PATH or env:NAME`},
		{"a secret under a key that does not exist", "sk: sk-live-4242\n", `
reeve.yaml:1:1: sk: unknown key
    1 | sk: …
      | ^
        known here: version, gateway, custody, guard, labels, access, gate, review, keys, admission, identity, monitoring, console`},
		{"a secret in a line that is no YAML", "gateway:\n  listen: \"x\n-----BEGIN sk-live-4242\n", `
reeve.yaml:2:11: could not find end character of double-quoted text
    2 |   listen: "x
      |           ^`},
		{"anchors", "gateway:\n  listen: &a 127.0.0.1:1\n  admin_listen: *a\n", `
reeve.yaml:2:11: gateway.listen: anchors, aliases and tags are not supported
    2 |   listen: &a 127.0.0.1:1
      |           ^
        write the value out
reeve.yaml:3:17: gateway.admin_listen: anchors, aliases and tags are not supported
    3 |   admin_listen: *a
      |                 ^
        write the value out`},
		{"beyond loopback", "gateway: {listen: \"0.0.0.0:8400\"}\n", `
reeve.yaml:1:19: gateway.listen: this address can be reached from other machines, and TLS is off
    1 | gateway: {listen: "0.0.0.0:8400"}
      |                   ^
        set gateway.tls.mode to local, files or acme; or, behind a proxy that does TLS, gateway.insecure to true, which is put on record`},
		{"two documents", "version: 1\n---\nversion: 1\n", `
reeve.yaml:3:8: a second document begins here
    3 | version: 1
      |        ^
        keep one document in the file: remove the line ---`},
		{"a list where keys belong", "- version: 1\n", `
reeve.yaml:1:1: want keys with values here
    1 | - version: 1
      | ^
        write "key: value" lines, indented by two spaces`},
		{"binary", "version: 1\x00", "\nreeve.yaml: this is no text: it has bytes of value 0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("reeve.yaml", []byte(tt.text))
			var problems *config.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), err.Error()); diff != "" {
				t.Error("(-want +got):\n" + diff)
			}
			if strings.Contains(err.Error(), "4242") {
				t.Error("the message shows a secret")
			}
		})
	}
}

// Each line is one wrong configuration and the key that must be named.
func TestValidate(t *testing.T) {
	for _, tt := range []struct{ text, path string }{
		{"version: 0", "version"},
		{"version: two", "version"},
		{"gateway: {listen: 8400}", "gateway.listen"},
		{"gateway: {listen: localhost}", "gateway.listen"},
		{"gateway: {listen: 'localhost:99999'}", "gateway.listen"},
		{"gateway: {listen: ':8400'}", "gateway.listen"},
		{"gateway: {listen: 'myhost:8400'}", "gateway.listen"},
		{"gateway: {listen: '[::]:8400'}", "gateway.listen"},
		{"gateway: {listen: ''}", "gateway.listen"},
		{"gateway: {admin_listen: '10.0.0.1:1'}", "gateway.admin_listen"},
		{"gateway: {admin_listen: '127.0.0.1:8400'}", "gateway.admin_listen"},
		{"gateway: {max_body: 0}", "gateway.max_body"},
		{"gateway: {max_body: 2GiB}", "gateway.max_body"},
		{"gateway: {timeouts: {read_header: 0s}}", "gateway.timeouts.read_header"},
		{"gateway: {timeouts: {read_body: -1s}}", "gateway.timeouts.read_body"},
		{"gateway: {tls: {mode: files}}", "gateway.tls.mode"},
		{"gateway: {tls: {mode: files, cert: a}}", "gateway.tls.mode"},
		{"gateway: {tls: {cert: a, key: b}}", "gateway.tls.mode"},
		{"gateway: {tls: {names: [a]}}", "gateway.tls.names"},
		{"gateway: {tls: {mode: local, names: [1]}}", "gateway.tls.names[0]"},
		{"gateway: {upstreams: [{url: 'https://a'}]}", "gateway.upstreams[0].name"},
		{"gateway: {upstreams: [{name: 'a b', url: 'https://a'}]}", "gateway.upstreams[0].name"},
		{"gateway: {upstreams: [{name: a, url: 'https://a'}, {name: a, url: 'https://b'}]}", "gateway.upstreams[1].name"},
		{"gateway: {upstreams: [{name: a}]}", "gateway.upstreams[0].url"},
		{"gateway: {upstreams: [{name: a, url: 'ftp://a'}]}", "gateway.upstreams[0].url"},
		{"gateway: {upstreams: [{name: a, url: 'https://a/?x'}]}", "gateway.upstreams[0].url"},
		{"gateway: {upstreams: [{name: a, url: 'https://a/../b'}]}", "gateway.upstreams[0].url"},
		{"gateway: {upstreams: [{name: a, url: 'https://a', dialect: grpc}]}", "gateway.upstreams[0].dialect"},
		{"gateway: {upstreams: [null]}", "gateway.upstreams[0]"},
		{"gateway: {upstreams: {name: a}}", "gateway.upstreams"},
		{"gateway: {models: [{}]}", "gateway.models[0].name"},
		{"gateway: {models: [{name: a}, {name: a}]}", "gateway.models[1].name"},
		{"gateway: {models: [{name: a, upstream: x}]}", "gateway.models[0].upstream"},
		{"gateway: {upstreams: [{name: a, url: 'https://a'}, {name: b, url: 'https://b'}], models: [{name: m}]}", "gateway.models[0].upstream"},
		{"gateway: {models: [{name: a, label: secretish}]}", "gateway.models[0].label"},
		{"gateway: {routes: [{path: v1}]}", "gateway.routes[0].path"},
		{"gateway: {routes: [{path: /v1/../x}]}", "gateway.routes[0].path"},
		{"gateway: {routes: [{path: /a}, {path: /a}]}", "gateway.routes[1].path"},
		{"gateway: {routes: [{path: /a, custody: none}]}", "gateway.routes[0].custody"},
		{"custody: {fail: open}", "custody.fail"},
		{"custody: {checkpoint: 2m}", "custody.checkpoint"},
		{"custody: {segment: 1KiB}", "custody.segment"},
		{"custody: {queue: 1.5}", "custody.queue"},
		{"custody: {queue: 99999999999}", "custody.queue"},
		{"keys: {root: 0xdeadbeef}", "keys.root"},
		{"keys: {root: deadbeef}", "keys.root"},
	} {
		_, err := config.Parse("", []byte(tt.text))
		var problems *config.Problems
		if !errors.As(err, &problems) {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if len(problems.List) != 1 || problems.List[0].Path != tt.path || problems.List[0].Line != 1 && problems.List[0].Message == "" {
			t.Errorf("%s: want one problem with %s, got %v", tt.text, tt.path, err)
		}
	}
}

func TestValidateAccepts(t *testing.T) {
	for _, text := range []string{
		"", "# nothing\n", "---\n", "gateway:\n", "gateway: {}\ncustody:\nguard:\n",
		"gateway: {listen: '0.0.0.0:1', insecure: true}",
		"gateway: {listen: '0.0.0.0:1', tls: {mode: local}}",
		"gateway: {listen: '0.0.0.0:1', tls: {mode: files, cert: a, key: b}}",
		"gateway: {listen: '[::1]:1', admin_listen: 'localhost:2'}",
		"gateway: {listen: '127.0.0.1:0', admin_listen: '127.0.0.1:0'}",
		"gateway: {upstreams: [{name: a, url: 'https://a/base/'}], models: [{name: m}]}",
		"gateway: {max_body: 1048576}",
	} {
		if _, err := config.Parse("", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What no person writes is refused before the YAML library's time grows with it.
func TestHugeStructures(t *testing.T) {
	for name, text := range map[string]string{
		"lists in lists":  strings.Repeat("[", 200_000),
		"maps in maps":    strings.Repeat("{a: ", 60_000),
		"entries":         strings.Repeat("- ", 120_000),
		"empty entries":   strings.Repeat("-\n", 120_000),
		"keys":            strings.Repeat("a: 1\n", 50_000),
		"question marks":  strings.Repeat("? ", 120_000),
		"anchors":         strings.Repeat("&a ", 80_000),
		"a list in a row": "[" + strings.Repeat("a,", 100_000) + "]",
	} {
		if _, err := config.Parse("", []byte(text)); err == nil || !strings.Contains(err.Error(), "more than 10000 keys") {
			t.Errorf("%s: %.200v", name, err)
		}
	}
	_, err := config.Parse("", []byte(strings.Repeat("a: 1\n", 500)))
	var problems *config.Problems
	if !errors.As(err, &problems) || len(problems.List) != 100 {
		t.Errorf("500 unknown keys give %.200v", err)
	}
}

// Whatever is in the file: no crash, no endless work, and a configuration that is accepted is valid and can be shown.
func FuzzParse(f *testing.F) {
	f.Add("gateway: {listen: '127.0.0.1:1'}")
	f.Add("a: &x [*x, *x]\n<<: *x\n? {b}\n: c\n!!binary x: |\n  y\n")
	f.Add("gateway:\n  upstreams:\n    - {name: a, url: http://a, api_key: file:x}\n\t- broken")
	f.Add("[[[[[[[[{{{{{{{{")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("f.yaml", []byte(text))
		if err != nil {
			if err.Error() == "" {
				t.Error("an empty message")
			}
			return
		}
		shown, err := config.Show(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse("", shown); err != nil {
			t.Errorf("what Show writes is refused: %v\n%s", err, shown)
		}
	})
}
