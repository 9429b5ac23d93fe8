package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span such as 30s, 1m30s or 7d; a day has 24 hours.
type Duration time.Duration

const day = 24 * time.Hour

// String writes the shortest spelling that UnmarshalText reads.
func (d Duration) String() string {
	if d != 0 && time.Duration(d)%day == 0 {
		return strconv.FormatInt(int64(time.Duration(d)/day), 10) + "d"
	}
	s := time.Duration(d).String() // "1h0m0s"
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	s := string(b)
	if days, found := strings.CutSuffix(s, "d"); found {
		n, err := strconv.ParseInt(days, 10, 64)
		if err != nil || n < 0 || n > int64((1<<63-1)/day) {
			return errDuration
		}
		*d = Duration(n) * Duration(day)
		return nil
	}
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 {
		return errDuration
	}
	*d = Duration(t)
	return nil
}

var errDuration = errors.New("want a time such as 500ms, 30s, 5m, 2h or 7d")

// Size is a number of bytes such as 64KiB, 32MiB or 1GiB.
type Size int64

var units = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

// String writes the size in the largest unit in which it is a whole number.
func (s Size) String() string {
	for _, u := range units {
		if s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler. A bare number counts bytes.
func (s *Size) UnmarshalText(b []byte) error {
	text, unit := string(b), Size(1)
	for _, u := range units {
		if rest, found := strings.CutSuffix(text, u.name); found {
			text, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 || Size(n) > (1<<63-1)/unit {
		return errors.New("want a size such as 512KiB, 32MiB or 1GiB")
	}
	*s = Size(n) * unit
	return nil
}

// Share is a part of all such as 1%, 0.05% or 100%, in millionths.
type Share int64

const whole = 1_000_000

// String writes the shortest spelling that UnmarshalText reads.
func (s Share) String() string {
	return strconv.FormatFloat(float64(s)/whole*100, 'f', -1, 64) + "%"
}

// MarshalText implements encoding.TextMarshaler.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Share) UnmarshalText(b []byte) error {
	text, percent := strings.CutSuffix(string(b), "%")
	before, after, _ := strings.Cut(text, ".")
	v, err := strconv.ParseUint(before+(after + "0000")[:max(4, len(after))], 10, 32)
	if !percent || err != nil || len(after) > 4 || v > whole || before == "" || text[len(text)-1] == '.' {
		return errors.New("want a share from 0% to 100% with up to four decimals, such as 1% or 0.05%")
	}
	*s = Share(v)
	return nil
}

// Secret says where a secret is: file:PATH or env:NAME. The secret itself never stands in the configuration, so a
// Secret may be shown. The zero value is "none".
type Secret string

// UnmarshalText implements encoding.TextUnmarshaler. Its error never repeats the text, which may be a secret.
func (s *Secret) UnmarshalText(b []byte) error {
	text := string(b)
	kind, rest, _ := strings.Cut(text, ":")
	if text != "" && (rest == "" || kind != "file" && kind != "env" || strings.ContainsAny(rest, "\x00\r\n")) {
		return errors.New("a secret is not written here; say where it is: file:PATH or env:NAME")
	}
	*s = Secret(text)
	return nil
}

// maxSecret bounds what is read: a path that leads to something endless must not fill the memory.
const maxSecret = 64 << 10

// Secret reads a secret. Paths count from the configuration's folder; one line break at the end of a file is not part
// of the secret. No secret (the zero value) is "", a file or variable that is missing or empty is an error.
func (c *Config) Secret(s Secret) (string, error) {
	kind, where, _ := strings.Cut(string(s), ":")
	var value string
	switch kind {
	case "":
		return "", nil
	case "env":
		value = os.Getenv(where)
	case "file":
		var err error
		if value, err = readSecret(c.Path(where)); err != nil {
			return "", fmt.Errorf("read secret: %w", err)
		}
	default:
		return "", errors.New("a secret is given as file:PATH or env:NAME")
	}
	if value == "" {
		return "", fmt.Errorf("secret %s is empty", s)
	}
	return value, nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(b) > maxSecret {
		return "", fmt.Errorf("%s has more than %d bytes", path, maxSecret)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}

// Path makes a path of the configuration absolute: relative ones count from the folder of the file, and without a file
// from the working directory. The empty path stays empty.
func (c *Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

// RootKey says which root key protects all others; docs/keys.md has the kinds.
type RootKey string

// rootKinds are the kinds of root keys, with whether something must stand behind the colon and whether that is a path.
var rootKinds = map[string]struct{ needs, path bool }{
	"file": {true, true}, "env": {true, false}, "credential": {true, false}, "passphrase-file": {true, true},
	"tpm": {}, "vault": {true, false}, "exec": {true, true},
}

// UnmarshalText implements encoding.TextUnmarshaler. Its error never repeats the text, which may be a key.
func (k *RootKey) UnmarshalText(b []byte) error {
	kind, rest, _ := strings.Cut(string(b), ":")
	known, ok := rootKinds[kind]
	if len(b) > 0 && (!ok || known.needs && rest == "" || strings.ContainsAny(rest, "\x00\r\n")) {
		return errors.New("a key is not written here; say where it is: file:PATH, env:NAME, credential:NAME, passphrase-file:PATH, tpm:, vault:URL/KEY or exec:PATH")
	}
	*k = RootKey(b)
	return nil
}

// RootKey is the specification of the root key with an absolute path, for the room that opens it.
func (c *Config) RootKey() string {
	kind, rest, _ := strings.Cut(string(c.Keys.Root), ":")
	if rootKinds[kind].path {
		return kind + ":" + c.Path(rest)
	}
	return string(c.Keys.Root)
}
